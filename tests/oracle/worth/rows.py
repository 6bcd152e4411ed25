"""The reports of a log, easy to look into."""

from __future__ import annotations

from decimal import Decimal
from typing import cast

from .ledger import Report
from .lines import DAY_0, at
from .policy import WorthPolicy
from .run import worth

POLICY = WorthPolicy(
    rates={"USD": [(DAY_0 + 5, Decimal("0.8")), (DAY_0, Decimal("0.905"))]},
    hourly_rate=Decimal(50),
    model="linear",
)


class Rows:
    """The reports of a log, by method, period and day (0 is day 0)."""

    def __init__(
        self,
        lines: list[bytes],
        costs: list[bytes] | None = None,
        policy: WorthPolicy = POLICY,
        until: float | None = None,
    ) -> None:
        until_ms = None if until is None else at(until)
        found = worth(lines, costs or [], policy=policy, until_ms=until_ms).reports
        self.all = {(row["method"], row["period"], row["day"]): row for row in found}
        assert len(self.all) == len(found)

    def day(self, method: str, day: str) -> Report:
        return self.all[method, "day", day]

    def trailing(self, method: str, day: str) -> Report:
        return self.all[method, "trailing_30_days", day]

    def column(self, name: str, method: str = "ads") -> dict[str, object]:
        """Of the daily rows of a method."""
        return {
            cast("str", day): row[name]
            for (whose, period, day), row in self.all.items()
            if (whose, period) == (method, "day")
        }
