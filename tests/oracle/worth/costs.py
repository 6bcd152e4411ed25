"""Lines of `cost/v1`: what a method cost, and what is taken back of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from ..reading import SLUG, Refused, event_time, is_money, time_ms
from .ledger import Ledger
from .policy import WorthPolicy


class Cost(NamedTuple):
    """One record. Times are milliseconds; `amount` is in `currency`."""

    id: str
    brand: str
    method: str
    op: str
    undoes: str | None
    at: int
    recorded: int
    amount: Decimal | None
    currency: str
    minutes: Decimal | None


@dataclass
class Booked:
    """What a record has added, and where."""

    cost: Cost
    on: int
    minor: int | None
    is_incomplete: bool
    undone: bool = False


def read_cost(line: bytes) -> Cost:
    """Read one line. Raises `Refused`."""
    try:
        fields = json.loads(line, parse_float=Decimal)
    except (ValueError, RecursionError):
        raise Refused("not_json") from None
    if not isinstance(fields, dict):
        raise Refused("wrong_shape")
    fields = {name: value for name, value in fields.items() if value is not None}
    op = fields.get("op", "create")
    needed = ("undoes",) if op == "undo" else ()
    if any(name not in fields for name in ("id", "brand", "method", *needed)):
        raise Refused("wrong_shape")
    if op == "create" and "amount" not in fields and "minutes" not in fields:
        raise Refused("wrong_shape")
    if not all(is_right(fields[name]) for name, is_right in SHAPES.items() if name in fields):
        raise Refused("wrong_shape")
    if not SLUG.fullmatch(fields["brand"]):
        raise Refused("bad_brand")
    at = event_time(fields)
    money = fields.get("amount", {"amount": "0", "currency": ""})
    return Cost(
        id=fields["id"],
        brand=fields["brand"],
        method=fields["method"],
        op=op,
        undoes=fields.get("undoes"),
        at=at,
        recorded=time_ms(fields.get("recorded_at", at)),
        amount=Decimal(money["amount"]) if "amount" in fields else None,
        currency=money["currency"],
        minutes=Decimal(fields["minutes"]) if "minutes" in fields else None,
    )


def _text(longest: int) -> Callable[[object], bool]:
    return lambda value: isinstance(value, str) and 1 <= len(value) <= longest


def _minutes(value: object) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool) and value >= 0


SHAPES: dict[str, Callable[[object], bool]] = {
    "id": _text(200),
    "brand": _text(200),
    "method": _text(128),
    "op": lambda value: value in ("create", "undo"),
    "undoes": _text(200),
    "amount": is_money,
    "minutes": _minutes,
    "person": _text(200),
}


def priced(cost: Cost, policy: WorthPolicy) -> tuple[int | None, bool]:
    """Minor units of what has a rate (None: nothing has), and whether something has none."""
    parts: list[Fraction | None] = []
    if cost.amount is not None:
        rate = policy.rate(cost.currency, cost.at)
        parts.append(None if rate is None else Fraction(cost.amount) * rate)
    if cost.minutes is not None:
        hourly = policy.hourly_rate
        parts.append(None if hourly is None else Fraction(cost.minutes) * Fraction(hourly) / 60)
    known = [part for part in parts if part is not None]
    minor = policy.rounded(sum(known, Fraction(0))) if known else None
    return minor, len(known) < len(parts)


def book(lines: Iterable[bytes], ledger: Ledger, policy: WorthPolicy) -> list[tuple[int, str]]:
    """Book all records of the file; returns the refused lines with their reasons."""
    refused: list[tuple[int, str]] = []
    seen: set[tuple[str, str, str]] = set()
    booked: dict[tuple[str, str], Booked] = {}
    early: set[tuple[str, str]] = set()
    for number, line in enumerate(lines, 1):
        try:
            cost = read_cost(line)
        except Refused as no:
            refused.append((number, no.reason))
            continue
        if (cost.brand, cost.id, cost.op) in seen:
            continue
        seen.add((cost.brand, cost.id, cost.op))
        if cost.op == "create" and (cost.brand, cost.id) not in early:
            on = ledger.open_day(cost.at, cost.recorded)
            added = Booked(cost, on, *priced(cost, policy))
            booked[cost.brand, cost.id] = added
            enter(added, ledger, on, 1)
        elif cost.op == "undo" and cost.undoes is not None:
            target = booked.get((cost.brand, cost.undoes))
            if target is None:
                early.add((cost.brand, cost.undoes))
            elif not target.undone:
                target.undone = True
                enter(target, ledger, ledger.later_day(target.on, cost.recorded), -1)
    return refused


def enter(booked: Booked, ledger: Ledger, on: int, times: int) -> None:
    """Add what the record says, or (`times` -1) take it back."""
    row = ledger.row(booked.cost.brand, booked.cost.method, on)
    if booked.minor is not None:
        row.cost.add(booked.minor * times, times)
    row.cost.incomplete += times * booked.is_incomplete
