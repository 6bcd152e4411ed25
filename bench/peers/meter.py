"""Measures from inside a contestant: from its first record to its last commit.

Standard library only: it also runs in the environments of other projects.
"""

from __future__ import annotations

import json
import sys
import time


class Meter:
    """Wall and CPU time (user and system, all threads) since the first records were there."""

    def __init__(self, events: int) -> None:
        self.events = events
        self.seen = 0
        self._before = 0
        self._wall_s = self._cpu_s = self._first_s = 0.0

    def saw(self, events: int) -> bool:
        """So many events more; True when that were all. The first batch only starts the clock."""
        if not self.seen:
            self._before = events
            self._wall_s, self._cpu_s = time.perf_counter(), time.process_time()
            self._first_s = time.time()
        self.seen += events
        return self.seen >= self.events

    def progress(self, committed: dict[int, int]) -> None:
        """So far is committed, next offset by partition: for one of several workers."""
        if self.seen:
            say(
                "progress",
                committed=committed,
                before=self._before,
                first_s=self._first_s,
                at_s=time.time(),
                cpu_s=time.process_time() - self._cpu_s,
            )

    def report(self) -> None:
        """Everything is committed: say so."""
        say(
            "done",
            events=self.seen - self._before,
            seconds=time.perf_counter() - self._wall_s,
            cpu_s=time.process_time() - self._cpu_s,
        )


def say(event: str, **facts: object) -> None:
    """One JSON line for whoever started this process."""
    out = sys.__stdout__  # the real one: Faust takes sys.stdout for its log
    assert out is not None
    out.write(json.dumps({"event": event, **facts}) + "\n")
    out.flush()
