"""A policy of one brand compiled for the hot path: points by code, measures as numbered gauges."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from stream_app.domain.brand_policy import (
    WINDOWED_MEASURES,
    BrandPolicy,
    Clause,
    Gains,
    Points,
    Term,
)
from stream_app.domain.verbs import COUNTED_VERBS, OBJECTION_VERBS, Kind
from stream_app.domain.worth import Parts, inbound_parts


class Rules:
    """A brand's policy compiled for the hot path. Immutable after construction.

    `asked`, by current stage: the condition of each. `rising`: slots under a condition of the form
    `<=`, which time alone can make true.
    `edition` names the policy as one partition of the log has taken it, see `revision`.
    `gains` and `first_gains`, by code: what an act adds to the gauges while no cap is in its way,
    on a day that has had attraction before, and on one that had none.
    """

    __slots__ = (
        "answer_ms",
        "asked",
        "attracts",
        "edition",
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

    def __init__(self, brand: BrandPolicy, version: str, edition: str = "") -> None:
        self.version = version
        self.edition = edition or version
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


Number = int | float
"""A value of a measure. Only a topic fit is no whole number, and a whole one is written as such."""

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
