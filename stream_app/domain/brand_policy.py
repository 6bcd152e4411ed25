"""What a policy declares for one brand: points, caps, conditions and time rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from stream_app.domain.credit import Model
from stream_app.domain.money import Rates

PANE_LIFE_DAYS: Final = 180
"""How long a pane, and what it remembers, lives. No window may be longer."""

WINDOWED_MEASURES: Final = ("attention", "attraction", "affinity", "active_days", "objections")
POINT_MEASURES: Final = WINDOWED_MEASURES[:3]

Points = tuple[int, int, int]
"""Attention, attraction and affinity points."""

Gains = tuple[tuple[int, int, int], ...]
"""(slot of a gauge, its window in days, what is added to it)."""


class Term(msgspec.Struct, frozen=True):
    """`measure [over days] >= threshold` (`at_least`) or `<=`."""

    measure: str
    days: int | None
    bound: Literal["at_least", "at_most"]
    threshold: float


Clause = tuple[Term, ...]
"""Holds if any of its terms does."""


class StagePolicy(msgspec.Struct, frozen=True):
    """What one stage asks for: all clauses of `enter` to reach it, all of `hold` to stay."""

    enter: tuple[Clause, ...]
    hold: tuple[Clause, ...]


class BrandPolicy(msgspec.Struct, frozen=True):
    """Everything that sections 3 to 6 of the contract leave to the policy, for one brand."""

    points: Mapping[str, Points]
    per_verb_cap: int
    per_pane_cap: int
    stages: tuple[StagePolicy, StagePolicy, StagePolicy, StagePolicy]
    negative_below: float
    answer_ms: int
    open_offers: int
    forget_offer_ms: int
    topics: tuple[str, ...] = ()
    rates: Rates = Rates()
    model: Model = "time_decay"


class Accounts(msgspec.Struct, frozen=True):
    """Which platform account is which brand. Not part of the policy's version."""

    derive: bool = True
    """An account that is not listed becomes the brand `<platform>-<id>`."""
    brands: Mapping[str, Mapping[str, str]] = {}
    """platform -> account id -> brand."""
    team: Mapping[str, tuple[str, ...]] = {}
    """brand (or `*`) -> the persons who are the company's own."""
