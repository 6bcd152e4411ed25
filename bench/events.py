"""Seeded input. The same draws make the events of the peers' small job and interaction/v1 lines.

Every peer counts 397,318 transitions in 1,000,000 events of many keys.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Literal, NamedTuple

import orjson

Keys = Literal["many", "hot"]
KEYS: tuple[Keys, ...] = ("many", "hot")
ABOUT_KEYS = {"many": 304_000, "hot": 3_700}
"""Different keys among a million events."""

START_MS = 1_703_600_000_000
"""Of the first event: long past, so that no machine's clock calls it the future."""
EVENT_MS = 500
LATEST_MS = 30_000
"""Events come up to so much out of order."""

_SEED = 7
_BRANDS = 20
_VERBS = (
    ["impression"] * 40
    + ["view"] * 25
    + ["click"] * 12
    + ["like"] * 9
    + ["comment"] * 4
    + ["reply"] * 4
    + ["share"] * 3
    + ["follow", "purchase", "unfollow"]
)

Row = tuple[bytes, bytes]
"""Key and value of a record."""


class _Draw(NamedTuple):
    number: int
    at_ms: int
    brand: int
    person: int
    verb: str
    method: int
    topics: tuple[int, int]
    content: int


def _draws(count: int, keys: Keys, event_ms: int) -> Iterator[_Draw]:
    dice = random.Random(_SEED)
    integer, uniform = dice.randint, dice.random
    for number in range(count):
        if keys == "hot":
            person = int(dice.paretovariate(0.8)) % 100_000
        else:
            person = int(uniform() ** 3 * 400_000)
        yield _Draw(
            number,
            START_MS + number * event_ms + integer(-LATEST_MS, 0),
            person % _BRANDS,
            person,
            dice.choice(_VERBS),
            integer(0, 30),
            (integer(0, 20), integer(0, 20)),
            integer(0, 5000),
        )


def stage_events(count: int, keys: Keys, event_ms: int = EVENT_MS) -> Iterator[Row]:
    """Events of the small stage job, about 260 bytes each, one in `event_ms`."""
    for draw in _draws(count, keys, event_ms):
        event = {
            "event_id": f"e{draw.number:09d}",
            "occurred_at": draw.at_ms,
            "platform": "twitter",
            "brand": f"brand-{draw.brand}",
            "person": f"person-{draw.person}",
            "interaction": draw.verb,
            "method": f"campaign-{draw.method}",
            "direction": "inbound",
            "topics": [f"t{topic}" for topic in draw.topics],
            "content_id": f"c{draw.content}",
        }
        yield f"brand-{draw.brand}|person-{draw.person}".encode(), orjson.dumps(event)


def interactions(count: int, keys: Keys, event_ms: int = EVENT_MS) -> Iterator[Row]:
    """The same people's acts as interaction/v1; every other time is written as RFC 3339."""
    for draw in _draws(count, keys, event_ms):
        yield _interaction(draw)


def _interaction(draw: _Draw) -> Row:
    verb, op = draw.verb, "create"
    if verb == "unfollow":
        verb, op = "follow", "undo"
    elif verb == "comment":
        verb = "mention"
    act: dict[str, object] = {
        "id": f"e{draw.number:09d}",
        "brand": f"brand-{draw.brand}",
        "person": f"person-{draw.person}",
        "platform": "twitter",
        "verb": verb,
        "direction": "inbound",
        "op": op,
        "occurred_at": _rfc3339(draw.at_ms) if draw.number % 2 else draw.at_ms,
        "object": f"brand-{draw.brand}" if verb == "follow" else f"c{draw.content}",
        "method": f"campaign-{draw.method}",
        "topics": sorted({f"t{topic}" for topic in draw.topics}),
    }
    if verb == "purchase":
        act["value"] = {"amount": f"{draw.content / 100:.2f}", "currency": "EUR"}
    return f"brand-{draw.brand}/person-{draw.person}".encode(), orjson.dumps(act)


def _rfc3339(at_ms: int) -> str:
    at = datetime.fromtimestamp(at_ms // 1000, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at_ms % 1000:03d}Z"


def relationships(count: int) -> Iterator[Row]:
    """At least one act for each of `count` relationships; every fifth gets another one.

    Within half an hour, whatever the count: the size of the state is the point, not its age.
    """
    for number in range(count):
        yield _act(number, number, START_MS + number * 900_000 // count)
        if number % 5 == 0:
            yield _act(number // 2, count + number, START_MS + number * 900_000 // count)


def lapsing(count: int, at_ms: int) -> Iterator[Row]:
    """One act for each of `count` relationships, of the same day, that is enough for attention."""
    for number in range(count):
        yield _act(number, number, at_ms + number * 3_600_000 // count, name="silent", verb="reply")


def _act(
    person: int, number: int, at_ms: int, *, name: str = "person", verb: str | None = None
) -> Row:
    if verb is None:
        verb = _VERBS[number * 37 % (len(_VERBS) - 3)].replace("comment", "mention")
    brand, who = f"brand-{person % _BRANDS}", f"{name}-{person}"
    value = (
        f'{{"id":"{name[0]}{number:09d}","brand":"{brand}","person":"{who}",'
        f'"platform":"twitter","verb":"{verb}","occurred_at":{at_ms},'
        f'"object":"c{number % 5000}","method":"campaign-{number % 31}"}}'
    )
    return f"{brand}/{who}".encode(), value.encode()
