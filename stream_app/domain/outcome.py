"""What comes of a record: refused elsewhere, repeated, or an effect and perhaps transitions."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum

from mypy_extensions import mypyc_attr

from stream_app.domain.evidence import Evidence
from stream_app.domain.transitions import Cause, MoveReason, Quality, Stage


class Seen(IntEnum):
    """A record that is neither refused nor applied."""

    DUPLICATE = 1


class Effect(IntEnum):
    """What an accepted record did to its relationship, for the counters."""

    APPLIED = 0
    NOTHING_TO_UNDO = 1
    EARLY_UNDO = 2
    """An undo before its act: remembered."""
    UNDONE_BEFORE = 3
    """An act whose undo came first: without effect."""


@mypyc_attr(acyclic=True)
class Transition:
    """A relationship went from one stage to another at `at_ms` (event time).

    `won`: for each rung that an advance passes, whether it was the first time in this epoch.
    """

    def __init__(
        self,
        brand: str,
        person: str,
        epoch: int,
        sequence: int,
        from_stage: Stage,
        to_stage: Stage,
        at_ms: int,
        reason: MoveReason,
        cause: Cause | None,
        evidence: Evidence,
        quality: Quality,
        credits: Mapping[str, int] | None,
        won: tuple[bool, ...],
        policy: str,
    ) -> None:
        self.brand = brand
        self.person = person
        self.epoch = epoch
        self.sequence = sequence
        self.from_stage = from_stage
        self.to_stage = to_stage
        self.at_ms = at_ms
        self.reason = reason
        self.cause = cause
        self.evidence = evidence
        self.quality = quality
        self.credits = credits
        self.won = won
        self.policy = policy


@mypyc_attr(acyclic=True)
class Step:
    """What came of one record."""

    def __init__(
        self,
        effect: Effect,
        moves: tuple[Transition, ...] = (),
    ) -> None:
        self.effect = effect
        self.moves = moves
