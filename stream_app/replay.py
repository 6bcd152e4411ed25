"""The service's core over a file: no Kafka, no clock, one transition at a time.

Each partition has its own watermark, as Kafka would cut the lines; one by default.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import msgspec
from msgspec.structs import replace

from stream_app.contracts.cost import read_cost_line
from stream_app.contracts.envelope import read_record
from stream_app.contracts.erasure import Erasure
from stream_app.contracts.logged import Logged, LoggedLine, read_logged
from stream_app.contracts.method_report import write_report
from stream_app.contracts.own_lines import read_own_line
from stream_app.contracts.partitioner import partition_of
from stream_app.contracts.people import Sketch, sketch_of
from stream_app.contracts.policy_record import is_policy_line, read_policy
from stream_app.contracts.reading import read_line
from stream_app.contracts.writing import write_transition
from stream_app.domain.attribution import PATHS
from stream_app.domain.costs import KnownCost, book
from stream_app.domain.events import Interaction
from stream_app.domain.keys import relationship_key
from stream_app.domain.ledger import Journal
from stream_app.domain.money import Rates
from stream_app.domain.outcome import Seen, Transition
from stream_app.domain.partition import Partition
from stream_app.domain.persons import Persons
from stream_app.domain.policy import Policy
from stream_app.domain.rejects import Reason, Reject
from stream_app.domain.relationship import settle, since_last_advance
from stream_app.domain.reports import CostShare, Ledger
from stream_app.domain.revision import Reign, catch_up, edition_of, follow, succeed
from stream_app.domain.rows import GonePath, Row
from stream_app.domain.state import Relationship
from stream_app.domain.team import Team
from stream_app.domain.transitions import Stage

_LINES_PER_JOURNAL = 4_096
"""Lines after which the rows of the journals are added up."""


def _read_kind(event: Interaction, line: bytes, policy: Policy) -> None:
    """The kind of an act by the policy of its partition: another one changed its own last."""
    again = read_line(line, policy)
    if not isinstance(again, Reject):
        event.kind = again[0].kind


@dataclass
class Tally:
    """What a replay has seen so far."""

    records: int = 0
    applied: int = 0
    duplicates: int = 0
    transitions: int = 0
    costs: int = 0
    links: int = 0
    erasures: int = 0
    erased: int = 0
    forwarded: int = 0
    team: int = 0
    policies: int = 0
    refused: Counter[str] = field(default_factory=Counter)


class Replay:
    """Feeds lines to the core and gives out the transitions, and the reports if wanted."""

    def __init__(
        self,
        policy: Policy,
        application_id: str,
        partitions: int = 1,
        *,
        reports: bool = False,
        paths_of: str | None = None,
        adapt: Callable[[Policy], Policy] | None = None,
    ) -> None:
        """With `reports`, the newest paths of the brand `paths_of` are kept. `adapt` changes every
        policy of a line.
        """
        self.policy = policy
        self.tally = Tally()
        self._application_id = application_id
        self._adapt = adapt
        self._team = Team(policy.accounts)
        self._editions: dict[str, Policy] = {}
        self._reigns = [Reign(policy, 0, None) for _ in range(partitions)]
        self._partitions = [
            Partition(policy, journal=Journal() if reports else None) for _ in range(partitions)
        ]
        self._only = self._partitions[0] if partitions == 1 else None
        self._paths: deque[GonePath] = deque(maxlen=PATHS)
        for partition in self._partitions:
            if partition.journal is not None and paths_of is not None:
                partition.journal.paths[paths_of] = self._paths
        self._states: dict[str, Relationship] = {}
        self._persons: Persons | None = None
        self._logged: Logged | None = None
        self._homes: dict[str, Partition] = {}
        self._ledger = Ledger(Sketch)
        self._costs: dict[tuple[str, str], KnownCost] = {}

    def feed(self, line: bytes) -> list[bytes] | Reject:
        """Apply one line; the transitions it caused as JSON, or why it is refused."""
        tally = self.tally
        tally.records += 1
        read = read_line(line, self.policy)
        if not isinstance(read, tuple):
            return self._own(line, read)
        event, recorded_ms = read
        if not self._team.is_empty and self._team.has(event.brand, event.person):
            tally.team += 1
            return []
        if self._logged is not None:
            return self._feed_logged(self._logged, event, recorded_ms, (), line)
        if self._persons is not None:
            event.person = self._persons.root(event.brand, event.person)
            if self._team.has(event.brand, event.person):
                tally.team += 1
                return []
            if self._persons.is_gone(event.brand, event.person):
                tally.erased += 1
                return []
        key = relationship_key(event.brand, event.person)
        rel = self._states.get(key)
        partition = self._only or self._partition(key)
        if partition.policy is not self.policy:
            _read_kind(event, line, partition.policy)
        if rel is None and self._persons is not None:
            rel = self._states.get(key) or self._persons.begin(event)
        outcome = partition.apply(rel, event, recorded_ms)
        if not isinstance(outcome, tuple):
            return self._not_applied(outcome)
        tally.applied += 1
        if rel is None or self._persons is not None:
            self._states[key] = outcome[0]
        return self._told(partition, outcome[1].moves)

    def _told(self, partition: Partition, moves: tuple[Transition, ...]) -> list[bytes]:
        if partition.journal is not None and not self.tally.applied % _LINES_PER_JOURNAL:
            self._take_journals()
        return self._write(moves) if moves else []

    def _feed_logged(
        self,
        logged: Logged,
        event: Interaction,
        recorded_ms: int,
        path: tuple[str, ...],
        line: bytes | None,
    ) -> list[bytes] | Reject:
        """An interaction of a log that has links or erasures in it."""
        tally, key = self.tally, relationship_key(event.brand, event.person)
        partition = self._partition(key)
        if line is not None and partition.policy is not self.policy:
            _read_kind(event, line, partition.policy)
        rel = self._states.get(key)
        if rel is None:
            if not logged.stays(event.brand, event.person, path):
                tally.forwarded += 1
                return []
            rel = logged.taken_up(event.brand, event.person, event.at_ms, partition)
            if rel is None:
                tally.erased += 1
                return []
        outcome = partition.apply(rel, event, recorded_ms)
        if not isinstance(outcome, tuple):
            return self._not_applied(outcome)
        tally.applied += 1
        logged.keep(outcome[0])
        return self._told(partition, outcome[1].moves)

    def _take_logged(self, line: LoggedLine) -> list[bytes] | Reject:
        """A record that the service appended to its log."""
        logged = self._logged
        if logged is None:
            logged = self._logged = Logged(self.policy, self._states, self._partition)
        home = self._only or self._partitions[line.partition % len(self._partitions)]
        if line.kind == "forwarded":
            event = read_record(line.value, line.headers, line.recorded_at, home.policy)
            if isinstance(event, Reject):
                return self._not_applied(event)
            event.person = line.person
            if self._team.has(event.brand, event.person):
                self.tally.team += 1
                return []
            return self._feed_logged(logged, event, line.recorded_at, line.path, None)
        try:
            moves = logged.take(line, home)
        except msgspec.MsgspecError as error:
            return self._not_applied(Reject(Reason.WRONG_SHAPE, f"$.value: {error}"))
        self.tally.links += line.kind == "link"
        self.tally.erasures += line.kind == "erase"
        return self._write(moves)

    def _own(self, line: bytes, refused: Reject) -> list[bytes] | Reject:
        """A line that is no interaction: a policy, link or erasure, or it is refused."""
        if is_policy_line(line):
            return self._take_policy(line)
        own = read_logged(line)
        if own is not None:
            return self._take_logged(own)
        read = read_own_line(line)
        if read is None or isinstance(read, Reject):
            refused = refused if read is None else read
            self.tally.refused[refused.reason] += 1
            return refused
        one, recorded_ms = read.said, read.recorded_ms
        persons = self._persons
        if persons is None:
            persons = self._persons = Persons(self._states, self._partition)
        moves: list[Transition] = []
        if isinstance(one, Erasure):
            if one.consent:
                persons.let_in(one.brand, one.person)
            else:
                moves = persons.forget(one.brand, one.person)
            self.tally.erasures += 1
        elif one.undo:
            persons.unlink(one.brand, one.source, one.to, one.at_ms)
            self.tally.links += 1
        else:
            moves = persons.link(one.brand, one.source, one.to, one.at_ms, recorded_ms)
            self.tally.links += 1
        return self._write(moves)

    def _take_policy(self, line: bytes) -> list[bytes] | Reject:
        """From here on another policy decides, in one partition or in all."""
        read = read_policy(line)
        if not isinstance(read, Reject) and (read.partition or 0) >= len(self._partitions) > 1:
            read = Reject(Reason.WRONG_SHAPE, "$.partition: there is none of that number")
        if isinstance(read, Reject):
            self.tally.refused[read.reason] += 1
            return read
        policy = read.policy if self._adapt is None else self._adapt(read.policy)
        self.tally.policies += 1
        moves: list[Transition] = []
        for number, partition in enumerate(self._partitions):
            if self._only is not None or read.partition in (None, number):
                moves += self._revise(number, partition, policy, read.recorded_ms)
        return self._write(moves)

    def _revise(
        self, number: int, partition: Partition, policy: Policy, recorded_ms: int
    ) -> list[Transition]:
        old = self._reigns[number]
        if policy.version == old.policy.version:
            return []
        edition = edition_of(policy.version, old.number + 1)
        policy = self._editions.setdefault(edition, replace(policy, edition=edition))
        new = follow(old, policy, partition.watermark)
        self._reigns[number] = new
        succeed(partition, new, recorded_ms)
        moves: list[Transition] = []
        for key, rel in self._states.items():
            if self._partition(key) is partition:
                moves += catch_up(rel, (old, new), partition.journal)
        self.policy = new.policy
        return moves

    def _not_applied(self, outcome: Seen | Reject) -> list[bytes] | Reject:
        if isinstance(outcome, Seen):
            self.tally.duplicates += 1
            return []
        self.tally.refused[outcome.reason] += 1
        return outcome

    def feed_cost(self, line: bytes) -> Reject | None:
        """Count one line of costs, or say why it is refused."""
        read = read_cost_line(line)
        if isinstance(read, Reject):
            self.tally.refused[read.reason] += 1
            return read
        cost, recorded_ms = read
        self.tally.costs += 1

        def find(cost_id: str) -> KnownCost:
            return self._costs.setdefault((cost.brand, cost_id), KnownCost())

        booking = book(cost, recorded_ms, self.policy.rules_for(cost.brand).rates, find)
        if booking is not None:
            row = Row()
            booking.into(row)
            self._ledger.add(cost.brand, booking.method, booking.day, row, None)
        return None

    def finish(self, until_ms: int | None = None) -> Iterator[bytes]:
        """Walk every silent relationship to its partition's watermark, or to `until_ms`."""
        for partition in self._partitions:
            if partition.journal is not None:
                partition.journal.nothing_at_hand()
        for key, rel in self._states.items():
            partition = self._partition(key)
            end_ms = partition.watermark if until_ms is None else until_ms
            if end_ms is not None:
                rules = partition.rules_for(rel.brand)
                yield from self._write(settle(rel, end_ms, rules, partition.journal))

    def reports(self) -> Iterator[bytes]:
        """The last revision of every report as JSON, by brand and method; after `finish`."""
        self._take_journals()
        for report in self._ledger.reports(lambda brand: self.policy.rules_for(brand).rates):
            yield write_report(report, self.policy.rules_for(report.brand).rates)

    def paths(self, brand: str) -> list[GonePath]:
        """The newest paths of `paths_of`, oldest first; those without an advance are last."""
        for rel in self._states.values():
            if rel.brand == brand:
                methods = tuple(touch.method for touch in since_last_advance(rel, rel.as_of))
                self._paths.append(GonePath(methods, 0, 0))
        return list(self._paths)

    def rates(self, brand: str) -> Rates:
        """The rates of a brand."""
        return self.policy.rules_for(brand).rates

    def cost_shares(self, brand: str, person: str) -> list[CostShare] | None:
        """What of each method's cost falls on a relationship; None if there is none."""
        self._take_journals()
        rel = self._states.get(relationship_key(brand, person))
        return None if rel is None else self._ledger.cost_shares(rel)

    def stages(self) -> dict[str, int]:
        """How many relationships are in each stage."""
        counted = Counter(rel.stage for rel in self._states.values())
        return {stage.label: counted[stage] for stage in Stage}

    def _partition(self, key: str) -> Partition:
        if self._only is not None:
            return self._only
        home = self._homes.get(key)
        if home is None:
            home = self._partitions[partition_of(key.encode(), len(self._partitions))]
            self._homes[key] = home
        return home

    def watermark(self, number: int) -> int | None:
        """Event time that a partition has come to."""
        return self._partitions[number].watermark

    def relationships(self, number: int) -> Iterator[Relationship]:
        """Every state of a partition."""
        home = self._partitions[number]
        for key, rel in self._states.items():
            if self._partition(key) is home:
                yield rel

    def _take_journals(self) -> None:
        for partition in self._partitions:
            if partition.journal is not None:
                for (brand, method, day), entry in partition.journal.take().items():
                    self._ledger.add(brand, method, day, entry.row, sketch_of(entry.people))

    def _write(self, moves: list[Transition] | tuple[Transition, ...]) -> list[bytes]:
        self.tally.transitions += len(moves)
        return [write_transition(move, self._application_id) for move in moves]
