"""How good a relationship is: trust, sincerity, common values, value exchanged, overall.

Each is 0..1, or None while nothing is known. All sums decay with a half-life of 90 days.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import pairwise
from typing import Final

from stream_app.domain.brand_policy import PANE_LIFE_DAYS
from stream_app.domain.clock import DAY_MS
from stream_app.domain.decay import amount, weight, worth_at
from stream_app.domain.standing import Registers
from stream_app.domain.state import Relationship
from stream_app.domain.transitions import Quality
from stream_app.domain.worth import (
    BAD,
    BLOCK_WEIGHT,
    CONVERSATION,
    EFFORT,
    ENDED_MEMBERSHIP_WEIGHT,
    GIVEN,
    GOOD,
    OUTBOUND,
    REAL,
    RECEIVED,
    common_values,
    rounded,
)

UNKNOWN_COUNTS: Final = 0.5
LEAST: Final = 0.05
RHYTHM_ACTS: Final = 64
RHYTHM_LEAST: Final = 20
CLOCKWORK: Final = -0.8


def quality(rel: Relationship, at_ms: int, topics: tuple[str, ...]) -> Quality:
    """The quality of a relationship at `at_ms`; `topics` are those that its brand declares."""
    first = trust(rel, at_ms)
    second = sincerity(rel, at_ms)
    third = common_values(rel.worth.topics or {}, topics) if topics else None
    fourth = value_exchanged(rel, at_ms)
    if first is None:
        return Quality(None, _rounded(second), _rounded(third), _rounded(fourth), None)
    product = first * _counted(second) * _counted(third) * _counted(fourth)
    return Quality(
        rounded(first),
        _rounded(second),
        _rounded(third),
        _rounded(fourth),
        rounded(math.sqrt(math.sqrt(product))),
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else rounded(value)


def _counted(value: float | None) -> float:
    """How a part counts in the overall quality, their geometric mean."""
    return UNKNOWN_COUNTS if value is None else max(value, LEAST)


def trust(rel: Relationship, at_ms: int) -> float | None:
    """`(r + 1) / (r + s + 2)`: the Beta reputation (Josang and Ismail, 2002).

    r are good experiences, s bad ones; an ended membership and the person's block count as bad
    for as long as they last.
    """
    good_total, bad_total = rel.worth.sums[GOOD], rel.worth.sums[BAD]
    if rel.members.by_name and len(rel.members.by_name) > rel.members.on:
        ended = sum(weight(at) for at in _times(rel.members, on=False))
        bad_total += ended * amount(ENDED_MEMBERSHIP_WEIGHT)
    if rel.blocks.on:
        blocked = sum(weight(at) for at in _times(rel.blocks, on=True, prefix="person "))
        bad_total += blocked * amount(BLOCK_WEIGHT)
    if not good_total and not bad_total:
        return None
    good = worth_at(good_total, at_ms)
    return (good + 1) / (good + worth_at(bad_total, at_ms) + 2)


def _times(registers: Registers, *, on: bool, prefix: str = "") -> Iterable[int]:
    return (
        register.at_ms
        for name, register in (registers.by_name or {}).items()
        if register.on is on and name.startswith(prefix)
    )


def sincerity(rel: Relationship, at_ms: int) -> float | None:
    """Real effort over all effort, and the brand's share of conversation: their harmonic mean.

    If only one side is known, that one. A clockwork rhythm halves the person's side.
    """
    sums = rel.worth.sums
    person = brand = None
    if sums[EFFORT]:
        person = sums[REAL] / sums[EFFORT]
        if is_suspect(rel, at_ms):
            person /= 2
    if sums[OUTBOUND]:
        brand = sums[CONVERSATION] / sums[OUTBOUND]
    if person is None or brand is None:
        return brand if person is None else person
    return 0.0 if not person or not brand else 2 * person * brand / (person + brand)


def is_suspect(rel: Relationship, at_ms: int) -> bool:
    """Whether the person acts like a clock: burstiness `(sd - mean) / (sd + mean)` below -0.8.

    Of the gaps between the newest 64 remembered inbound acts that are not at an exact midnight,
    20 of them at least (Goh and Barabasi, 2008; population sd).
    """
    if len(rel.memory.acts) < RHYTHM_LEAST:
        return False
    times = _newest_times(rel, at_ms // DAY_MS - PANE_LIFE_DAYS)  # a walk forgets at its end
    if len(times) < RHYTHM_LEAST:
        return False
    times.sort()
    gaps = [later - earlier for earlier, later in pairwise(times[-RHYTHM_ACTS:])]
    mean = sum(gaps) / len(gaps)
    deviation = math.sqrt(sum((gap - mean) ** 2 for gap in gaps) / len(gaps))
    return mean + deviation > 0 and (deviation - mean) / (deviation + mean) < CLOCKWORK


def _newest_times(rel: Relationship, last_dead: int) -> list[int]:
    """Times of inbound acts in effect: of the newest panes that have 64 together, or of all."""
    times: list[int] = []
    panes = rel.windows.panes
    for day in sorted(panes, reverse=True):
        if day <= last_dead or len(times) >= RHYTHM_ACTS:
            break
        times.extend(
            act.at_ms
            for act in panes[day].acts
            if act.inbound and act.in_effect and act.at_ms % DAY_MS
        )
    return times


def value_exchanged(rel: Relationship, at_ms: int) -> float | None:
    """`2 min(g, r) / (g + r) * (1 - e^(-(g + r) / 10))`: balance times volume.

    None while either side has given nothing: a log of one side says nothing.
    """
    sums = rel.worth.sums
    if not sums[GIVEN] or not sums[RECEIVED]:
        return None
    given, received = worth_at(sums[GIVEN], at_ms), worth_at(sums[RECEIVED], at_ms)
    both = given + received
    return 2 * min(given, received) / both * -math.expm1(-both / 10) if both else 0.0
