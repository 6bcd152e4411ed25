"""The numbers of the policy that sections 8 and 9 of the contract need, and exact money."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from ..rules import DAY, day

HALF_LIFE_MS = 90 * DAY
TOUCH_HALF_LIFE_MS = 7 * DAY
MILLIONTHS = 1_000_000
MINOR_UNITS = {"EUR": 2, "USD": 2, "GBP": 2, "CHF": 2, "JPY": 0, "KWD": 3}

# The rate counts from the start (UTC) of its day: one unit is worth so many of the reporting one.
DatedRate = tuple[int, Decimal]  # (days since 1970, rate)


@dataclass(frozen=True)
class WorthPolicy:
    """All numbers that are a company's own choice. Money is in minor units of `reporting`."""

    reporting: str = "EUR"
    minor_units: Mapping[str, int] = field(default_factory=lambda: dict(MINOR_UNITS))
    rates: Mapping[str, Sequence[DatedRate]] = field(default_factory=dict)
    hourly_rate: Decimal | None = None
    model: str = "time_decay"
    topics: Mapping[str, Sequence[str]] = field(default_factory=dict)
    half_life_ms: int = HALF_LIFE_MS
    touch_half_life_ms: int = TOUCH_HALF_LIFE_MS

    def rate(self, currency: str, at: int) -> Fraction | None:
        """The latest rate that is not after the UTC day of `at`; None if there is none."""
        if currency == self.reporting:
            return Fraction(1)
        known = [(on, rate) for on, rate in self.rates.get(currency, ()) if on <= day(at)]
        return Fraction(max(known, key=lambda dated: dated[0])[1]) if known else None

    def rounded(self, money: Fraction) -> int:
        """Minor units, half-even, of a sum in the reporting currency."""
        unit: int = 10 ** self.minor_units[self.reporting]
        return round(money * unit)

    def written(self, minor: int) -> str:
        """The decimal string of so many minor units, with all of its digits."""
        digits = self.minor_units[self.reporting]
        return f"{Decimal(minor).scaleb(-digits):.{digits}f}"


DEFAULT = WorthPolicy()
