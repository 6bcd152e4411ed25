"""What a method cost: exact money, counted once, taken back exactly.

Costs change reports, never transitions. A cost's identity is (brand, id, op).
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import msgspec

from stream_app.domain.clock import DAY_MS
from stream_app.domain.ledger import OPEN_DAYS
from stream_app.domain.money import Money, Rates
from stream_app.domain.rows import Row


class Cost(msgspec.Struct, frozen=True, gc=False):
    """One record: what was spent on a method, or that a former record is taken back."""

    id: str
    brand: str
    method: str
    undo: bool
    at_ms: int
    undoes: str | None = None
    amount: Money | None = None
    minutes: Decimal | None = None
    person: str | None = None


class KnownCost(msgspec.Struct, gc=False, array_like=True):
    """What is remembered under a cost's id.

    `created` and `undo_seen`: a record of that op has come, whatever it says. `undone`: something
    took it back, perhaps before it came. `day` is its row's; `minor` what it added there.
    """

    created: bool = False
    undo_seen: bool = False
    undone: bool = False
    booked: bool = False
    method: str = ""
    day: int = 0
    minor: int | None = None
    incomplete: bool = False


class Booking(msgspec.Struct, frozen=True, gc=False):
    """A change of a row: `sign` 1 adds a cost, -1 takes it back."""

    method: str
    day: int
    minor: int | None
    incomplete: bool
    sign: int

    def into(self, row: Row) -> None:
        """Apply it."""
        known = 0 if self.minor is None else self.sign
        row.add_cost((self.minor or 0) * self.sign, known, self.incomplete * self.sign)


Find = Callable[[str], KnownCost]
"""What is remembered under an id of the brand, for a change of it; made if there is nothing."""


def book(cost: Cost, recorded_ms: int, rates: Rates, find: Find) -> Booking | None:
    """Count a record of this timestamp; None if it changes no row.

    What comes too late for its row goes to the oldest one that is open to its record.
    """
    known = find(cost.id)
    oldest = recorded_ms // DAY_MS - OPEN_DAYS
    if cost.undo:
        if known.undo_seen or cost.undoes is None:
            return None
        known.undo_seen = True
        return _take_back(find(cost.undoes), oldest)
    if known.created:
        return None
    known.created = True
    if known.undone:
        return None
    day = cost.at_ms // DAY_MS
    known.minor, known.incomplete = rates.spent(cost.amount, cost.minutes, day)
    known.booked, known.method, known.day = True, cost.method, max(day, oldest)
    return Booking(known.method, known.day, known.minor, known.incomplete, 1)


def _take_back(target: KnownCost, oldest: int) -> Booking | None:
    if target.undone:
        return None
    target.undone = True
    if not target.booked:
        return None
    day = max(target.day, oldest)
    return Booking(target.method, day, target.minor, target.incomplete, -1)
