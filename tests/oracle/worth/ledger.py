"""Method reports: rows per brand, method and day, summed in the obvious way."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from ..rules import DAY, STAGES, day
from .policy import MILLIONTHS, WorthPolicy

OPEN_DAYS = 90
TRAILING_DAYS = 30
RUNGS = STAGES[1:]
Report = dict[str, object]


@dataclass
class Money:
    """A sum in minor units, of how many known amounts, and how many had no rate."""

    minor: int = 0
    known: int = 0
    incomplete: int = 0

    def add(self, minor: int, known: int) -> None:
        self.minor += minor
        self.known += known

    @property
    def sum(self) -> int | None:
        """None while nothing is known (or all that was is taken back)."""
        return self.minor if self.known > 0 or self.minor else None


@dataclass
class Row:
    """What one method did on one day. Credits are millionths; `overall` millionths squared."""

    people: set[str] = field(default_factory=set)
    touches: int = 0
    cost: Money = field(default_factory=Money)
    value: Money = field(default_factory=Money)
    won: Counter[str] = field(default_factory=Counter)
    regained: Counter[str] = field(default_factory=Counter)
    overall: int = 0
    overall_credit: int = 0
    decided: Counter[str] = field(default_factory=Counter)
    survived: Counter[str] = field(default_factory=Counter)


class Ledger:
    """All rows of all brands."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str, int], Row] = {}

    def row(self, brand: str, method: str, on: int) -> Row:
        return self.rows.setdefault((brand, method, on), Row())

    def open_day(self, at: int, recorded: int | None) -> int:
        """The row for what happened at `at`, by a record of that timestamp."""
        return self.later_day(day(at), recorded)

    def later_day(self, on: int, recorded: int | None) -> int:
        """`on`, or the oldest day that is still open by then."""
        return on if recorded is None else max(on, day(recorded) - OPEN_DAYS)

    def reports(self, policy: WorthPolicy) -> Iterator[Report]:
        """Every daily row, and the trailing 30 days of each day that has one in its window."""
        trailing: dict[tuple[str, str, int], list[Row]] = {}
        for key in sorted(self.rows):
            yield report(key, "day", [self.rows[key]], policy)
            brand, method, on = key
            for last in range(on, on + TRAILING_DAYS):
                trailing.setdefault((brand, method, last), []).append(self.rows[key])
        for key in sorted(trailing):
            yield report(key, "trailing_30_days", trailing[key], policy)


def report(key: tuple[str, str, int], period: str, rows: list[Row], policy: WorthPolicy) -> Report:
    """One row of the topic, without revision and ids."""
    cost = total(row.cost for row in rows)
    value = total(row.value for row in rows)
    won = added(row.won for row in rows)
    regained = added(row.regained for row in rows)
    decided = added(row.decided for row in rows)
    survived = added(row.survived for row in rows)
    credit = sum(row.overall_credit for row in rows)
    return {
        "brand": key[0],
        "method": key[1],
        "period": period,
        "day": iso(key[2]),
        "people": len(set().union(*(row.people for row in rows))),
        "touches": sum(row.touches for row in rows),
        "cost": None if cost is None else policy.written(cost),
        "cost_incomplete": any(row.cost.incomplete > 0 for row in rows),
        "value": None if value is None else policy.written(value),
        "value_incomplete": any(row.value.incomplete > 0 for row in rows),
        "advances": {k: {"won": won[k], "regained": regained[k]} for k in RUNGS},
        "cost_per_advance": {k: cost_per(cost, won[k] + regained[k], policy) for k in RUNGS},
        "quality": sum(row.overall for row in rows) / credit / MILLIONTHS if credit else None,
        "survival": {k: {"decided": decided[k], "survived": survived[k]} for k in RUNGS},
        "return": (value or 0) / cost if cost else None,
    }


def total(sums: Iterable[Money]) -> int | None:
    """Of what is known; None if nothing is."""
    known = [money.sum for money in sums if money.sum is not None]
    return sum(known) if known else None


def added(counts: Iterable[Mapping[str, int]]) -> Counter[str]:
    whole: Counter[str] = Counter()
    for count in counts:
        for name, number in count.items():
            whole[name] += number
    return whole


def cost_per(cost: int | None, credit: int, policy: WorthPolicy) -> str | None:
    """Of one whole advance, half-even; None below one."""
    if cost is None or credit < MILLIONTHS:
        return None
    return policy.written(round(Fraction(cost * MILLIONTHS, credit)))


def iso(on: int) -> str:
    """The UTC day as a date."""
    return datetime.datetime.fromtimestamp(on * DAY // 1000, datetime.UTC).date().isoformat()
