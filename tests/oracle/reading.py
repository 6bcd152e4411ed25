"""One log line as an interaction, or the reason to refuse it (the contract, section 3).

Written for reading, not for speed, and apart from the service's own reader on purpose: it
imports nothing of the service, so that the same mistake would have to be made twice.
"""

from __future__ import annotations

import calendar
import datetime
import json
import re
import unicodedata
from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple, NoReturn

from .rules import POINTS

TOO_LARGE_BYTES = 256 * 1024
FUTURE_MS = 5 * 60 * 1000
YEAR_2000_MS = 946_684_800_000
YEAR_10000_MS = 253_402_300_800_000

INBOUND = frozenset(POINTS) - {"reinforced"}  # which is counted, never sent
OUTBOUND = frozenset({"offer", "reply", "message", "like", "mention", "resolve", "block"})

SLUG = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
AMOUNT = re.compile(r"[0-9]+(\.[0-9]+)?")
CURRENCY = re.compile(r"[A-Z]{3}")
RFC3339 = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]+))?"
    r"(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))"
)


class Refused(Exception):  # noqa: N818 (it is an answer, not a fault)
    """The line is not an acceptable interaction. Do: read `reason`, one of the closed list."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Interaction(NamedTuple):
    """What of an interaction can change a stage, and then what only `worth` looks at.

    `at`, and `recorded` (the record's timestamp), are milliseconds since 1970, UTC.
    """

    id: str
    brand: str
    person: str
    platform: str
    verb: str
    direction: str
    op: str
    at: int
    undoes: str | None
    object: str | None
    kind: str
    amount: Decimal | None
    currency: str | None
    recorded: int = 0
    method: str | None = None
    topics: tuple[str, ...] = ()
    sentiment: float | None = None

    @property
    def identity(self) -> tuple[str, str, str]:
        """Two records with the same one are the same act."""
        return (self.platform, self.id, self.op)


def read(line: bytes) -> Interaction:
    """Read one line (with or without its newline). Raises `Refused`."""
    line = line.removesuffix(b"\n").removesuffix(b"\r")
    if len(line) > TOO_LARGE_BYTES:
        raise Refused("too_large")
    if not line.strip():
        raise Refused("empty")
    try:
        fields = json.loads(line.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise Refused("not_json") from None
    if not isinstance(fields, dict):
        raise Refused("wrong_shape")
    # An optional field that is null is a field that is absent.
    fields = {name: value for name, value in fields.items() if value is not None}
    _check_shape(fields)
    direction = fields.get("direction", "inbound")
    if not SLUG.fullmatch(fields["brand"]):
        raise Refused("bad_brand")
    if not _is_person(fields["person"]):
        raise Refused("bad_person")
    if fields["verb"] not in (INBOUND if direction == "inbound" else OUTBOUND):
        raise Refused("unknown_verb")
    value = fields.get("value")
    at = event_time(fields)
    return Interaction(
        id=fields["id"],
        brand=fields["brand"],
        person=fields["person"],
        platform=fields["platform"],
        verb=fields["verb"],
        direction=direction,
        op=fields.get("op", "create"),
        at=at,
        undoes=fields.get("undoes"),
        object=fields.get("object"),
        kind=_kind(fields),
        amount=Decimal(value["amount"]) if value else None,
        currency=value["currency"] if value else None,
        recorded=time_ms(fields.get("recorded_at", at)),
        method=fields.get("method"),
        topics=tuple(fields.get("topics", ())),
        sentiment=fields.get("sentiment"),
    )


def time_ms(value: object) -> int:
    """RFC 3339 with offset, or integer milliseconds, in milliseconds. Raises `Refused`."""
    if isinstance(value, int) and not isinstance(value, bool):
        moment = value
    elif isinstance(value, str):
        moment = _rfc3339_ms(value)
    else:
        raise Refused("bad_time")
    if not YEAR_2000_MS <= moment < YEAR_10000_MS:
        raise Refused("bad_time")
    return moment


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _rfc3339_ms(text: str) -> int:
    match = RFC3339.fullmatch(text)
    if match is None:
        raise Refused("bad_time")
    year, month, day, hour, minute, second = (int(match[n]) for n in range(1, 7))
    fraction, sign, offset_hours, offset_minutes = match[7], match[8], match[9], match[10]
    try:
        datetime.date(year, month, day)
    except ValueError:
        raise Refused("bad_time") from None
    if hour > 23 or minute > 59 or second > 60:
        raise Refused("bad_time")
    offset = 0
    if sign:
        if int(offset_hours) > 23 or int(offset_minutes) > 59:
            raise Refused("bad_time")
        offset = (int(offset_hours) * 60 + int(offset_minutes)) * (1 if sign == "+" else -1)
    seconds = calendar.timegm((year, month, day, hour, minute, second)) - offset * 60
    millis = int((fraction or "0")[:3].ljust(3, "0"))  # finer digits are cut off, not rounded
    return seconds * 1000 + millis


def event_time(fields: dict[str, object]) -> int:
    """When it occurred, else when it was recorded. Raises `Refused`."""
    recorded = time_ms(fields["recorded_at"]) if "recorded_at" in fields else None
    if "occurred_at" not in fields:
        if recorded is None:
            raise Refused("bad_time")
        return recorded
    occurred = time_ms(fields["occurred_at"])
    if recorded is not None and occurred > recorded + FUTURE_MS:
        raise Refused("from_the_future")
    return occurred


def _kind(fields: dict[str, object]) -> str:
    sentiment = fields.get("sentiment", 0)
    assert isinstance(sentiment, int | float)
    if fields.get("automated"):
        return "automated"
    if sentiment < -0.25:
        return "negative"
    return "incentivised" if fields.get("incentivised") else "plain"


def _is_person(person: str) -> bool:
    return 1 <= len(person) <= 200 and all(unicodedata.category(c) != "Cc" for c in person)


def _text(low: int, high: int) -> Callable[[object], bool]:
    return lambda value: isinstance(value, str) and low <= len(value) <= high


def _one_of(*allowed: str) -> Callable[[object], bool]:
    return lambda value: isinstance(value, str) and value in allowed


def _slug(value: object) -> bool:
    return isinstance(value, str) and SLUG.fullmatch(value) is not None


def _topics(value: object) -> bool:
    return isinstance(value, list) and len(value) <= 16 and all(_slug(topic) for topic in value)


def _sentiment(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and -1 <= value <= 1


def _dwell(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def is_money(value: object) -> bool:
    if not isinstance(value, dict):
        return False
    amount, currency = value.get("amount"), value.get("currency")
    return (
        isinstance(amount, str)
        and isinstance(currency, str)
        and AMOUNT.fullmatch(amount) is not None
        and CURRENCY.fullmatch(currency) is not None
    )


def _is(kind: type) -> Callable[[object], bool]:
    return lambda value: isinstance(value, kind)


REQUIRED = ("id", "brand", "person", "platform", "verb")
SHAPES: dict[str, Callable[[object], bool]] = {
    "id": _text(1, 200),
    "brand": _is(str),
    "person": _is(str),
    "platform": _slug,
    "verb": _is(str),
    "direction": _one_of("inbound", "outbound"),
    "op": _one_of("create", "undo"),
    "undoes": _text(1, 200),
    "in_reply_to": _text(1, 200),
    "object": _text(0, 200),
    "method": _text(0, 128),
    "topics": _topics,
    "sentiment": _sentiment,
    "dwell_ms": _dwell,
    "value": is_money,
    "automated": _is(bool),
    "incentivised": _is(bool),
}


def _check_shape(fields: dict[str, object]) -> None:
    for name in REQUIRED:
        if name not in fields:
            raise Refused("wrong_shape")
    for name, is_right in SHAPES.items():
        if name in fields and not is_right(fields[name]):
            raise Refused("wrong_shape")
