"""Units of event time: milliseconds since the epoch and UTC days. Nothing here reads a clock."""

from __future__ import annotations

from typing import Final

SECOND_MS: Final = 1_000
MINUTE_MS: Final = 60 * SECOND_MS
HOUR_MS: Final = 60 * MINUTE_MS
DAY_MS: Final = 24 * HOUR_MS

YEAR_2000_MS: Final = 946_684_800_000
"""2000-01-01T00:00:00Z: an act dated before it has a wrong clock."""

YEAR_10000_MS: Final = 253_402_300_800_000
"""10000-01-01T00:00:00Z: no RFC 3339 time can say it."""

NEVER: Final = 1 << 40
"""A day that does not come."""


def day_of(at_ms: int) -> int:
    """Number of the UTC day that holds `at_ms` (day 0 is 1970-01-01)."""
    return at_ms // DAY_MS


def boundary_at_or_before(at_ms: int) -> int:
    """The latest midnight (00:00 UTC) that is not after `at_ms`, in milliseconds."""
    return at_ms // DAY_MS * DAY_MS
