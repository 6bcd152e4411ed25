"""What an import has found: counts, and the first and last time."""

from __future__ import annotations

from collections import Counter
from typing import Any

from stream_app.contracts.times import format_time
from stream_app.domain.clock import DAY_MS
from stream_app.domain.rejects import Reason

LIVE_DAYS = 180
"""What is older than this, seen from the newest act, is refused by the service as `too_old`."""


class Tally:
    """Counts of one import. No ids of persons are in it."""

    def __init__(self) -> None:
        self.found: Counter[tuple[str, str]] = Counter()
        """(platform, kind) of what is to be published; an undo is `verb (undo)`."""
        self.ignored: Counter[tuple[str, str]] = Counter()
        """(platform, reason)."""
        self.refused: Counter[Reason] = Counter()
        self.empty: list[str] = []
        """Files with nothing in them."""
        self.first_ms: int | None = None
        self.last_ms: int | None = None
        self.old = 0
        """Acts too old for a log that is at `now_ms`."""

    def count(self, platform: str, kind: str, at_ms: int, now_ms: int) -> None:
        """One more record to publish."""
        self.found[platform, kind] += 1
        self.first_ms = at_ms if self.first_ms is None else min(self.first_ms, at_ms)
        self.last_ms = at_ms if self.last_ms is None else max(self.last_ms, at_ms)
        self.old += now_ms // DAY_MS - at_ms // DAY_MS >= LIVE_DAYS

    def told(self) -> dict[str, Any]:
        """All of it, for machines."""
        return {
            "publish": _nested(self.found),
            "refused": {str(reason): count for reason, count in sorted(self.refused.items())},
            "ignored": _nested(self.ignored),
            "first": None if self.first_ms is None else format_time(self.first_ms),
            "last": None if self.last_ms is None else format_time(self.last_ms),
            "too_old_for_a_live_log": self.old,
            "empty_files": self.empty,
        }


def _nested(counts: Counter[tuple[str, str]]) -> dict[str, dict[str, int]]:
    told: dict[str, dict[str, int]] = {}
    for (platform, kind), count in sorted(counts.items()):
        told.setdefault(platform, {})[kind] = count
    return told
