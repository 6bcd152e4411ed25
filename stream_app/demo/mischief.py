"""From acts to records as publishers really send them: late, twice, wrongly keyed, broken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import Final, NamedTuple

import orjson

from stream_app.contracts.interaction import MAX_BYTES
from stream_app.contracts.times import format_time
from stream_app.demo.community import BRAND, Act, late_by
from stream_app.domain.clock import DAY_MS, HOUR_MS, MINUTE_MS
from stream_app.domain.keys import relationship_key
from stream_app.domain.rejects import Reason

LATE: Final = 0.01
TWICE: Final = 0.01
MISFILED: Final = 0.002
MOST_BAD: Final = 4
BROKEN: Final = (
    *(Reason.NOT_JSON, Reason.EMPTY, Reason.WRONG_SHAPE, Reason.TOO_LARGE, Reason.UNKNOWN_VERB),
    *(Reason.BAD_BRAND, Reason.BAD_PERSON, Reason.BAD_TIME, Reason.FROM_THE_FUTURE),
    Reason.TOO_OLD,
)
"""Every reason that a record of the log can be refused for, but for faults of our own."""
_MS_PLATFORMS: Final = ("twitter", "facebook")


class Sent(NamedTuple):
    """A record for `social.interactions`, and the time of the history at which it is sent."""

    send_ms: int
    key: bytes
    value: bytes | None
    astray: bool = False
    """To be put into another partition than its key's."""
    bad: Reason | None = None
    """Why it will be refused."""


def record(act: Act) -> Sent:
    """The record of an act, sent when it happens."""
    at = act.at_ms if act.fields["platform"] in _MS_PLATFORMS else format_time(act.at_ms)
    said = {**act.fields, "brand": BRAND, "person": act.person, "occurred_at": at}
    return Sent(act.at_ms, relationship_key(BRAND, act.person).encode(), orjson.dumps(said))


def records(acts: Sequence[Act], seed: int) -> list[Sent]:
    """All records of a history, mischief included, in the order in which they are sent."""
    dice = Random(f"rapport {seed} mischief")
    end_ms = acts[-1].at_ms
    sent: list[Sent] = []
    for act in acts:
        sent.extend(_sendings(record(act), act, dice, end_ms))
    sent.extend(_bad_ones(acts, dice))
    sent.sort(key=lambda one: one.send_ms)
    return sent


def _sendings(one: Sent, act: Act, dice: Random, end_ms: int) -> Iterator[Sent]:
    chance = dice.random()
    if chance < LATE:
        yield one._replace(send_ms=min(end_ms, one.send_ms + late_by(dice)))
        return
    if chance < LATE + MISFILED:
        astray = dice.random() < 0.5
        yield one._replace(astray=True) if astray else one._replace(key=act.person.encode())
        return
    yield one
    if chance < LATE + MISFILED + TWICE:
        yield one._replace(send_ms=min(end_ms, one.send_ms + dice.randrange(HOUR_MS)))


def _bad_ones(acts: Sequence[Act], dice: Random) -> Iterator[Sent]:
    """A few records of each reason to be refused, among the good ones."""
    for reason in BROKEN:
        for turn in range(dice.randint(1, MOST_BAD)):
            # Not at the very beginning: nothing is too old for a partition without a past.
            act = acts[dice.randrange(len(acts) // 10, len(acts))]
            good = record(act)._replace(send_ms=act.at_ms + MINUTE_MS)
            yield good._replace(value=_broken(act, f"bad-{turn}")[reason], bad=reason)


def _broken(act: Act, act_id: str) -> dict[Reason, bytes | None]:
    said = {**act.fields, "brand": BRAND, "person": act.person, "id": act_id}
    said["occurred_at"] = act.at_ms

    def changed(**fields: object) -> bytes:
        return orjson.dumps(said | fields)

    return {
        Reason.NOT_JSON: changed()[:-9],
        Reason.EMPTY: None,
        Reason.WRONG_SHAPE: changed(platform=7),
        Reason.TOO_LARGE: changed(text="x" * MAX_BYTES),
        Reason.UNKNOWN_VERB: changed(verb="smile"),
        Reason.BAD_BRAND: changed(brand="Harbour Tea"),
        Reason.BAD_PERSON: changed(person=""),
        Reason.BAD_TIME: changed(occurred_at="yesterday"),
        Reason.FROM_THE_FUTURE: changed(occurred_at=act.at_ms + 400 * DAY_MS),
        Reason.TOO_OLD: changed(occurred_at=act.at_ms - 300 * DAY_MS),
    }
