"""Exact money: decimals, dated rates, one rounding per record."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from typing import Final

import msgspec

_MINOR_UNITS: Final = {
    code: digits
    for digits, codes in (
        (0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"),
        (3, "BHD IQD JOD KWD LYD OMR TND"),
        (4, "CLF UYW"),
    )
    for code in codes.split()
}
"""Digits after the point where they are not two (ISO 4217)."""


_EXACT: Final = Context(prec=120, rounding=ROUND_HALF_EVEN)
"""More digits than an amount times a rate can have."""


class Money(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """An exact amount, never negative, in a currency of ISO 4217."""

    amount: Decimal
    currency: str


class Rates(msgspec.Struct, frozen=True):
    """What currencies are worth in the reporting currency, from which UTC day on.

    `dated` maps a currency to its (day, rate) pairs, oldest first.
    """

    reporting: str = "EUR"
    dated: Mapping[str, tuple[tuple[int, Decimal], ...]] = {}
    hourly_rate: Decimal = Decimal(0)
    """What an hour of work costs, in the reporting currency."""

    @property
    def digits(self) -> int:
        """Digits after the point of the reporting currency."""
        return _MINOR_UNITS.get(self.reporting, 2)

    @property
    def cent(self) -> Decimal:
        """The smallest unit of the reporting currency."""
        return Decimal(1).scaleb(-self.digits)

    def minor(self, value: Decimal) -> int:
        """A rounded amount of the reporting currency in its smallest units."""
        return int(_EXACT.scaleb(value, self.digits))

    def written(self, minor: int) -> str:
        """So many smallest units as a decimal with all digits of the reporting currency."""
        sign, text = "-" if minor < 0 else "", f"{abs(minor):0{self.digits + 1}d}"
        if not self.digits:
            return sign + text
        return f"{sign}{text[: -self.digits]}.{text[-self.digits :]}"

    def rate(self, currency: str, day: int) -> Decimal | None:
        """The latest rate not after `day`; None if there is none."""
        if currency == self.reporting:
            return Decimal(1)
        dated = self.dated.get(currency, ())
        index = bisect_right(dated, day, key=lambda pair: pair[0])
        return dated[index - 1][1] if index else None

    def rounded(self, value: Decimal) -> Decimal:
        """An amount in whole units of the reporting currency, half to even."""
        return _EXACT.quantize(value, self.cent)

    def times(self, amount: Decimal, rate: Decimal) -> Decimal:
        """An amount at a rate, rounded."""
        return self.rounded(_EXACT.multiply(amount, rate))

    def convert(self, money: Money, day: int) -> Decimal | None:
        """`money` in the reporting currency, rounded; None without a rate."""
        rate = self.rate(money.currency, day)
        return None if rate is None else self.times(money.amount, rate)

    def spent(
        self, money: Money | None, minutes: Decimal | None, day: int
    ) -> tuple[int | None, bool]:
        """Smallest units of what has a rate (None: nothing has), and whether something has none.

        Rounded once, half to even. An hourly rate of 0 is none.
        """
        parts: list[Fraction] = []
        incomplete = False
        if money is not None:
            rate = self.rate(money.currency, day)
            if rate is None:
                incomplete = True
            else:
                parts.append(Fraction(money.amount) * Fraction(rate))
        if minutes is not None:
            if self.hourly_rate:
                parts.append(Fraction(minutes) * Fraction(self.hourly_rate) / 60)
            else:
                incomplete = True
        if not parts:
            return None, incomplete
        return round(sum(parts, Fraction(0)) * 10**self.digits), incomplete
