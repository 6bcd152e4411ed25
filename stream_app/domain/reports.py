"""Method reports: what a method has earned on a day and in the thirty days to it, and what it cost.

A `Method` holds the rows of one method of one brand by day, an entry more for whatever the
partitions' journals say. A report is worked out from the sums alone, so that a day's row and that
of thirty days agree.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Final, Literal, Protocol

import msgspec

from stream_app.domain.clock import DAY_MS
from stream_app.domain.credit import MILLION, TOUCH_LIFE_MS
from stream_app.domain.money import Rates
from stream_app.domain.rows import RUNGS, Row
from stream_app.domain.state import Relationship

TRAILING_DAYS: Final = 30

Period = Literal["day", "trailing_30_days"]


class People(Protocol):
    """How many distinct persons there were, without knowing them: a mergeable sketch."""

    def add(self, sketch: bytes) -> None:
        """Unite with what another one's `stored` gave."""

    def stored(self) -> bytes:
        """The same as bytes."""

    def count(self) -> int:
        """About how many; depends on the persons alone, not on the order of unions."""


Crowd = Callable[[], People]
"""Makes an empty one."""


class Report(msgspec.Struct, frozen=True, gc=False):
    """One row as it is published. Lists are by stage, attention first.

    Money is in minor units of the reporting currency, credit in millionths.
    """

    brand: str
    method: str
    period: Period
    day: int
    people: int
    touches: int
    cost: int | None
    cost_incomplete: bool
    value: int | None
    value_incomplete: bool
    won: tuple[int, ...]
    regained: tuple[int, ...]
    cost_per_advance: tuple[int | None, ...]
    quality: float | None
    quality_credit: int
    decided: tuple[int, ...]
    survived: tuple[int, ...]
    value_over_cost: float | None
    currency: str


class Day(msgspec.Struct, gc=False):
    """A day of a method. `revision` and `trailing` are those last published."""

    row: Row
    people: People
    revision: int = 0
    trailing: int = 0
    changed: bool = True


class Method(msgspec.Struct, gc=False):
    """A method of a brand: its days."""

    brand: str
    name: str
    days: dict[int, Day] = {}

    def day(self, day: int, crowd: Crowd) -> Day:
        """A day for a change of it, made if it is not there."""
        found = self.days.get(day)
        if found is None:
            found = self.days[day] = Day(Row(), crowd())
        found.changed = True
        return found

    def add(self, day: int, row: Row, sketch: bytes | None, crowd: Crowd) -> None:
        """Add the sums and the persons of an entry."""
        found = self.day(day, crowd)
        found.row.add(row)
        if sketch is not None:
            found.people.add(sketch)

    def daily(self, day: int, rates: Rates) -> Report:
        """The report of one day."""
        found = self.days[day]
        row = found.row
        return self._report(
            "day",
            day,
            row,
            found.people.count(),
            rates,
            _known(row.cost, row.cost_known),
            _known(row.value, row.value_known),
            (row.cost_incomplete > 0, row.value_incomplete > 0),
        )

    def trailing(self, day: int, rates: Rates, crowd: Crowd) -> Report:
        """The report of the thirty days that end with `day`."""
        total, people = Row(), crowd()
        costs: list[int] = []
        values: list[int] = []
        incomplete = [False, False]
        window = [self.days[one] for one in self._window(day)]
        for one in window:
            row = one.row
            total.add(row)
            if (cost := _known(row.cost, row.cost_known)) is not None:
                costs.append(cost)
            if (value := _known(row.value, row.value_known)) is not None:
                values.append(value)
            incomplete[0] |= row.cost_incomplete > 0
            incomplete[1] |= row.value_incomplete > 0
        if len(window) > 1:
            for one in window:
                people.add(one.people.stored())
            count = people.count()
        else:
            count = window[0].people.count() if window else 0
        return self._report(
            "trailing_30_days",
            day,
            total,
            count,
            rates,
            sum(costs) if costs else None,
            sum(values) if values else None,
            (incomplete[0], incomplete[1]),
        )

    def _window(self, day: int) -> Iterator[int]:
        return (one for one in range(day - TRAILING_DAYS + 1, day + 1) if one in self.days)

    def _report(
        self,
        period: Period,
        day: int,
        row: Row,
        people: int,
        rates: Rates,
        cost: int | None,
        value: int | None,
        incomplete: tuple[bool, bool],
    ) -> Report:
        credit = row.overall_credit
        return Report(
            brand=self.brand,
            method=self.name,
            period=period,
            day=day,
            people=people,
            touches=row.touches,
            cost=cost,
            cost_incomplete=incomplete[0],
            value=value,
            value_incomplete=incomplete[1],
            won=tuple(row.won),
            regained=tuple(row.regained),
            cost_per_advance=tuple(
                _cost_per(cost, row.won[rung] + row.regained[rung]) for rung in range(RUNGS)
            ),
            quality=row.overall / credit / MILLION if credit else None,
            quality_credit=credit,
            decided=tuple(row.decided),
            survived=tuple(row.survived),
            value_over_cost=(value or 0) / cost if cost else None,
            currency=rates.reporting,
        )


class CostShare(msgspec.Struct, frozen=True):
    """Of a method's touches in 90 days so many were of one relationship; `cost` in minor units."""

    method: str
    touches: int
    of_touches: int
    cost: int | None


def _known(minor: int, known: int) -> int | None:
    """A sum; None while nothing is known, or when all that was is taken back."""
    return minor if known or minor else None


def _cost_per(cost: int | None, credit: int) -> int | None:
    """The cost of one whole advance, half to even; None below one."""
    if cost is None or credit < MILLION:
        return None
    return round(Fraction(cost * MILLION, credit))


class Ledger:
    """All methods of all brands in memory: what a replay keeps."""

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd
        self.methods: dict[tuple[str, str], Method] = {}

    def add(self, brand: str, method: str, day: int, row: Row, sketch: bytes | None) -> None:
        """Add an entry."""
        known = self.methods.get((brand, method))
        if known is None:
            known = self.methods[brand, method] = Method(brand, method)
        known.add(day, row, sketch, self._crowd)

    def cost_shares(self, rel: Relationship) -> list[CostShare]:
        """What of each method's cost falls on a relationship: as much as of its touches.

        Over the 90 days to `as_of`, from the touches that are remembered; half to even.
        """
        last = rel.as_of // DAY_MS
        days = range(last - TOUCH_LIFE_MS // DAY_MS + 1, last + 1)
        counts = Counter(one.method for one in rel.touches if one.at_ms // DAY_MS in days)
        shares: list[CostShare] = []
        for name, touches in sorted(counts.items()):
            method = self.methods.get((rel.brand, name))
            rows = [method.days[day].row for day in days if day in method.days] if method else []
            known = [row.cost for row in rows if _known(row.cost, row.cost_known) is not None]
            of_all = max(touches, sum(row.touches for row in rows))
            falls = round(Fraction(sum(known) * touches, of_all)) if known else None
            shares.append(CostShare(name, touches, of_all, falls))
        return shares

    def reports(self, rates_of: Callable[[str], Rates]) -> Iterator[Report]:
        """Every day's row, and the thirty days of each day that has one in its window."""
        for _, method in sorted(self.methods.items()):
            rates = rates_of(method.brand)
            for day in sorted(method.days):
                yield method.daily(day, rates)
            for day in trailing_days(method.days):
                yield method.trailing(day, rates, self._crowd)


def trailing_days(days: Mapping[int, object]) -> list[int]:
    """The days whose thirty days have a row."""
    return sorted({last for day in days for last in range(day, day + TRAILING_DAYS)})
