"""Any CSV file by a mapping: a TOML file that says which column is which field.

[csv]                       # all optional
delimiter = ";"
encoding = "utf-8"

[time]
format = "%d.%m.%Y %H:%M"   # or rfc3339 (default), seconds, milliseconds
zone = "Europe/Berlin"      # of times without an offset; without it they are refused

[columns]                   # field = column
id = "Order No"             # or `id_of` below
person = "Customer"
occurred_at = "Date"
"value.amount" = "Total"

[constants]                 # the same in every row
brand = "acme"
platform = "shop"
verb = "purchase"
"value.currency" = "EUR"

[prefixes]
person = "shop:"

[values.verb]               # what a column says -> what it means; others are as they are
"bought" = "purchase"

id_of = ["Customer", "Date"]   # at the top: an id made of these columns, for files without one
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from stream_app.adapters import times
from stream_app.adapters.fields import Malformed
from stream_app.adapters.texts import bounded
from stream_app.backfill.errors import MappingError
from stream_app.domain.rejects import Reason

FIELDS: Final = frozenset(
    (
        *("id", "brand", "person", "platform", "verb", "direction", "op", "occurred_at", "undoes"),
        *("in_reply_to", "object", "method", "topics", "sentiment", "dwell_ms", "value.amount"),
        *("value.currency", "automated", "incentivised"),
    )
)
_NEEDED: Final = ("brand", "person", "platform", "verb", "occurred_at")
_UNITS: Final = {"seconds": 1_000_000, "milliseconds": 1_000}
_TRUE: Final = frozenset(("true", "yes", "1"))
_FALSE: Final = frozenset(("false", "no", "0"))
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class _Time(msgspec.Struct, forbid_unknown_fields=True):
    format: str = "rfc3339"
    zone: str = ""


class _Csv(msgspec.Struct, forbid_unknown_fields=True):
    delimiter: str = ","
    encoding: str = "utf-8"


class _File(msgspec.Struct, forbid_unknown_fields=True):
    columns: dict[str, str]
    constants: dict[str, str | int | float | bool] = {}
    prefixes: dict[str, str] = {}
    values: dict[str, dict[str, str]] = {}
    id_of: list[str] = []
    time: _Time = msgspec.field(default_factory=_Time)
    csv: _Csv = msgspec.field(default_factory=_Csv)


class RowMapping:
    """A mapping, checked. Raises MappingError."""

    def __init__(self, path: Path) -> None:
        self._name = path.name
        try:
            self._file = msgspec.convert(tomllib.loads(path.read_text("utf-8-sig")), _File)
        except OSError as error:
            raise MappingError(f"{path}: {error.strerror}") from error
        except (tomllib.TOMLDecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
            raise MappingError(f"{path.name}: {error}") from error
        self._check()
        self._zone = self._find_zone()
        self.delimiter = self._file.csv.delimiter
        self.encoding = self._file.csv.encoding

    def _check(self) -> None:
        file = self._file
        named = {*file.columns, *file.constants, *file.prefixes, *file.values}
        if unknown := sorted(named - FIELDS):
            raise self._error(f"no field of interaction/v1: {', '.join(unknown)}")
        given = {*file.columns, *file.constants}
        if missing := [field for field in _NEEDED if field not in given]:
            raise self._error(f"no column and no constant for {', '.join(missing)}")
        if "id" not in given and not file.id_of:
            raise self._error("no column for id, and no id_of: an act needs a stable identity")
        if len(file.csv.delimiter) != 1:
            raise self._error("csv.delimiter: one character")
        try:
            "".encode(file.csv.encoding)
        except LookupError as error:
            raise self._error(f"csv.encoding: {error}") from error

    def _find_zone(self) -> tzinfo | None:
        if not self._file.time.zone:
            return None
        try:
            return ZoneInfo(self._file.time.zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise self._error(f"time.zone: {self._file.time.zone!r} is not known here") from error

    def _error(self, what: str) -> MappingError:
        return MappingError(f"{self._name}: {what}")

    def check_header(self, header: list[str]) -> None:
        """Raises MappingError if the file has not the columns that are named."""
        wanted = [*self._file.columns.values(), *self._file.id_of]
        if missing := sorted({column for column in wanted if column not in header}):
            # A file without a header begins with data: persons have no place in a message.
            is_header = not set(header).isdisjoint(wanted)
            there = f"it has: {', '.join(header)}" if is_header else "is its first line the header?"
            raise self._error(f"the file has no column {', '.join(missing)}; {there}")

    def row(self, row: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        """Event time (microseconds) and interaction of a row. Raises `Malformed`."""
        said: dict[str, Any] = dict(self._file.constants)
        for field, column in self._file.columns.items():
            text = row[column].strip()
            text = self._file.values.get(field, {}).get(text, text)
            if text:
                said[field] = self._file.prefixes.get(field, "") + text
        at_us = self._time(said.pop("occurred_at", ""))
        if "id" not in said:
            said["id"] = self._made_id(row)
        made: dict[str, Any] = {"occurred_at": times.shown_ms(at_us)}
        for field, value in said.items():
            _put(made, field, value)
        return at_us, made

    def _made_id(self, row: Mapping[str, str]) -> str:
        if not self._file.id_of:
            raise Malformed("id", "an id")
        told = "\x1f".join(row[column].strip() for column in self._file.id_of)
        return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:32]

    def _time(self, value: Any) -> int:
        how = self._file.time.format
        if value == "":
            raise Malformed("occurred_at", "a time", Reason.BAD_TIME)
        if how in _UNITS:
            return times.epoch(value, "occurred_at", _UNITS[how])
        if how == "rfc3339" and self._zone is None:
            return times.rfc3339(value, "occurred_at")
        try:
            read = datetime.fromisoformat if how == "rfc3339" else self._by_format
            moment = read(value)
            if moment.tzinfo is None:
                if self._zone is None:
                    what = "a time with its offset (or say time.zone in the mapping)"
                    raise Malformed("occurred_at", what, Reason.BAD_TIME)
                moment = moment.replace(tzinfo=self._zone)
            at_us = (moment - _EPOCH) // timedelta(microseconds=1)
        except (ValueError, TypeError, OverflowError):
            raise Malformed("occurred_at", f"a time as {how}", Reason.BAD_TIME) from None
        return times.epoch(at_us, "occurred_at", 1)  # checked: many files say 9999-12-31 for never

    def _by_format(self, text: str) -> datetime:
        return datetime.strptime(text, self._file.time.format)


def _put(made: dict[str, Any], field: str, value: Any) -> None:
    """A field as interaction/v1 has it. Raises `Malformed`."""
    outer, _, inner = field.partition(".")
    if inner:
        made.setdefault(outer, {})[inner] = str(value)
    elif field == "topics":
        made[field] = [topic for topic in str(value).replace(",", " ").split() if topic]
    elif field in ("automated", "incentivised"):
        made[field] = _flag(value, field)
    elif field in ("sentiment", "dwell_ms"):
        made[field] = _number(value, field)
    else:
        made[field] = bounded(str(value)) if field in ("id", "object", "undoes") else str(value)


def _flag(value: Any, field: str) -> bool:
    word = str(value).lower()
    if word not in _TRUE | _FALSE:
        raise Malformed(field, "true or false")
    return word in _TRUE


def _number(value: Any, field: str) -> int | float:
    try:
        number = Decimal(str(value))
        return int(number) if field == "dwell_ms" else float(number)
    except (ArithmeticError, ValueError):
        raise Malformed(field, "a number") from None
