"""What the engine tells the outside: an observer for events, a snapshot for health."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from .partition import Partition

EngineState = Literal["starting", "restoring", "running", "stopping", "failed"]
StandbyPhase = Literal["restoring", "warm", "waiting", "refused"]
Phase = Literal["closed", "opening", "restoring", "live", "isolating", "waiting"]


class Observer(Protocol):
    """Receives what happens. Calls come on the event loop and must return at once."""

    def batch(self, topic: str, partition: int, records: int, last_timestamp_ms: int) -> None:
        """A slice was processed (not yet committed)."""

    def committed(self, partition: int, records: int, seconds: float, size_bytes: int) -> None:
        """A transaction of so many source records and bytes written has ended well."""

    def commit_failed(self, partition: int, error: BaseException) -> None:
        """A transaction failed; the unit reopens."""

    def restoring(self, partition: int, done: int, total: int) -> None:
        """Progress of a restore, in changelog offsets."""

    def restored(self, partition: int, records: int, seconds: float) -> None:
        """A unit is ready."""

    def wiped(self, partition: int, reason: str) -> None:
        """A local store was dropped and is rebuilt; the reason is one of a closed list."""

    def bad_state(self, partition: int, offset: int) -> None:
        """A damaged changelog record was left out (skip-bad-state)."""

    def skipped(self, topic: str, partition: int, records: int) -> None:
        """Source records were deleted by retention before they could be read."""

    def rebalanced(self, partitions: int) -> None:
        """The group gave this worker so many partitions."""

    def fenced(self, partition: int) -> None:
        """Another worker owns this partition; ours wrote nothing."""

    def handler_error(self, partition: int, error: BaseException) -> None:
        """The job raised."""

    def refused(self, topic: str, partition: int, offset: int) -> None:
        """A record that alone makes the job raise was refused."""

    def position(self, topic: str, partition: int, position: int, end: int) -> None:
        """About once a second: next offset to process, and the end of the log."""

    def standby(self, partition: int, behind: int) -> None:
        """About once a second: how many changelog offsets a warm copy is behind."""


class NullObserver:
    """Hears everything, says nothing. A base for observers that want only some calls."""

    def batch(self, topic: str, partition: int, records: int, last_timestamp_ms: int) -> None: ...
    def committed(self, partition: int, records: int, seconds: float, size_bytes: int) -> None: ...
    def commit_failed(self, partition: int, error: BaseException) -> None: ...
    def restoring(self, partition: int, done: int, total: int) -> None: ...
    def restored(self, partition: int, records: int, seconds: float) -> None: ...
    def wiped(self, partition: int, reason: str) -> None: ...
    def bad_state(self, partition: int, offset: int) -> None: ...
    def skipped(self, topic: str, partition: int, records: int) -> None: ...
    def rebalanced(self, partitions: int) -> None: ...
    def fenced(self, partition: int) -> None: ...
    def handler_error(self, partition: int, error: BaseException) -> None: ...
    def refused(self, topic: str, partition: int, offset: int) -> None: ...
    def position(self, topic: str, partition: int, position: int, end: int) -> None: ...
    def standby(self, partition: int, behind: int) -> None: ...


@dataclass(frozen=True, slots=True)
class PartitionHealth:
    """One partition as it stands now."""

    phase: Phase
    positions: Mapping[str, int]
    """Per topic: next offset to process."""
    committed: Mapping[str, int]
    """Per topic: next offset, as committed."""
    ends: Mapping[str, int]
    """Per topic: end of the log as last seen."""
    restore_done: int
    restore_total: int
    failures_in_a_row: int
    """Commits or openings that failed since the last one that went well."""
    since_progress_ms: int
    """Time since the unit last committed, or had nothing to do."""


def health_of(part: Partition[Any]) -> PartitionHealth:
    """As it stands now."""
    ends = list(part.ends.items())
    return PartitionHealth(
        phase=part.phase,
        positions=dict(part.positions),
        committed=dict(part.committed),
        ends={t: max(end, part.engine.reader.end(part.tps[t]) or 0) for t, end in ends},
        restore_done=part.restore_done,
        restore_total=part.restore_total,
        failures_in_a_row=part.failures,
        since_progress_ms=int((time.monotonic() - part.progress_at) * 1000),
    )


@dataclass(frozen=True, slots=True)
class StandbyHealth:
    """A warm copy of a partition that another worker owns."""

    phase: StandbyPhase
    behind: int
    """Changelog offsets still to read, as last seen."""


@dataclass(frozen=True, slots=True)
class EngineHealth:
    """The engine as it stands now."""

    state: EngineState
    reason: str
    """Why it failed; empty otherwise."""
    partitions: Mapping[int, PartitionHealth]
    handler_busy_ms: int
    """How long the present call into the job has been running; 0 between calls."""
    standbys: Mapping[int, StandbyHealth] = field(default_factory=dict)
    """By partition number."""
    broker_silent_ms: int = 0
    """For how long no broker has answered; 0 before the group was joined."""
