"""How the methods of a brand stand to each other, from the rows of `relationship.methods`.

What too few cases stand behind is said to be so: a cost per relationship needs five of them, a
survival a 95 % interval (Wilson, over the credit decided) that is at most 50 points wide.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

import msgspec

from stream_app.contracts.method_report import MethodReportV1, Rung
from stream_app.domain.attribution import wilson
from stream_app.domain.credit import MILLION, OTHER, UNATTRIBUTED

LEAST_WON: Final = 5
WIDEST: Final = 0.5
RESERVED: Final = (OTHER, UNATTRIBUTED)

RowKey = tuple[str, str, str, str]


class Survival(msgspec.Struct, frozen=True):
    """Of the relationships won 120 days before: the share that lasted, and its 95 % interval."""

    share: float
    low: float
    high: float
    of: float

    @property
    def says_enough(self) -> bool:
        """Whether the interval is narrow enough to be of use."""
        return self.high - self.low <= WIDEST


class Standing(msgspec.Struct):
    """A method over the days asked for. Money is a decimal in `currency`, `won` in whole ones.

    `ranks` has a place for each measure that enough is known of: 1 is the best.
    """

    method: str
    touches: int
    people_in_30_days: int
    cost: str | None
    cost_incomplete: bool
    value: str | None
    value_incomplete: bool
    currency: str
    won: float
    regained: float
    cost_per_won: str | None
    enough_won: bool
    quality: float | None
    survival: Survival | None
    return_: float | None = msgspec.field(name="return")
    ranks: dict[str, int] = {}


def latest(rows: Iterable[MethodReportV1], brand: str) -> dict[RowKey, MethodReportV1]:
    """The last revision of each row of a brand."""
    found: dict[RowKey, MethodReportV1] = {}
    for row in rows:
        key = (row.brand, row.method, row.period, row.day)
        if row.brand == brand and (key not in found or found[key].revision <= row.revision):
            found[key] = row
    return found


def standings(
    rows: Iterable[MethodReportV1],
    stage: Rung,
    since: str | None = None,
    credit: Mapping[str, float] | None = None,
) -> list[Standing]:
    """The methods of one brand, best cost per relationship first.

    `rows` are last revisions, `since` the first day (`YYYY-MM-DD`); `credit` stands in for what
    each method won, if another model than the policy's is asked for.
    """
    by_method: dict[str, list[MethodReportV1]] = {}
    people: dict[str, int] = {}
    for row in rows:
        if since is not None and row.day < since:
            continue
        if row.period == "day":
            by_method.setdefault(row.method, []).append(row)
        people[row.method] = max(people.get(row.method, 0), row.people)
    found = [
        _standing(method, days, people[method], stage, credit) for method, days in by_method.items()
    ]
    _rank(found)
    found.sort(key=lambda one: (one.method in RESERVED, _place(one), one.method))
    return found


def _place(one: Standing) -> int:
    return one.ranks.get("cost_per_won", 1 << 30)


def _standing(
    method: str,
    days: list[MethodReportV1],
    people: int,
    stage: Rung,
    credit: Mapping[str, float] | None,
) -> Standing:
    cost = _sum(row.cost for row in days)
    value = _sum(row.value for row in days)
    won = sum(row.advances[stage].won for row in days) / MILLION
    if credit is not None:
        won = credit.get(method, 0.0)
    weight = sum(row.quality_credit for row in days)
    decided = sum(row.survival[stage].decided for row in days) / MILLION
    survived = sum(row.survival[stage].survived for row in days) / MILLION
    return Standing(
        method=method,
        touches=sum(row.touches for row in days),
        people_in_30_days=people,
        cost=None if cost is None else str(cost),
        cost_incomplete=any(row.cost_incomplete for row in days),
        value=None if value is None else str(value),
        value_incomplete=any(row.value_incomplete for row in days),
        currency=days[0].currency,
        won=won,
        regained=sum(row.advances[stage].regained for row in days) / MILLION,
        cost_per_won=None if cost is None or won < 1 else _per(cost, won),
        enough_won=won >= LEAST_WON,
        quality=sum((r.quality or 0) * r.quality_credit for r in days) / weight if weight else None,
        survival=_survival(survived, decided) if decided > 0 else None,
        return_=float((value or 0) / cost) if cost else None,
    )


def _sum(amounts: Iterable[str | None]) -> Decimal | None:
    known = [Decimal(amount) for amount in amounts if amount is not None]
    return sum(known[1:], known[0]) if known else None


def _per(cost: Decimal, won: float) -> str:
    return str((cost / Decimal(won)).quantize(cost, ROUND_HALF_EVEN))


def _survival(survived: float, decided: float) -> Survival:
    share = min(1.0, max(0.0, survived / decided))
    return Survival(share, *wilson(share, decided), decided)


def _rank(found: list[Standing]) -> None:
    """Places from 1, equal ones sharing one, in each measure that says enough.

    What no method earned, or too many did, has no place.
    """
    found = [one for one in found if one.method not in RESERVED]
    measures: dict[str, dict[str, float]] = {
        "cost_per_won": {
            one.method: float(one.cost_per_won)
            for one in found
            if one.cost_per_won is not None and one.enough_won
        },
        "quality": {one.method: -one.quality for one in found if one.quality is not None},
        "survival": {
            one.method: -one.survival.share
            for one in found
            if one.survival is not None and one.survival.says_enough
        },
        "return": {one.method: -one.return_ for one in found if one.return_ is not None},
    }
    for name, values in measures.items():
        order = sorted(values.values())
        for one in found:
            if one.method in values:
                one.ranks[name] = order.index(values[one.method]) + 1
