"""Exact money: decimals, dated rates, one rounding per record."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

import msgspec

from stream_app.domain.events import Money

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


class Rates(msgspec.Struct, frozen=True):
    """What currencies are worth in the reporting currency, from which UTC day on.

    `dated` maps a currency to its (day, rate) pairs, oldest first.
    """

    reporting: str = "EUR"
    dated: Mapping[str, tuple[tuple[int, Decimal], ...]] = {}
    hourly_rate: Decimal = Decimal(0)
    """What an hour of work costs, in the reporting currency."""

    @property
    def cent(self) -> Decimal:
        """The smallest unit of the reporting currency."""
        return Decimal(1).scaleb(-_MINOR_UNITS.get(self.reporting, 2))

    def rate(self, currency: str, day: int) -> Decimal | None:
        """The latest rate not after `day`; None if there is none."""
        if currency == self.reporting:
            return Decimal(1)
        dated = self.dated.get(currency, ())
        index = bisect_right(dated, day, key=lambda pair: pair[0])
        return dated[index - 1][1] if index else None

    def rounded(self, value: Decimal) -> Decimal:
        """An amount in whole units of the reporting currency, half to even."""
        return value.quantize(self.cent, ROUND_HALF_EVEN)

    def convert(self, money: Money, day: int) -> Decimal | None:
        """`money` in the reporting currency, rounded; None without a rate."""
        rate = self.rate(money.currency, day)
        return None if rate is None else self.rounded(money.amount * rate)

    def work(self, minutes: Decimal) -> Decimal:
        """What so many minutes of work cost, rounded."""
        return self.rounded(minutes * self.hourly_rate / 60)
