"""The closed list of metrics, registered before anything happens: zero shows as zero.

Labels come from fixed lists; none ever carries a person's or a relationship's id.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from stream_app.domain.rejects import Reason
from stream_app.domain.transitions import MoveReason, Stage

PREFIX: Final = "stream_app"
COMMIT_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
END_TO_END_BUCKETS: Final = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
RESTORE_BUCKETS: Final = (0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)
LATE: Final = (("hour", 3_600_000), ("day", 86_400_000), ("week", 604_800_000))
"""An act is counted under the first bound that it keeps, else under `more`."""
WORKER_STATES: Final = ("starting", "restoring", "running", "stopping", "failed")


@dataclass(frozen=True, slots=True)
class Listed:
    """A metric as the operator reads of it."""

    name: str
    kind: str
    labels: tuple[str, ...]
    text: str


class Metrics:
    """Counts what the job and the engine tell. One per worker, with a registry of its own."""

    def __init__(
        self,
        *,
        version: str,
        policy: str,
        outcomes: Iterable[str],
        topics: Iterable[str],
        platforms: Iterable[str],
    ) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self.listed: list[Listed] = []
        """All of them, in order, but for those of the process and of Python."""
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        built = {"version": version, "rules_version": policy}
        self._info("build", "Version of the service and of its policy; always 1.", built).info(
            built
        )
        self._register_work(tuple(outcomes), tuple(platforms))
        self._register_engine(tuple(topics))
        self._register_partitions()

    def _register_work(self, outcomes: tuple[str, ...], platforms: tuple[str, ...]) -> None:
        self._processed = self._counter(
            "events_processed", "Records of all sources but deltas, by outcome.", ["outcome"]
        )
        for outcome in outcomes:
            self._processed.labels(outcome)
        self._rejects = self._counter(
            "dead_letters", "Records refused, by reason; each is kept whole.", ["reason"]
        )
        for reason in Reason:
            self._rejects.labels(reason.value)
        self._moves = self._counter(
            "stage_transitions", "Transitions written.", ["from_stage", "to_stage"]
        )
        self._move = {
            (before, after): self._moves.labels(before.label, after.label)
            for before in Stage
            for after in Stage
            if before is not after
        }
        self._reasons = self._counter("transition_reasons", "Transitions by reason.", ["reason"])
        self._reason = {reason: self._reasons.labels(reason.value) for reason in MoveReason}
        self._late = self._counter(
            "late_events", "Acts dated before what their relationship knew, by how much.", ["by"]
        )
        self._late_by = [
            (bound_ms, self._late.labels(name)) for name, bound_ms in (*LATE, ("more", math.inf))
        ]
        self._forgotten = self._counter(
            "forgotten_acts", "Identities that went before their pane: repeats would count."
        )
        self._skipped = self._counter(
            "skipped_findings", "Findings of deliveries that become no interaction.", ["platform"]
        )
        for platform in platforms:
            self._skipped.labels(platform)
        self._watermark = self._gauge(
            "watermark_seconds", "Event time reached, seconds since 1970.", ["partition"]
        )

    def _register_engine(self, topics: tuple[str, ...]) -> None:
        self._consumed = self._counter("events_consumed", "Records taken from a topic.", ["topic"])
        self._lag = self._gauge(
            "consumer_lag_records", "Records not yet processed.", ["topic", "partition"]
        )
        self._offset = self._gauge(
            "position_offset", "Offset of the next record to process.", ["topic", "partition"]
        )
        for topic in topics:
            self._consumed.labels(topic)
        self._end_to_end = self._histogram(
            "end_to_end_latency_seconds",
            "From a record's append to its processing.",
            END_TO_END_BUCKETS,
        )
        self._commit = self._histogram(
            "commit_seconds", "Duration of a transaction that ended well.", COMMIT_BUCKETS
        )
        self._committed = self._counter("committed_records", "Source records committed.")
        self._written = self._counter("written_bytes", "Bytes in committed transactions.")
        self._commit_failures = self._counter(
            "commit_failures", "Transactions or openings given up; tried again."
        )
        self._fenced = self._counter("fenced", "Partitions lost to another worker while at work.")

    def _register_partitions(self) -> None:
        self._rebalances = self._counter("rebalances", "Times the group was dealt anew.")
        self._assigned = self._gauge("assigned_partitions", "Partition numbers at work here.")
        self._handler_errors = self._counter("handler_errors", "Times that processing raised.")
        self._restore = self._histogram(
            "restore_seconds", "Time until a partition was open.", RESTORE_BUCKETS
        )
        self._restore_left = self._gauge(
            "recovery_remaining_records",
            "Records of the changelog still to read before it opens.",
            ["partition"],
        )
        self._standby_lag = self._gauge(
            "standby_lag_records",
            "Records of the changelog not yet in the warm copy.",
            ["partition"],
        )
        self._wiped = self._counter(
            "stores_rebuilt", "Local stores dropped and rebuilt from the changelog."
        )
        self._bad_states = self._counter("bad_states", "Damaged state records left out.")
        self._lost = self._counter(
            "source_records_expired", "Records that retention deleted before they were read."
        )
        self._state = self._gauge(
            "worker_state", "1 for the state at hand, 0 for the others.", ["state"]
        )
        for state in WORKER_STATES:
            self._state.labels(state)
        self._ready = self._gauge("ready", "1 while /ready says so.")
        self._silence = self._gauge(
            "broker_silence_seconds", "Since a broker last answered; 0 before the first time."
        )

    def _list(self, name: str, kind: str, text: str, labels: Iterable[str] = ()) -> str:
        full = f"{PREFIX}_{name}"
        self.listed.append(Listed(full, kind, tuple(labels), text))
        return full

    def _counter(self, name: str, text: str, labels: Iterable[str] = ()) -> Counter:
        full = self._list(f"{name}_total", "counter", text, labels)
        return Counter(full, text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str, labels: Iterable[str] = ()) -> Gauge:
        return Gauge(self._list(name, "gauge", text, labels), text, labels, registry=self.registry)

    def _histogram(self, name: str, text: str, buckets: tuple[float, ...]) -> Histogram:
        full = self._list(name, "histogram", text)
        return Histogram(full, text, buckets=buckets, registry=self.registry)

    def _info(self, name: str, text: str, labels: Iterable[str]) -> Info:
        full = self._list(f"{name}_info", "info", text, labels)
        return Info(full.removesuffix("_info"), text, registry=self.registry)

    def expose(self) -> bytes:
        """All metrics in the text format of Prometheus."""
        return generate_latest(self.registry)

    def set_state(self, state: str) -> None:
        """The worker's state: exactly one series is 1."""
        for name in WORKER_STATES:
            self._state.labels(name).set(1 if name == state else 0)

    def set_health(self, *, ready: bool, broker_silent_s: float) -> None:
        """What `/health` says."""
        self._ready.set(ready)
        self._silence.set(broker_silent_s)

    # -- what the job tells

    def processed(self, outcome: str, count: int) -> None:
        """Records by outcome."""
        self._processed.labels(outcome).inc(count)

    def refused(self, reason: Reason) -> None:
        """A record was refused."""
        self._rejects.labels(reason.value).inc()

    def moved(self, from_stage: Stage, to_stage: Stage, reason: MoveReason, count: int) -> None:
        """Transitions were written."""
        self._move[from_stage, to_stage].inc(count)
        self._reason[reason].inc(count)

    def late(self, late_ms: int) -> None:
        """An act came late."""
        next(counter for bound_ms, counter in self._late_by if late_ms <= bound_ms).inc()

    def forgotten(self, count: int) -> None:
        """Identities of acts went before their time."""
        self._forgotten.inc(count)

    def skipped(self, platform: str, why: str) -> None:
        """A finding became no interaction."""
        self._skipped.labels(platform).inc()

    def watermark(self, partition: int, watermark_ms: int) -> None:
        """Event time of a partition."""
        self._watermark.labels(partition).set(watermark_ms / 1000)

    # -- what the engine tells

    def batch(self, topic: str, partition: int, records: int, last_timestamp_ms: int) -> None:
        """A slice was processed."""
        self._consumed.labels(topic).inc(records)

    def aged(self, age_ms: float) -> None:
        """How old the newest record of a slice was when it had been processed."""
        self._end_to_end.observe(max(0.0, age_ms / 1000))

    def committed(self, partition: int, records: int, seconds: float, size_bytes: int) -> None:
        """A transaction ended well."""
        self._commit.observe(seconds)
        self._committed.inc(records)
        self._written.inc(size_bytes)

    def commit_failed(self, partition: int, error: BaseException) -> None:
        """A transaction was given up."""
        self._commit_failures.inc()

    def restoring(self, partition: int, done: int, total: int) -> None:
        """Progress of a restore."""
        self._restore_left.labels(partition).set(max(0, total - done))

    def restored(self, partition: int, records: int, seconds: float) -> None:
        """A partition is ready."""
        self._restore.observe(seconds)
        self._restore_left.labels(partition).set(0)

    def wiped(self, partition: int, reason: str) -> None:
        """A local store was dropped."""
        self._wiped.inc()

    def bad_state(self, partition: int, offset: int) -> None:
        """A damaged record of the changelog was left out."""
        self._bad_states.inc()

    def skipped_records(self, records: int) -> None:
        """Source records expired before they were read."""
        self._lost.inc(records)

    def rebalanced(self, partitions: int) -> None:
        """The group was dealt anew: series of partitions start again."""
        self._rebalances.inc()
        self._assigned.set(partitions)
        for gauge in (self._lag, self._offset, self._watermark, self._restore_left):
            gauge.clear()
        self._standby_lag.clear()

    def fenced(self, partition: int) -> None:
        """Another worker owns the partition."""
        self._fenced.inc()

    def handler_error(self, partition: int, error: BaseException) -> None:
        """Processing raised."""
        self._handler_errors.inc()

    def standby(self, partition: int, behind: int) -> None:
        """How far a warm copy is behind."""
        self._standby_lag.labels(partition).set(behind)

    def position(self, topic: str, partition: int, position: int, end: int) -> None:
        """Where a partition of a topic stands."""
        self._lag.labels(topic, partition).set(max(0, end - position))
        self._offset.labels(topic, partition).set(position)
