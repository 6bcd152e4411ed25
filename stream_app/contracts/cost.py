"""cost/v1: bytes of a record to a cost, or the reason why not."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from stream_app.contracts.interaction import NO_CONTROL, Id, MoneyV1, Slug, WireTime
from stream_app.contracts.reading import decoded, event_time, line_times
from stream_app.domain.costs import Cost
from stream_app.domain.money import Money
from stream_app.domain.rejects import Reason, Reject

MOST_MINUTES: Final = 100_000_000
"""Of one record: 190 years."""
MOST_DIGITS: Final = 40


class CostV1(msgspec.Struct, gc=False):
    """What a method cost: money, minutes of work, or both. An undo takes a former record back."""

    id: Annotated[
        Id, Meta(description="With brand and op the record's identity: sent again, it counts once.")
    ]
    brand: Annotated[Slug, Meta(description="The brand's slug.")]
    method: Annotated[
        Annotated[str, Meta(min_length=1, max_length=128)],
        Meta(description="What it was spent on, as interactions name it."),
    ]
    occurred_at: Annotated[
        WireTime | None,
        Meta(
            description="RFC 3339 with an offset, or integer milliseconds since 1970. "
            "Absent: the record's timestamp."
        ),
    ] = None
    amount: Annotated[MoneyV1 | None, Meta(description="Money spent.")] = None
    minutes: Annotated[
        Annotated[float, Meta(ge=0, le=MOST_MINUTES)] | None,
        Meta(description="Minutes of work, valued at the policy's hourly rate."),
    ] = None
    person: Annotated[
        Annotated[str, Meta(min_length=1, max_length=200, pattern=NO_CONTROL)] | None,
        Meta(description="Whom it was spent on, if on one person."),
    ] = None
    op: Annotated[
        Literal["create", "undo"] | None,
        Meta(description="undo takes a former record back, exactly."),
    ] = "create"
    undoes: Annotated[Id | None, Meta(description="Id of the record that an undo takes back.")] = (
        None
    )


class CostLineV1(CostV1, gc=False):
    """A line of a file: a cost with the timestamp that its record had."""

    recorded_at: int | str | None = None


class _Exact(msgspec.Struct, gc=False):
    """Minutes with all their digits, which a float may not have."""

    minutes: Decimal | None = None


_decode: Final = msgspec.json.Decoder(CostV1).decode
_decode_line: Final = msgspec.json.Decoder(CostLineV1).decode
_decode_exact: Final = msgspec.json.Decoder(_Exact).decode


def read_cost(value: bytes | None, recorded_ms: int) -> Cost | Reject:
    """The cost in the value of a record of this timestamp, or why it is refused."""
    wire = decoded(value, _decode)
    if isinstance(wire, Reject):
        return wire
    at_ms = event_time(wire.occurred_at, recorded_ms)
    if isinstance(at_ms, Reject):
        return at_ms
    return _cost(wire, value or b"", at_ms)


def read_cost_line(line: bytes) -> tuple[Cost, int] | Reject:
    """The cost in a line of a file and its record's timestamp, or why it is refused.

    `recorded_at` says the timestamp; without it `occurred_at` counts as such.
    """
    wire = decoded(line, _decode_line)
    if isinstance(wire, Reject):
        return wire
    times = line_times(wire.occurred_at, wire.recorded_at)
    if isinstance(times, Reject):
        return times
    at_ms, recorded_ms = times
    cost = _cost(wire, line, at_ms)
    return cost if isinstance(cost, Reject) else (cost, recorded_ms)


def _cost(wire: CostV1, value: bytes, at_ms: int) -> Cost | Reject:
    undo = wire.op == "undo"
    if undo and wire.undoes is None:
        return Reject(Reason.WRONG_SHAPE, "$.undoes: missing; it says what an undo takes back")
    if not undo and wire.amount is None and wire.minutes is None:
        return Reject(Reason.WRONG_SHAPE, "$: expected `amount` or `minutes`")
    amount = wire.amount
    minutes = None if wire.minutes is None else _decode_exact(value).minutes
    if minutes is not None and not _is_plain(minutes):
        return Reject(Reason.WRONG_SHAPE, f"$.minutes: more than {MOST_DIGITS} digits")
    return Cost(
        id=wire.id,
        brand=wire.brand,
        method=wire.method,
        undo=undo,
        at_ms=at_ms,
        undoes=wire.undoes,
        amount=None if amount is None else Money(Decimal(amount.amount), amount.currency),
        minutes=minutes,
        person=wire.person,
    )


def _is_plain(minutes: Decimal) -> bool:
    """Whether its exact value has few digits: `1e-999999` is short to write, not to count with."""
    _, digits, exponent = minutes.as_tuple()
    return isinstance(exponent, int) and len(digits) <= MOST_DIGITS and abs(exponent) <= MOST_DIGITS
