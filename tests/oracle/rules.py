"""The default policy, typed from the contract: points, caps, windows and conditions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import NamedTuple

DAY = 86_400_000
LATENESS = DAY
PANE_DAYS = 180
PURCHASE_DAYS = 400
OFFER_MEMORY = 30 * DAY
ANSWER_WITHIN = 7 * DAY
OPEN_OFFERS = 64
SAME_VERB_CAP = 3
PANE_CAP = 8
NEVER = -(1 << 60)

STAGES = ("none", "attention", "attraction", "affinity", "audience")
MEMBER_VERBS = ("follow", "subscribe", "join")
OBJECTING_VERBS = ("dislike", "complain", "report")

# verb: points for attention, attraction, affinity
POINTS: dict[str, tuple[int, int, int]] = {
    "impression": (1, 0, 0),
    "view": (2, 1, 0),
    "track": (2, 1, 0),
    "click": (3, 1, 2),
    "like": (3, 2, 1),
    "vote": (3, 2, 1),
    "follow": (5, 3, 2),
    "subscribe": (5, 3, 2),
    "join": (5, 3, 2),
    "mention": (4, 3, 3),
    "reply": (4, 3, 4),
    "message": (4, 3, 4),
    "quote": (4, 3, 4),
    "post": (4, 3, 4),
    "attend": (5, 4, 3),
    "review": (5, 4, 5),
    "share": (4, 3, 5),
    "endorse": (5, 4, 8),
    "contribute": (5, 4, 8),
    "purchase": (5, 4, 8),
    "lead": (5, 4, 2),
    "dislike": (2, 0, 0),
    "complain": (2, 0, 0),
    "report": (2, 0, 0),
    "block": (0, 0, 0),
    "reinforced": (2, 2, 2),
}


class Condition(NamedTuple):
    """`measure` over `days` days (members: now) is at least, or at most, `limit`."""

    measure: str
    days: int
    sign: str
    limit: int


# A rule is met when all conditions of any one of its alternatives are.
Rule = Sequence[Sequence[Condition]]

# stage: the rules to enter and to hold
POLICY: dict[str, tuple[Rule, Rule]] = {
    "attention": (
        [[Condition("attention", 30, ">=", 3)]],
        [[Condition("attention", 180, ">=", 1)], [Condition("members", 0, ">=", 1)]],
    ),
    "attraction": (
        [[Condition("attraction", 120, ">=", 6), Condition("active_days", 120, ">=", 3)]],
        [[Condition("attraction", 120, ">=", 3)]],
    ),
    "affinity": (
        [[Condition("affinity", 90, ">=", 16), Condition("objections", 30, "<=", 1)]],
        [[Condition("affinity", 90, ">=", 6), Condition("objections", 30, "<=", 4)]],
    ),
    "audience": (
        [[Condition("members", 0, ">=", 1)]],
        [[Condition("members", 0, ">=", 1)]],
    ),
}


def day(ms: int) -> int:
    """The UTC day that a moment is in."""
    return ms // DAY


@cache
def points_of(verb: str, kind: str) -> tuple[int, int, int]:
    """Points of one act: attention, attraction, affinity."""
    attention, attraction, affinity = POINTS[verb]
    return {
        "plain": (attention, attraction, affinity),
        "incentivised": (attention, attraction, 0),
        "negative": (attention, 0, 0),
        "automated": (0, 0, 0),
    }[kind]


class Pane(NamedTuple):
    """What one day comes to."""

    attention: int
    attraction: int
    affinity: int
    active_days: int
    objections: int


def pane_of(counts: Mapping[tuple[str, str], int]) -> Pane:
    """Points and objections of one day's counts per (verb, kind)."""
    totals = [0, 0, 0]
    objections = 0
    for (verb, kind), count in counts.items():
        capped = min(count, SAME_VERB_CAP)
        for measure, points in enumerate(points_of(verb, kind)):
            totals[measure] += capped * points
        if kind == "negative" or (verb in OBJECTING_VERBS and kind != "automated"):
            objections += capped
    attention, attraction, affinity = (min(total, PANE_CAP) for total in totals)
    return Pane(attention, attraction, affinity, int(attraction > 0), objections)
