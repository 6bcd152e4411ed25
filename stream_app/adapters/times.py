"""Times of the platforms, all to whole microseconds since the epoch, without floats.

Every reader raises `Malformed` with reason `bad_time` for what is no time.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from stream_app.adapters.fields import Malformed, Node
from stream_app.domain.rejects import Reason

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_FIRST_US = (datetime(1, 1, 2, tzinfo=UTC) - _EPOCH) // _MICROSECOND
_LAST_US = (datetime(9999, 12, 30, tzinfo=UTC) - _EPOCH) // _MICROSECOND
_FRACTION = re.compile(r"(\.\d{6})\d+")
_LEAP = re.compile(r"(:\d\d):60(?=[Z.,+-]|$)")
_YEAR_2000_US = 946_684_800_000_000
_MONTHS = {
    name: n
    for n, name in enumerate(
        ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), 1
    )
}
_RUBY = re.compile(r"\w{3} (\w{3}) (\d\d?) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d) (\d{4})")
SNOWFLAKE_EPOCH_MS = 1_288_834_974_657


def rfc3339(value: Any, path: str, *, assume_utc: bool = False) -> int:
    """`2026-07-04T14:38:08.112407+02:00`. Without an offset it is refused, or taken for UTC.

    A leap second is the first second of the next minute.
    """
    if not isinstance(value, str):
        raise Malformed(path, "an RFC 3339 time", Reason.BAD_TIME)
    text = value.strip().upper()
    leap = 1_000_000 if ":60" in text and _LEAP.search(text) else 0
    try:
        # Finer digits than microseconds are cut off, not rounded.
        moment = datetime.fromisoformat(_FRACTION.sub(r"\1", _LEAP.sub(r"\1:59", text)))
    except ValueError:
        raise Malformed(path, "an RFC 3339 time", Reason.BAD_TIME) from None
    if moment.tzinfo is None:
        if not assume_utc:
            raise Malformed(path, "an RFC 3339 time with its offset", Reason.BAD_TIME)
        moment = moment.replace(tzinfo=UTC)
    return _checked((moment - _EPOCH) // _MICROSECOND + leap, path)


def ruby(value: Any, path: str) -> int:
    """`Mon Mar 26 16:33:26 +0000 2018`, as Twitter v1.1 writes it (never by locale)."""
    match = _RUBY.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None or match[1] not in _MONTHS:
        raise Malformed(path, "a time such as Mon Mar 26 16:33:26 +0000 2018", Reason.BAD_TIME)
    _, day, hour, minute, second, sign, off_h, off_m, year = match.groups()
    offset = timedelta(hours=int(off_h), minutes=int(off_m)) * (-1 if sign == "-" else 1)
    try:
        moment = datetime(
            int(year), _MONTHS[match[1]], int(day), int(hour), int(minute), int(second), tzinfo=UTC
        )
        return _checked((moment - offset - _EPOCH) // _MICROSECOND, path)
    except (ValueError, OverflowError):
        raise Malformed(path, "a time that exists", Reason.BAD_TIME) from None


def epoch(value: Any, path: str, unit_us: int) -> int:
    """A number since the epoch, integer, decimal or digits in a string; `unit_us` each."""
    if isinstance(value, str):
        try:
            value = Decimal(value.strip())
        except ArithmeticError:
            raise Malformed(path, "a number of time units", Reason.BAD_TIME) from None
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise Malformed(path, "a number of time units", Reason.BAD_TIME)
    # Bounded before anything is computed: 1E+999999 must not become a million digits.
    if isinstance(value, Decimal):
        if not value.is_finite() or value.adjusted() > 20:
            raise Malformed(path, "a number of time units", Reason.BAD_TIME)
        return _checked(int(value * unit_us), path)
    return _checked(value * unit_us, path)


def seconds(node: Node, key: str) -> int | None:
    """Epoch seconds in a field; None if absent."""
    return epoch(node.raw(key), node.at(key), 1_000_000) if key in node else None


def millis(node: Node, key: str) -> int | None:
    """Epoch milliseconds in a field; None if absent."""
    return epoch(node.raw(key), node.at(key), 1_000) if key in node else None


def seconds_or_millis(node: Node, key: str) -> int | None:
    """Epoch seconds or milliseconds in a field, whichever is a time of our days; None if absent."""
    at = millis(node, key)
    return seconds(node, key) if at is not None and at < _YEAR_2000_US else at


def micros(node: Node, key: str) -> int | None:
    """Epoch microseconds in a field; None if absent."""
    return epoch(node.raw(key), node.at(key), 1) if key in node else None


def iso(node: Node, key: str) -> int | None:
    """An RFC 3339 time in a field; None if absent or empty."""
    return rfc3339(node.raw(key), node.at(key)) if node.raw(key) else None


def snowflake(text: str) -> int | None:
    """The time inside an id of Twitter's (milliseconds); None if the id is older than those."""
    if not text.isascii() or not text.isdigit() or not 11 < len(text) < 20:
        return None
    return ((int(text) >> 22) + SNOWFLAKE_EPOCH_MS) * 1_000


def shown(at_us: int | None) -> str | None:
    """RFC 3339 UTC with the digits that there are: none, three or six."""
    if at_us is None:
        return None
    whole = f"{_EPOCH + at_us * _MICROSECOND:%Y-%m-%dT%H:%M:%S}"
    whole = whole.rjust(19, "0")  # years before 1000
    fraction = at_us % 1_000_000
    if fraction == 0:
        return f"{whole}Z"
    if fraction % 1_000 == 0:
        return f"{whole}.{fraction // 1_000:03d}Z"
    return f"{whole}.{fraction:06d}Z"


def shown_ms(at_us: int) -> str:
    """RFC 3339 UTC with milliseconds; finer digits are cut off, not rounded."""
    at_ms = at_us // 1_000
    return (
        f"{_EPOCH + at_ms * timedelta(milliseconds=1):%Y-%m-%dT%H:%M:%S}".rjust(19, "0")
        + f".{at_ms % 1_000:03d}Z"
    )


def _checked(at_us: int, path: str) -> int:
    if not _FIRST_US <= at_us <= _LAST_US:
        raise Malformed(path, "a time between the years 1 and 9999", Reason.BAD_TIME)
    return at_us
