"""Times on the wire: RFC 3339 with an offset, or integer milliseconds."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from stream_app.domain.clock import (
    DAY_MS,
    HOUR_MS,
    MINUTE_MS,
    SECOND_MS,
    YEAR_2000_MS,
    YEAR_10000_MS,
)

TIME_PATTERN: Final = (
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9]|60)"
    r"(?:\.([0-9]+))?(?:[Zz]|([+-])([01][0-9]|2[0-3]):([0-5][0-9]))"
)
"""RFC 3339 with an offset, in a dialect that JSON Schema knows too."""

_RFC_3339: Final = re.compile(TIME_PATTERN)
_EPOCH_ORDINAL: Final = date(1970, 1, 1).toordinal()
_DAYS_KEPT: Final = 4_096


class _MidnightOf(dict[str, int]):
    """`YYYY-MM-DD` -> its midnight in ms; a stream has few distinct days, so they are kept."""

    def __missing__(self, text: str) -> int:
        try:
            midnight = (date.fromisoformat(text).toordinal() - _EPOCH_ORDINAL) * DAY_MS
        except ValueError:  # its message repeats the value
            raise ValueError("no such date") from None
        if len(self) >= _DAYS_KEPT:
            self.clear()
        self[text] = midnight
        return midnight


_midnight_of = _MidnightOf()


class _MinuteOf(dict[str, int]):
    """`YYYY-MM-DDTHH:MM:` -> that minute in ms, UTC, kept like the above."""

    def __missing__(self, text: str) -> int:
        at_ms = _parse_any(f"{text}00Z")
        if len(self) >= _DAYS_KEPT:
            self.clear()
        self[text] = at_ms
        return at_ms


_minute_of = _MinuteOf()
_SECONDS: Final = {f"{second:02d}": second * SECOND_MS for second in range(60)}
_MILLISECONDS: Final = {f".{ms:03d}Z": ms for ms in range(SECOND_MS)}


def parse_rfc3339(text: str) -> int:
    """Milliseconds since the epoch of an RFC 3339 time; finer digits are cut off, not rounded.

    A leap second counts as the second after it. Raises ValueError if it is no such time.
    """
    second, ms = _SECONDS.get(text[17:19]), _MILLISECONDS.get(text[19:])
    if second is None or ms is None:
        return _parse_any(text)
    return _minute_of[text[:17]] + second + ms  # as most write it: YYYY-MM-DDTHH:MM:SS.mmmZ


def _parse_any(text: str) -> int:
    match = _RFC_3339.fullmatch(text)
    if match is None:
        raise ValueError("not an RFC 3339 time with an offset")
    day, hour, minute, second, fraction, sign, off_hour, off_minute = match.groups()
    at_ms = (
        _midnight_of[day] + int(hour) * HOUR_MS + int(minute) * MINUTE_MS + int(second) * SECOND_MS
    )
    if fraction is not None:
        at_ms += int(fraction[:3].ljust(3, "0"))
    if sign is not None:
        offset = int(off_hour) * HOUR_MS + int(off_minute) * MINUTE_MS
        at_ms += offset if sign == "-" else -offset
    return at_ms


def parse_time(value: int | str) -> int:
    """Milliseconds of a time on the wire.

    Raises ValueError if it is none, before the year 2000, or past 9999, where RFC 3339 ends.
    """
    at_ms = value if isinstance(value, int) else parse_rfc3339(value)
    if YEAR_2000_MS <= at_ms < YEAR_10000_MS:
        return at_ms
    raise ValueError("before the year 2000" if at_ms < YEAR_2000_MS else "after the year 9999")


class _DateOf(dict[int, str]):
    """Day number -> `YYYY-MM-DD`, kept like the above."""

    def __missing__(self, day: int) -> str:
        text = date.fromordinal(day + _EPOCH_ORDINAL).isoformat()
        if len(self) >= _DAYS_KEPT:
            self.clear()
        self[day] = text
        return text


_date_of = _DateOf()


def format_date(day: int) -> str:
    """`YYYY-MM-DD` of a UTC day."""
    return _date_of[day]


class _MinuteText(dict[int, str]):
    """Number of a minute -> `YYYY-MM-DDTHH:MM:`, kept like the above."""

    def __missing__(self, minute: int) -> str:
        day, rest = divmod(minute, DAY_MS // MINUTE_MS)
        text = f"{_date_of[day]}T{rest // 60:02d}:{rest % 60:02d}:"
        if len(self) >= _DAYS_KEPT:
            self.clear()
        self[minute] = text
        return text


_minute_text = _MinuteText()
_SECOND_TEXT: Final = tuple(_SECONDS)
_MILLISECOND_TEXT: Final = tuple(_MILLISECONDS)


def format_time(at_ms: int) -> str:
    """RFC 3339, UTC, with milliseconds: how the service writes every time."""
    rest = at_ms % MINUTE_MS
    return (
        _minute_text[at_ms // MINUTE_MS]
        + _SECOND_TEXT[rest // SECOND_MS]
        + _MILLISECOND_TEXT[rest % SECOND_MS]
    )
