"""The policy as values: points, caps, conditions and time rules, per brand.

A `Policy` is what the TOML file says (`stream_app.contracts.policy` reads it); `Rules` is the same
compiled for the hot path: points in a flat list, measures as numbered gauges.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Final, Literal, NamedTuple

import msgspec

from stream_app.domain.clock import DAY_MS
from stream_app.domain.credit import Model
from stream_app.domain.money import Rates
from stream_app.domain.verbs import (
    COUNTED_VERBS,
    OBJECTION_VERBS,
    Kind,
)
from stream_app.domain.worth import Parts, inbound_parts

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


class Rules:
    """A brand's policy compiled for the hot path. Immutable after construction.

    `asked`, by current stage: the condition of each. `rising`: slots under a condition of the form
    `<=`, which time alone can make true.
    `gains` and `first_gains`, by code: what an act adds to the gauges while no cap is in its way,
    on a day that has had attraction before, and on one that had none.
    """

    __slots__ = (
        "answer_ms",
        "asked",
        "attracts",
        "enter",
        "first_gains",
        "forget_offer_ms",
        "gains",
        "gauges",
        "hold",
        "model",
        "negative_below",
        "objects",
        "open_offers",
        "per_pane_cap",
        "per_verb_cap",
        "points",
        "rates",
        "reads_topic_fit",
        "rising",
        "topics",
        "version",
        "windows",
        "worth",
    )

    def __init__(self, brand: BrandPolicy, version: str) -> None:
        self.version = version
        self.per_verb_cap = brand.per_verb_cap
        self.per_pane_cap = brand.per_pane_cap
        self.negative_below = brand.negative_below
        self.answer_ms = brand.answer_ms
        self.open_offers = brand.open_offers
        self.forget_offer_ms = brand.forget_offer_ms
        self.topics = brand.topics
        self.rates = brand.rates
        self.model = brand.model
        self.worth = _worth_by_code(brand.points)
        self.points = _points_by_code(brand.points)
        self.objects = _objections_by_code()
        self.attracts = tuple(points[1] > 0 for points in self.points)
        gauges = _gauges(brand)
        self.gauges = tuple((slot, measure, days) for slot, (measure, days) in enumerate(gauges))
        self.gains = tuple(map(self._gains, self.points, self.objects))
        self.first_gains = tuple(
            self._gains(points, objects, active=True)
            for points, objects in zip(self.points, self.objects, strict=True)
        )
        self.windows = tuple(sorted({days for _, days in gauges}))
        slots = {gauge: slot for slot, gauge in enumerate(gauges)}
        self.enter = tuple(_compile(stage.enter, slots) for stage in brand.stages)
        self.hold = tuple(_compile(stage.hold, slots) for stage in brand.stages)
        self.asked = tuple(self._asked_at(stage) for stage in range(5))
        self.reads_topic_fit = any(
            slot == TOPIC_FIT
            for stage in (*self.enter, *self.hold)
            for clause in stage
            for slot, _, _, _ in clause
        )
        self.rising = tuple(
            slot
            for stage in (*self.enter, *self.hold)
            for clause in stage
            for slot, at_least, _, _ in clause
            if not at_least and slot >= 0
        )

    def _asked_at(self, current: int) -> tuple[CompiledRule, ...]:
        """What each stage asks of a relationship that is at `current`."""
        return tuple(
            self.hold[level] if level < current else self.enter[level] for level in range(4)
        )

    def _gains(self, points: Points, objects: bool, active: bool = False) -> Gains:
        """What an act of these points adds below the caps; `active`: it makes the day active."""
        by_measure = (*points, int(active and points[1] > 0), int(objects))  # WINDOWED_MEASURES
        return tuple(
            (slot, days, by_measure[measure])
            for slot, measure, days in self.gauges
            if by_measure[measure]
        )


class CompiledTerm(NamedTuple):
    """A term whose measure is a slot: of the gauges, or `MEMBERS` or `TOPIC_FIT`."""

    slot: int
    at_least: bool
    threshold: float
    term: Term


MEMBERS: Final = -2
TOPIC_FIT: Final = -1
"""Slots behind those of the gauges."""

CompiledRule = tuple[tuple[CompiledTerm, ...], ...]


def _points_by_code(points: Mapping[str, Points]) -> tuple[Points, ...]:
    """Points of each (verb, kind), at `verb code * KINDS + kind`."""
    table: list[Points] = []
    for verb in COUNTED_VERBS:
        attention, attraction, affinity = points[verb]
        by_kind = {
            Kind.PLAIN: (attention, attraction, affinity),
            Kind.AUTOMATED: (0, 0, 0),
            Kind.INCENTIVISED: (attention, attraction, 0),
            Kind.NEGATIVE: (attention, 0, 0),
        }
        table.extend(by_kind[kind] for kind in Kind)
    return tuple(table)


def _worth_by_code(points: Mapping[str, Points]) -> tuple[Parts, ...]:
    """What an inbound act of each (verb, kind) adds to the qualities."""
    return tuple(
        inbound_parts(verb, kind, points[verb][2]) for verb in COUNTED_VERBS for kind in Kind
    )


def _objections_by_code() -> tuple[bool, ...]:
    """Whether each (verb, kind) is an objection: negative, or said with an objecting verb."""
    return tuple(
        kind is Kind.NEGATIVE or (verb in OBJECTION_VERBS and kind is not Kind.AUTOMATED)
        for verb in COUNTED_VERBS
        for kind in Kind
    )


def _gauges(brand: BrandPolicy) -> tuple[tuple[int, int], ...]:
    """The distinct (measure, window in days) pairs that the conditions read."""
    found = {
        (WINDOWED_MEASURES.index(term.measure), term.days)
        for stage in brand.stages
        for clause in (*stage.enter, *stage.hold)
        for term in clause
        if term.days is not None
    }
    return tuple(sorted(found))


def _compile(rule: tuple[Clause, ...], slots: Mapping[tuple[int, int], int]) -> CompiledRule:
    return tuple(tuple(_compile_term(term, slots) for term in clause) for clause in rule)


def _compile_term(term: Term, slots: Mapping[tuple[int, int], int]) -> CompiledTerm:
    if term.measure == "members":
        slot = MEMBERS
    elif term.measure == "topic_fit":
        slot = TOPIC_FIT
    else:
        assert term.days is not None
        slot = slots[WINDOWED_MEASURES.index(term.measure), term.days]
    return CompiledTerm(slot, term.bound == "at_least", term.threshold, term)


class Policy(msgspec.Struct, frozen=True, dict=True):
    """The whole policy: one default, overrides per brand, and its version.

    `version` is a hash of all but `accounts`; `lateness_ms` is how far the watermark stays behind.
    """

    default: BrandPolicy
    version: str
    lateness_ms: int = DAY_MS
    brands: Mapping[str, BrandPolicy] = {}
    accounts: Accounts = Accounts()

    @cached_property
    def _compiled(self) -> dict[str, Rules]:
        return {name: Rules(brand, self.version) for name, brand in self.brands.items()}

    @cached_property
    def _default_rules(self) -> Rules:
        return Rules(self.default, self.version)

    def rules_for(self, brand: str) -> Rules:
        """The compiled rules of `brand`: its own, or the default ones."""
        return self._compiled.get(brand) or self._default_rules
