"""The rows of the method reports, and what of an advance is still to be decided.

All sums are whole numbers: credits in millionths, money in minor units of the reporting currency.
Nothing here is compiled: MessagePack reads and writes these types itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

RUNGS: Final = 4
"""Stages that an advance can reach: attention, attraction, affinity, audience."""

RowKey = tuple[str, str, int]
"""Brand, method, UTC day."""


def _no_credit() -> list[int]:
    return [0] * RUNGS


class Row(msgspec.Struct, gc=False, array_like=True):
    """What a method did on one day. Lists are by stage, attention first, in millionths.

    `*_known` counts the known amounts behind a sum, `*_incomplete` those that had no rate.
    `overall` is the sum of quality times credit (both in millionths) over `overall_credit`.
    """

    touches: int = 0
    cost: int = 0
    cost_known: int = 0
    cost_incomplete: int = 0
    value: int = 0
    value_known: int = 0
    value_incomplete: int = 0
    won: list[int] = msgspec.field(default_factory=_no_credit)
    regained: list[int] = msgspec.field(default_factory=_no_credit)
    overall: int = 0
    overall_credit: int = 0
    decided: list[int] = msgspec.field(default_factory=_no_credit)
    survived: list[int] = msgspec.field(default_factory=_no_credit)

    def add(self, other: Row) -> None:
        """Add all sums of another row."""
        self.touches += other.touches
        self.add_cost(other.cost, other.cost_known, other.cost_incomplete)
        self.add_value(other.value, other.value_known, other.value_incomplete)
        self.overall += other.overall
        self.overall_credit += other.overall_credit
        for mine, theirs in (
            (self.won, other.won),
            (self.regained, other.regained),
            (self.decided, other.decided),
            (self.survived, other.survived),
        ):
            for rung, part in enumerate(theirs):
                mine[rung] += part

    def add_cost(self, minor: int, known: int, incomplete: int) -> None:
        """Add money that was spent; all negative to take it back."""
        self.cost += minor
        self.cost_known += known
        self.cost_incomplete += incomplete

    def add_value(self, minor: int, known: int, incomplete: int) -> None:
        """Add money that was received; all negative to take it back."""
        self.value += minor
        self.value_known += known
        self.value_incomplete += incomplete


class Booked(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Where a touch was counted: an undo takes it back from there."""

    method: str
    day: int


class Undecided(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """An advance of which it is to be seen whether it lasts until `day` begins.

    It reached the stages `first` to `last`.
    """

    day: int
    first: int
    last: int
    credits: Mapping[str, int]


class GonePath(msgspec.Struct, frozen=True, gc=False):
    """The methods that touched a relationship, in order, until it advanced from `first` - 1.

    `last` is the stage that it came to; 0: it has not advanced yet.
    """

    methods: tuple[str, ...]
    first: int
    last: int

    def won(self, rung: int) -> bool:
        """Whether the advance passed this stage."""
        return self.first <= rung <= self.last
