"""What a state remembers of single acts. These are stored as they are, field by field.

Nothing here is compiled: MessagePack reads and writes these types itself.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from stream_app.domain.money import Money, Rates
from stream_app.domain.rows import Booked
from stream_app.domain.verbs import Kind


class Offer(msgspec.Struct, frozen=True, gc=False, order=True, array_like=True):
    """An offer that nobody answered yet, ordered by event time, then by place in the log."""

    at_ms: int
    number: int
    key: str


class EarlyUndo(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """An undo that came before its act."""

    key: str
    verb: str
    inbound: bool
    refund: Money | None
    at_ms: int


class Purchase(msgspec.Struct, gc=False, array_like=True):
    """A purchase with something left to refund.

    `left` is None if no value was given, `worth` (the same in the reporting currency, converted at
    `rate`) also if its currency has no rate. `refunded`: some of it was paid back. `shares` are the
    methods that its worth went to, in minor units, under `row_day`; None if it has no value.
    """

    key: str
    platform: str
    object: str | None
    at_ms: int
    number: int
    kind: Kind
    topics: tuple[str, ...]
    left: Decimal | None
    currency: str | None
    rate: Decimal | None
    worth: Decimal | None
    refunded: bool = False
    booked: Booked | None = None
    row_day: int | None = None
    shares: dict[str, int] | None = None

    def refund(self, money: Money | None, rates: Rates) -> bool:
        """Take `money` back, or all if it says no comparable amount. True if nothing is left."""
        self.refunded = True
        if money is None or self.left is None or money.currency != self.currency:
            return self._refund_all()
        if money.amount >= self.left:
            return self._refund_all()
        self.left -= money.amount
        if self.worth is not None and self.rate is not None:
            self.worth = max(self.worth - rates.times(money.amount, self.rate), Decimal(0))
        return False

    def _refund_all(self) -> bool:
        if self.worth is not None:
            self.worth = Decimal(0)
        return True


class Register(msgspec.Struct, gc=False, array_like=True):
    """On or off since `at_ms`. `holder` is the id of the act that holds it on."""

    at_ms: int
    holder: str | None

    @property
    def on(self) -> bool:
        """Whether the register is on."""
        return self.holder is not None
