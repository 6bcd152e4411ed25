"""Everything that there is to see, in one object: facts of this run, and what moves."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from stream_app.demo.publish import Sending
from stream_app.demo.watch import Watch
from stream_app.demo.workers import Worker

WINDOW_S: Final = 2.0
KEPT: Final = 40


@dataclass(slots=True)
class Speed:
    """Events per second, from a count that is read now and then."""

    now: float = 0.0
    peak: float = 0.0
    past: deque[float] = field(default_factory=lambda: deque(maxlen=KEPT))
    _seen: deque[tuple[float, int]] = field(default_factory=deque)

    def take(self, total: int, at_s: float) -> None:
        """The count as read at a time of the monotonic clock."""
        self._seen.append((at_s, total))
        while len(self._seen) > 2 and at_s - self._seen[1][0] >= WINDOW_S:
            self._seen.popleft()
        first_s, first = self._seen[0]
        if at_s > first_s and total:
            self.now = max(0.0, (total - first) / (at_s - first_s))
            self.peak = max(self.peak, self.now)
            self.past.append(self.now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What does not change during a run."""

    address: str
    own_broker: bool
    """Started for this demo, and ends with it."""
    partitions: int
    seed: int
    people: int
    platforms: tuple[str, ...]
    skipped: tuple[str, ...]
    source: str
    """Where the deliveries came from, in words."""


@dataclass(slots=True)
class Scene:
    """One run, to be looked at."""

    facts: Facts
    watch: Watch
    sending: Sending
    workers: Sequence[Worker]
    doing: str = "starting"
    speed: Speed = field(default_factory=Speed)
    history_start_ms: int = 0
    worked_until: float = 0.0
    """When the last record had been processed, on the monotonic clock."""

    @property
    def seconds(self) -> float:
        """Since the demo began."""
        return time.monotonic() - self.watch.started

    def processed(self) -> Counter[str]:
        """Records by outcome, of all workers."""
        return sum((worker.reading.processed for worker in self.workers), Counter())

    def late(self) -> int:
        """Acts that came late, of all workers."""
        return sum(worker.reading.late for worker in self.workers)
