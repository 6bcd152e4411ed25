"""The service's job: records of one partition in, states, transitions and refusals out.

It decides nothing: it asks the core for each record and hands the outcome to the unit of work,
which commits states, outputs and offsets as one Kafka transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final, cast

from stream_app.adapters.accounts import Accounts
from stream_app.contracts.envelope import read_record
from stream_app.contracts.partitioner import partition_of
from stream_app.domain.clock import DAY_MS, boundary_at_or_before
from stream_app.domain.costs import KnownCost
from stream_app.domain.events import Interaction
from stream_app.domain.keys import relationship_key
from stream_app.domain.ledger import METHODS_PER_BRAND, NEVER_OPENED, Journal
from stream_app.domain.linked import Alias
from stream_app.domain.outcome import Effect, Seen, Step, Transition
from stream_app.domain.partition import Partition
from stream_app.domain.policy import Policy
from stream_app.domain.rejects import Reason, Reject
from stream_app.domain.relationship import settle
from stream_app.domain.revision import catch_up
from stream_app.domain.silence import is_overdue, next_change
from stream_app.domain.state import Relationship
from stream_app.domain.team import Team
from stream_app.domain.verbs import MEMBERSHIP_VERBS
from stream_app.edge.facts import Facts
from stream_app.edge.forgetting import Forgetting
from stream_app.edge.log import KIND, NO_INTERACTIONS, PERSON, header, read_tick, recorded_ms
from stream_app.edge.meta import Meta, decode_meta, encode_meta
from stream_app.edge.methods import PUBLISH_MS, Methods
from stream_app.edge.outputs import Outputs
from stream_app.edge.people import People
from stream_app.edge.policies import Policies
from stream_app.edge.raw import Deliveries
from stream_app.edge.states import SeenRing, State, StateCodec
from stream_app.edge.topics import Topics
from stream_app.edge.work import Work
from stream_app.engine import Codec, Record, Unit

IDLE_MS: int = 30_000
"""A partition that has been silent for so long gets an idle tick."""
LARGEST_AGEING_MS: Final = 1_500
"""By so much it ages at most in a tick: a process that was paused has not seen any silence."""
DUE_PER_TURN: Final = 100
"""Silent relationships that are walked before records get their turn again."""
_NO_INTERACTIONS: Final = NO_INTERACTIONS  # its own: compiled code finds it faster
_EFFECTS: Final = tuple(effect.name.lower() for effect in Effect)


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
        started_ms: int,
        methods_per_brand: int = METHODS_PER_BRAND,
    ) -> None:
        """`raw_topics` maps a topic to the platform whose deliveries it has.

        `policy` was read at `started_ms`; what decides is the policy that a partition has taken.
        """
        codec = StateCodec(policy)
        self.codec: Codec[State] = codec
        self._policies = Policies(policy, topics.log, codec, started_ms)
        self._team = Team(policy.accounts)
        self._topics = topics
        self._facts = facts
        self._outputs = Outputs(topics, application_id, facts)
        self.outputs: Sequence[str] = topics.written
        self._methods = Methods(
            policy, topics, self._outputs, partitions=partitions, limit=methods_per_brand
        )
        accounts = Accounts.of_policy(policy.accounts)
        self._forgetting = Forgetting(topics, self._outputs, partitions)
        self._people = People(policy, topics, self._outputs, self._forgetting, self._plan)
        self._deliveries = Deliveries(
            raw_topics, accounts, self._team, self._outputs, self._forgetting
        )
        self._partitions = partitions
        self._idle_ticks = idle_ticks
        self._seen_limit = seen_limit

    def open(self, unit: Unit[State]) -> None:
        """Take up a partition where its last commit left it."""
        meta = decode_meta(unit.meta) if unit.meta else Meta(1, None, 0)
        journal = Journal(runs=meta.runs, method_limit=self._methods.limit)
        reigns = self._policies.open(unit)
        partition = Partition(reigns.newest.policy, meta.latest_ms, journal)
        watermark = partition.watermark
        journal.watermark_day = NEVER_OPENED if watermark is None else watermark // DAY_MS
        seen = SeenRing(unit, meta.seen, self._seen_limit)
        waiting = self._methods.waiting(unit)
        work = Work(partition, reigns, journal, seen, waiting, meta.salt)
        seen.is_gone = partial(self._forgetting.is_gone, unit, work)
        unit.context = work

    def process(self, unit: Unit[State], topic: str, records: Sequence[Record]) -> None:
        """Apply a slice of one topic."""
        work = cast("Work", unit.context)
        if topic == self._topics.log:
            work.idle_ms = 0
            for record in records:
                self._apply(unit, work, record)
        elif topic == self._topics.deltas:
            for record in records:
                work.waiting += self._methods.take_delta(unit, record)
        elif topic == self._topics.costs:
            for record in records:
                work.waiting += self._methods.take_cost(unit, record, work.counts)
        elif topic == self._topics.links:
            for record in records:
                self._people.read(unit, record, work)
        elif topic == self._topics.erasures:
            for record in records:
                self._forgetting.read(unit, record, work)
        else:
            for record in records:
                self._deliveries.read(unit, topic, record, work)
            work.idle_ms = 0
        self._close(unit, work)

    def refuse(self, unit: Unit[State], topic: str, record: Record, error: BaseException) -> None:
        """A record that alone makes `process` raise."""
        self._outputs.failed(unit, topic, record, error)

    def tick(self, unit: Unit[State], now_ms: int, idle_ms: int) -> bool:
        """Publish method reports; walk silent relationships; let time pass in an idle partition."""
        work = cast("Work", unit.context)
        work.idle_ms += min(max(0, now_ms - work.ticked_ms), LARGEST_AGEING_MS)
        work.ticked_ms = now_ms
        if work.counts:
            self._tell(work)  # what was refused alone, with no slice behind it
        more = self._publish(unit, work, now_ms)
        self._policies.announce(unit, work.reigns, now_ms)
        if self._policies.walk(unit, work.reigns, self._catch_up):
            more = True
        watermark = work.partition.watermark
        if watermark is None:
            return more
        if self._idle_ticks and max(idle_ms, work.idle_ms) >= IDLE_MS:
            self._tick_if_midnight_passed(unit, work, watermark, now_ms)
        due = unit.index_due(boundary_at_or_before(watermark), DUE_PER_TURN)
        for due_ms, key in due:
            self._settle(unit, work, key, due_ms, watermark)
        self._write_changed(unit, work)
        return more or len(due) == DUE_PER_TURN

    # -- records of the log

    def _apply(self, unit: Unit[State], work: Work, record: Record) -> None:
        headers, recorded = record.headers, record.timestamp
        whose: bytes | None = None
        if headers:
            kind = header(headers, KIND)
            if kind in _NO_INTERACTIONS:
                self._take_own(unit, work, record, kind)
                return
            recorded = recorded_ms(headers, recorded)
            if kind == b"forwarded":
                whose = header(headers, PERSON)
        event = read_record(record.value, headers, recorded, work.partition.policy)
        if not isinstance(event, Interaction):  # much quicker than to ask for a Reject
            self._refuse(unit, record, event)
            return
        if whose is not None:
            event.person = whose.decode()
        if not self._team.is_empty and self._team.has(event.brand, event.person):
            work.counts["team"] += 1
            return
        key = relationship_key(event.brand, event.person).encode()
        state = unit.get(key)
        rel = state if isinstance(state, Relationship) else None
        if record.key != key or (rel is None and not self._is_at_home(key, unit.partition)):
            self._outputs.append_again(unit, self._topics.log, record, key)
            work.counts["rekeyed"] += 1
            return
        if rel is not None and rel.rules_version != work.edition:
            self._catch_up(unit, key, rel)
        if rel is None and (state is not None or work.salt):
            rel = self._begin_again(unit, work, record, event, state)
            if rel is None:
                return
        if event.method:
            self._methods.recall(unit, work.journal, event.brand)
        forgotten = 0 if rel is None else rel.memory.forgotten
        outcome = work.partition.apply(rel, event, recorded)
        if isinstance(outcome, tuple):
            self._store(unit, work, key, event, outcome)
            if outcome[0].memory.forgotten > forgotten:
                self._facts.forgotten(outcome[0].memory.forgotten - forgotten)
        elif isinstance(outcome, Seen):
            work.counts["duplicate"] += 1
        else:
            self._refuse(unit, record, outcome)

    def _take_own(self, unit: Unit[State], work: Work, record: Record, kind: bytes) -> None:
        """A record that the service appended, and that is no interaction."""
        if kind == b"tick":
            self._take_tick(unit, work, record)
        elif kind == b"policy":
            self._take_policy(unit, work, record)
        elif kind == b"erase":
            self._forgetting.take(unit, work, record)
        else:
            rel = unit.get(record.key or b"")
            if isinstance(rel, Relationship) and rel.rules_version != work.edition:
                self._catch_up(unit, record.key or b"", rel)
            self._people.take(unit, work, record, kind)

    def _begin_again(
        self,
        unit: Unit[State],
        work: Work,
        record: Record,
        event: Interaction,
        state: State | None,
    ) -> Relationship | None:
        """The relationship of an id that was given up or forgotten; None: not its own act."""
        if isinstance(state, Alias) and self._people.hand_on(
            unit, work, record, state, event.brand, event.person
        ):
            return None
        rel = self._people.taken_up(unit, work, event.brand, event.person, event.at_ms)
        if rel is None:
            work.counts["erased"] += 1
        return rel

    def _is_at_home(self, key: bytes, partition: int) -> bool:
        return partition_of(key, self._partitions) == partition

    def _refuse(self, unit: Unit[State], record: Record, reject: Reject) -> None:
        self._outputs.reject(unit, self._topics.log, record, reject)

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
        rules = work.partition.rules_for(rel.brand)
        if step.moves or (event.verb in MEMBERSHIP_VERBS and step.effect is Effect.APPLIED):
            work.views[key] = rel
        if is_overdue(rel, rules, moved=bool(step.moves), undone=event.undo):
            self._plan(unit, key, rel)

    def _take_tick(self, unit: Unit[State], work: Work, record: Record) -> None:
        at_ms = read_tick(record.value)
        if at_ms is None:
            self._refuse(unit, record, Reject(Reason.WRONG_SHAPE, "$: not a tick"))
            return
        work.partition.tick(min(at_ms, record.timestamp), record.timestamp)
        work.tick_sent_ms = 0
        work.counts["tick"] += 1

    def _take_policy(self, unit: Unit[State], work: Work, record: Record) -> None:
        refused = self._policies.take(unit, work.partition, work.reigns, record)
        if refused is not None:
            self._refuse(unit, record, refused)
            return
        work.counts["policy"] += 1
        if work.edition != work.reigns.newest.edition:
            work.edition = work.reigns.newest.edition
            self._policies.walk_pending(unit, work.reigns, self._catch_up)

    def _catch_up(self, unit: Unit[State], key: bytes, rel: Relationship) -> None:
        """Have a relationship stand under the policy in force."""
        work = cast("Work", unit.context)
        self._walked(unit, work, key, rel, catch_up(rel, work.reigns.chain, work.journal))

    def _walked(
        self, unit: Unit[State], work: Work, key: bytes, rel: Relationship, moves: list[Transition]
    ) -> None:
        """Keep a relationship that no act has changed, but time or another policy."""
        if moves:
            self._outputs.moves(unit, key, moves)
            work.views[key] = rel
        self._plan(unit, key, rel)
        unit.put(key, rel)

    # -- silence

    def _plan(self, unit: Unit[State], key: bytes, rel: Relationship) -> None:
        """Put the relationship into the index, unless it stands there already early enough."""
        policy = cast("Work", unit.context).partition.policy
        day = next_change(rel, policy.rules_for(rel.brand))
        old = rel.due_day
        if day is None or (old is not None and old <= day):
            return
        if old is not None:
            unit.index_remove(old * DAY_MS, key)
        unit.index_put(day * DAY_MS, key)
        rel.due_day = day

    def _settle(
        self, unit: Unit[State], work: Work, key: bytes, due_ms: int, watermark: int
    ) -> None:
        unit.index_remove(due_ms, key)
        rel = unit.get(key)
        if not isinstance(rel, Relationship):
            if isinstance(rel, KnownCost):
                unit.delete(key)  # too old to come again
            return
        rel.due_day = None
        if rel.rules_version != work.edition:
            self._catch_up(unit, key, rel)
        rules = work.partition.rules_for(rel.brand)
        self._walked(unit, work, key, rel, settle(rel, watermark, rules, work.journal))

    # -- methods

    def _publish(self, unit: Unit[State], work: Work, now_ms: int) -> bool:
        """Rows of methods, at most once a second each. True if more methods wait."""
        if not work.waiting or 0 <= now_ms - work.published_ms < PUBLISH_MS:
            return False  # a clock that was set back is not waited for
        work.waiting -= self._methods.publish(unit, now_ms)
        if work.waiting > 0:
            return True
        work.published_ms = now_ms
        return False

    def _tick_if_midnight_passed(
        self, unit: Unit[State], work: Work, watermark: int, now_ms: int
    ) -> None:
        passed_ms = boundary_at_or_before(now_ms - work.partition.policy.lateness_ms)
        if passed_ms > watermark and passed_ms > work.tick_sent_ms:
            work.tick_sent_ms = passed_ms
            self._outputs.append_tick(unit, now_ms)

    def _write_changed(self, unit: Unit[State], work: Work) -> None:
        """The views that changed, and what happened to methods."""
        self._methods.flush(unit, work.journal)
        self._outputs.tell_moves()
        for key, rel in work.views.items():
            self._outputs.view(unit, key, rel, work.partition.rules_for(rel.brand))
        work.views.clear()

    def _close(self, unit: Unit[State], work: Work) -> None:
        """The end of a slice: what the partition remembers, and what was counted."""
        self._policies.keep(unit, work.reigns)
        self._write_changed(unit, work)
        latest_ms = work.partition.latest_ms
        unit.meta = encode_meta(Meta(1, latest_ms, work.seen.written, work.journal.runs, work.salt))
        self._tell(work)
        if work.partition.watermark is not None:
            self._facts.watermark(unit.partition, work.partition.watermark)

    def _tell(self, work: Work) -> None:
        for outcome, count in work.counts.items():
            self._facts.processed(outcome, count)
        for reason in work.refused:
            self._facts.refused(reason)
        work.counts.clear()
        work.refused.clear()
