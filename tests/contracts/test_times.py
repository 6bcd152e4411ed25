"""Times on the wire."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_app.contracts.times import format_time, parse_time

SECOND = 1_767_225_600_000
"""2026-01-01T00:00:00Z"""

GOOD = {
    "2026-01-01T00:00:00Z": SECOND,
    "2026-01-01t00:00:00z": SECOND,
    "2026-01-01 00:00:00Z": SECOND,
    "2026-01-01T00:00:00-00:00": SECOND,
    "2026-01-01T05:30:00+05:30": SECOND,
    "2025-12-31T11:15:00-12:45": SECOND,
    "2026-01-01T00:00:00.1Z": SECOND + 100,
    "2026-01-01T00:00:00.12Z": SECOND + 120,
    "2026-01-01T00:00:00.123Z": SECOND + 123,
    "2026-01-01T00:00:00.9999Z": SECOND + 999,  # cut, not rounded
    "2026-01-01T00:00:00.000999999999999999999Z": SECOND,
    "2025-12-31T23:59:60Z": SECOND,  # a leap second counts as the next one
    "2025-12-31T23:59:60.250Z": SECOND + 250,
    "2024-02-29T00:00:00Z": 1_709_164_800_000,
    "2000-01-01T00:00:00Z": 946_684_800_000,
    "9999-12-31T23:59:59.999Z": 253_402_300_799_999,
}
BAD = [
    "",
    "now",
    "2026-01-01",
    "2026-01-01T00:00:00",  # no offset: whose midnight?
    "2026-01-01T00:00Z",
    "2026-01-01T00:00:00+0100",
    "2026-01-01T00:00:00+01",
    "2026-01-01T24:00:00Z",
    "2026-01-01T00:60:00Z",
    "2026-01-01T00:00:61Z",
    "2026-01-01T00:00:00+24:00",
    "2026-01-01T00:00:00+00:60",
    "2026-01-01T00:00:00.Z",
    "2026-02-29T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-00-01T00:00:00Z",
    "2026-01-00T00:00:00Z",
    "0000-01-01T00:00:00Z",
    "26-01-01T00:00:00Z",
    "2026-1-1T00:00:00Z",
    " 2026-01-01T00:00:00Z",
    "2026-01-01T00:00:00Z\n",
    "\u0662026-01-01T00:00:00Z",
    "1767225600000",
    "1999-12-31T23:59:59.999Z",
    "2000-01-01T00:30:00+01:00",
    "9999-12-31T23:59:59-00:01",
]


@pytest.mark.parametrize("text", GOOD)
def test_rfc_3339(text: str) -> None:
    assert parse_time(text) == GOOD[text]


@pytest.mark.parametrize("text", BAD)
def test_no_time(text: str) -> None:
    with pytest.raises(ValueError, match=r"not an RFC 3339|no such date|the year"):
        parse_time(text)


def test_milliseconds_of_the_years_2000_to_9999() -> None:
    first, last = 946_684_800_000, 253_402_300_799_999
    assert (parse_time(first), parse_time(last)) == (first, last)
    for beyond in (first - 1, last + 1, 0, -1, 10**30):
        with pytest.raises(ValueError, match="year"):
            parse_time(beyond)


@given(st.integers(946_684_800_000, 253_402_300_799_999))
def test_what_is_written_is_read(at_ms: int) -> None:
    assert parse_time(format_time(at_ms)) == at_ms


@given(st.datetimes(datetime(2000, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)))
def test_python_writes_what_we_read(moment: datetime) -> None:
    expected = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    assert parse_time(moment.isoformat()) == expected
