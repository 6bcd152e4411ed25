"""The service's job: records of one partition in, states, transitions and refusals out.

It decides nothing: it asks the core for each record and hands the outcome to the unit of work,
which commits states, outputs and offsets as one Kafka transaction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, cast

import msgspec

from stream_app.adapters.accounts import Accounts
from stream_app.contracts.envelope import read_record
from stream_app.contracts.partitioner import partition_of
from stream_app.domain.acts import Effect
from stream_app.domain.clock import DAY_MS, boundary_at_or_before
from stream_app.domain.events import Interaction, relationship_key
from stream_app.domain.partition import Partition, Seen
from stream_app.domain.policy import Policy
from stream_app.domain.rejects import Reason, Reject
from stream_app.domain.relationship import Step, settle
from stream_app.domain.silence import is_overdue, next_change
from stream_app.domain.state import Relationship
from stream_app.edge.facts import Facts
from stream_app.edge.log import KIND, header, read_tick, recorded_ms
from stream_app.edge.outputs import Outputs
from stream_app.edge.raw import Deliveries
from stream_app.edge.states import SeenRing, State, StateCodec
from stream_app.edge.topics import Topics
from stream_app.engine import Codec, Record, Unit

IDLE_MS: Final = 30_000
"""A partition that has been silent for so long gets an idle tick."""
DUE_PER_TURN: Final = 2_000
"""Silent relationships that are walked before records get their turn again."""
_EFFECTS: Final = tuple(effect.name.lower() for effect in Effect)


class Meta(msgspec.Struct, array_like=True, frozen=True):
    """What a partition remembers besides its states."""

    version: int
    latest_ms: int | None
    seen: int


class Work:
    """A partition at work: its watermark, what adapters have seen, whether a tick is on its way."""

    __slots__ = ("counts", "partition", "seen", "tick_ms")

    def __init__(self, partition: Partition, seen: SeenRing) -> None:
        self.partition = partition
        self.seen = seen
        self.tick_ms = 0
        self.counts: Counter[str] = Counter()


_encode_meta: Final = msgspec.msgpack.Encoder().encode
_decode_meta: Final = msgspec.msgpack.Decoder(Meta).decode


class RelationshipJob:
    """A job of the engine; see `stream_app.engine.Job` for when each method is called."""

    def __init__(
        self,
        policy: Policy,
        topics: Topics,
        raw_topics: Mapping[str, str],
        facts: Facts,
        *,
        application_id: str,
        partitions: int,
        idle_ticks: bool,
        seen_limit: int,
    ) -> None:
        """`raw_topics` maps a topic to the platform whose deliveries it has."""
        self.codec: Codec[State] = StateCodec(policy)
        self._policy = policy
        self._topics = topics
        self._facts = facts
        self._outputs = Outputs(topics, application_id, facts)
        accounts = Accounts.of_policy(policy.accounts)
        self._deliveries = Deliveries(raw_topics, accounts, self._outputs)
        self._partitions = partitions
        self._idle_ticks = idle_ticks
        self._seen_limit = seen_limit

    def open(self, unit: Unit[State]) -> None:
        """Take up a partition where its last commit left it."""
        meta = _decode_meta(unit.meta) if unit.meta else Meta(1, None, 0)
        partition = Partition(self._policy, meta.latest_ms)
        unit.context = Work(partition, SeenRing(unit, meta.seen, self._seen_limit))

    def process(self, unit: Unit[State], topic: str, records: Sequence[Record]) -> None:
        """Apply a slice of one topic."""
        work = cast("Work", unit.context)
        if topic == self._topics.log:
            for record in records:
                self._apply(unit, work, record)
        else:
            for record in records:
                self._deliveries.read(unit, topic, record, work.seen)
            work.counts["adapted"] += len(records)
        self._close(unit, work)

    def refuse(self, unit: Unit[State], topic: str, record: Record, error: BaseException) -> None:
        """A record that alone makes `process` raise."""
        self._outputs.failed(unit, topic, record, error)

    def tick(self, unit: Unit[State], now_ms: int, idle_ms: int) -> bool:
        """Walk silent relationships that are due; let time pass in a partition that is idle."""
        work = cast("Work", unit.context)
        watermark = work.partition.watermark
        if watermark is None:
            return False
        if self._idle_ticks and idle_ms >= IDLE_MS:
            self._tick_if_midnight_passed(unit, work, watermark, now_ms)
        due = unit.index_due(boundary_at_or_before(watermark), DUE_PER_TURN)
        for due_ms, key in due:
            self._settle(unit, key, due_ms, watermark)
        return len(due) == DUE_PER_TURN

    # -- records of the log

    def _apply(self, unit: Unit[State], work: Work, record: Record) -> None:
        headers, recorded = record.headers, record.timestamp
        if headers:
            if header(headers, KIND) == b"tick":
                self._take_tick(unit, work, record)
                return
            recorded = recorded_ms(headers, recorded)
        event = read_record(record.value, headers, recorded, self._policy)
        if isinstance(event, Reject):
            self._refuse(unit, work, record, event)
            return
        key = relationship_key(event.brand, event.person).encode()
        rel = cast("Relationship | None", unit.get(key))
        if record.key != key or (rel is None and not self._is_at_home(key, unit.partition)):
            self._outputs.append_again(unit, self._topics.log, record, key)
            work.counts["rekeyed"] += 1
            return
        outcome = work.partition.apply(rel, event, recorded)
        if isinstance(outcome, Reject):
            self._refuse(unit, work, record, outcome)
        elif isinstance(outcome, Seen):
            work.counts["duplicate"] += 1
        else:
            self._store(unit, work, key, event, outcome)

    def _is_at_home(self, key: bytes, partition: int) -> bool:
        return partition_of(key, self._partitions) == partition

    def _refuse(self, unit: Unit[State], work: Work, record: Record, reject: Reject) -> None:
        self._outputs.reject(unit, self._topics.log, record, reject)
        work.counts["refused"] += 1

    def _store(
        self,
        unit: Unit[State],
        work: Work,
        key: bytes,
        event: Interaction,
        outcome: tuple[Relationship, Step],
    ) -> None:
        rel, step = outcome
        unit.put(key, rel)
        if step.moves:
            self._outputs.moves(unit, key, step.moves)
        work.counts[_EFFECTS[step.effect]] += 1
        if event.at_ms < rel.as_of:
            self._facts.late(rel.as_of - event.at_ms)
        rules = self._policy.rules_for(rel.brand)
        if is_overdue(rel, rules, moved=bool(step.moves), undone=event.undo):
            self._plan(unit, key, rel)

    def _take_tick(self, unit: Unit[State], work: Work, record: Record) -> None:
        at_ms = read_tick(record.value)
        if at_ms is None:
            self._refuse(unit, work, record, Reject(Reason.WRONG_SHAPE, "$: not a tick"))
            return
        work.partition.tick(min(at_ms, record.timestamp), record.timestamp)
        work.tick_ms = 0
        work.counts["tick"] += 1

    # -- silence

    def _plan(self, unit: Unit[State], key: bytes, rel: Relationship) -> None:
        """Put the relationship into the index, unless it stands there already early enough."""
        day = next_change(rel, self._policy.rules_for(rel.brand))
        old = rel.due_day
        if day is None or (old is not None and old <= day):
            return
        if old is not None:
            unit.index_remove(old * DAY_MS, key)
        unit.index_put(day * DAY_MS, key)
        rel.due_day = day

    def _settle(self, unit: Unit[State], key: bytes, due_ms: int, watermark: int) -> None:
        unit.index_remove(due_ms, key)
        rel = unit.get(key)
        if not isinstance(rel, Relationship):
            return
        rel.due_day = None
        moves = settle(rel, watermark, self._policy.rules_for(rel.brand))
        self._outputs.moves(unit, key, moves)
        self._plan(unit, key, rel)
        unit.put(key, rel)

    def _tick_if_midnight_passed(
        self, unit: Unit[State], work: Work, watermark: int, now_ms: int
    ) -> None:
        passed_ms = boundary_at_or_before(now_ms - self._policy.lateness_ms)
        if passed_ms > watermark and passed_ms > work.tick_ms:
            work.tick_ms = passed_ms
            self._outputs.append_tick(unit, now_ms)

    def _close(self, unit: Unit[State], work: Work) -> None:
        """The end of a slice: what the partition remembers, and what was counted."""
        latest_ms = work.partition.latest_ms
        unit.meta = _encode_meta(Meta(1, latest_ms, work.seen.written))
        for outcome, count in work.counts.items():
            self._facts.processed(outcome, count)
        work.counts.clear()
        if work.partition.watermark is not None:
            self._facts.watermark(unit.partition, work.partition.watermark)
