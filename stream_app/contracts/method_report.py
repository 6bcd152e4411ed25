"""method-report/v1: what a method of a brand has earned and cost, per day and per thirty days."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from stream_app.contracts.times import format_date
from stream_app.domain.money import Rates
from stream_app.domain.reports import Report
from stream_app.domain.transitions import StageName

Credit = Annotated[int, Meta(description="Millionths: 1,000,000 is one whole advance.")]
Decimal = Annotated[
    str,
    Meta(description="A decimal in the reporting currency, with all of its digits."),
]
Rung = Literal["attention", "attraction", "affinity", "audience"]
RUNG_NAMES: Final[tuple[Rung, ...]] = ("attention", "attraction", "affinity", "audience")


class AdvancesV1(msgspec.Struct, gc=False):
    """Credit of the advances into one stage."""

    won: Annotated[Credit, Meta(description="Of relationships that came there for the first time.")]
    regained: Annotated[Credit, Meta(description="Of those that had been there before.")]


class SurvivalV1(msgspec.Struct, gc=False):
    """Credit of the advances into one stage 120 days before."""

    decided: Credit
    survived: Annotated[
        Credit, Meta(description="Of relationships still there, or higher, 120 days later.")
    ]


class MethodReportV1(msgspec.Struct, gc=False, rename={"return_": "return"}):
    """A row: one method of one brand on one day, or in the thirty days that end with it."""

    brand: str
    method: Annotated[
        str, Meta(description="`unattributed`: what no method earned; `other`: too many methods.")
    ]
    period: Literal["day", "trailing_30_days"]
    day: Annotated[
        str, Meta(description="The UTC day, or the last one.", extra_json_schema={"format": "date"})
    ]
    revision: Annotated[
        int, Meta(ge=1, description="A later one of the same row replaces those before.")
    ]
    people: Annotated[
        int, Meta(ge=0, description="Distinct persons touched, by a sketch: error at most 2 %.")
    ]
    touches: Annotated[int, Meta(description="Acts that named the method, less those undone.")]
    currency: Annotated[str, Meta(description="The reporting currency of all amounts.")]
    cost: Annotated[Decimal | None, Meta(description="Null while none is known.")]
    cost_incomplete: Annotated[bool, Meta(description="A cost had no rate and is left out.")]
    value: Annotated[Decimal | None, Meta(description="Of purchases less refunds; null: none.")]
    value_incomplete: Annotated[bool, Meta(description="A value had no rate and is left out.")]
    advances: dict[StageName, AdvancesV1]
    cost_per_advance: Annotated[
        dict[StageName, Decimal | None],
        Meta(description="Cost over credit (won and regained); null below one whole advance."),
    ]
    quality: Annotated[
        float | None, Meta(description="Mean of `overall` at the advances, weighted by credit.")
    ]
    quality_credit: Annotated[Credit, Meta(description="The credit that `quality` is over.")]
    survival: dict[StageName, SurvivalV1]
    return_: Annotated[float | None, Meta(description="Value over cost; null without cost.")]


_encode: Final = msgspec.json.Encoder().encode
read_report: Final = msgspec.json.Decoder(MethodReportV1).decode


def write_report(report: Report, rates: Rates, revision: int = 1) -> bytes:
    """The JSON bytes of a row."""

    def money(minor: int | None) -> str | None:
        return None if minor is None else rates.written(minor)

    per = report.cost_per_advance
    return _encode(
        MethodReportV1(
            brand=report.brand,
            method=report.method,
            period=report.period,
            day=format_date(report.day),
            revision=revision,
            people=report.people,
            touches=report.touches,
            currency=report.currency,
            cost=money(report.cost),
            cost_incomplete=report.cost_incomplete,
            value=money(report.value),
            value_incomplete=report.value_incomplete,
            advances=_by_stage(AdvancesV1, report.won, report.regained),
            cost_per_advance={name: money(per[rung]) for rung, name in enumerate(RUNG_NAMES)},
            quality=report.quality,
            quality_credit=report.quality_credit,
            survival=_by_stage(SurvivalV1, report.decided, report.survived),
            return_=report.value_over_cost,
        )
    )


def _by_stage(kind: Any, first: tuple[int, ...], second: tuple[int, ...]) -> dict[StageName, Any]:
    return {name: kind(first[rung], second[rung]) for rung, name in enumerate(RUNG_NAMES)}
