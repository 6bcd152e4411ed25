"""A change of stage, and the evidence it was decided on."""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

StageName = Literal["none", "attention", "attraction", "affinity", "audience"]


_STAGE_NAMES: tuple[StageName, ...] = ("none", "attention", "attraction", "affinity", "audience")


class Stage(IntEnum):
    """How far a relationship has come."""

    NONE = 0
    ATTENTION = 1
    ATTRACTION = 2
    AFFINITY = 3
    AUDIENCE = 4

    @property
    def label(self) -> StageName:
        """The stage's name on the wire."""
        return _STAGE_NAMES[self]


STAGES: tuple[Stage, ...] = tuple(Stage)
"""Every stage at its own number."""


class MoveReason(StrEnum):
    """What made a relationship change its stage."""

    EVIDENCE = "evidence"
    EXPIRY = "expiry"
    MEMBERSHIP = "membership"
    BLOCKED = "blocked"
    UNDO = "undo"
    POLICY = "policy"
    MERGE = "merge"


class Cause(msgspec.Struct, frozen=True, gc=False):
    """The act that a transition followed from."""

    id: str
    verb: str
    platform: str
    method: str | None


class Finding(msgspec.Struct, frozen=True, gc=False):
    """One term of a condition with its value and its threshold, as it stood at the decision.

    `bound` is `at_least` or `at_most`; `value` is null for a topic fit that is not known.
    """

    stage: StageName
    rule: Annotated[
        Literal["enter", "hold", "block"],
        Meta(description="enter: to reach the stage; hold: to stay; block: a block is on."),
    ]
    measure: str
    days: Annotated[int | None, Meta(description="The window in days, null if there is none.")]
    value: float | None
    bound: Literal["at_least", "at_most"]
    threshold: float
    met: bool


class Quality(msgspec.Struct, frozen=True, gc=False):
    """Each 0..1 with 6 digits, or None when nothing is known."""

    trust: float | None
    sincerity: float | None
    common_values: float | None
    value_exchanged: float | None
    overall: float | None
