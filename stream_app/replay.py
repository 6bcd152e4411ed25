"""The service's core over a file: no Kafka, no clock, one transition at a time.

Each partition has its own watermark, as Kafka would cut the lines; one by default.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from stream_app.contracts.interaction import read_line
from stream_app.contracts.partitioner import partition_of
from stream_app.contracts.transition import write_transition
from stream_app.domain.events import relationship_key
from stream_app.domain.partition import Partition, Seen
from stream_app.domain.policy import Policy
from stream_app.domain.rejects import Reject
from stream_app.domain.relationship import Transition, settle
from stream_app.domain.state import Relationship
from stream_app.domain.transitions import Stage


@dataclass
class Tally:
    """What a replay has seen so far."""

    records: int = 0
    applied: int = 0
    duplicates: int = 0
    transitions: int = 0
    refused: Counter[str] = field(default_factory=Counter)


class Replay:
    """Feeds lines to the core and gives out the transitions."""

    def __init__(self, policy: Policy, application_id: str, partitions: int = 1) -> None:
        self.policy = policy
        self.tally = Tally()
        self._application_id = application_id
        self._partitions = [Partition(policy) for _ in range(partitions)]
        self._states: dict[str, tuple[Relationship, Partition]] = {}

    def feed(self, line: bytes) -> list[bytes] | Reject:
        """Apply one line; the transitions it caused as JSON, or why it is refused."""
        tally = self.tally
        tally.records += 1
        read = read_line(line, self.policy)
        if isinstance(read, Reject):
            tally.refused[read.reason] += 1
            return read
        event, recorded_ms = read
        key = relationship_key(event.brand, event.person)
        known = self._states.get(key)
        rel, partition = known or (None, self._partition(key))
        outcome = partition.apply(rel, event, recorded_ms)
        if isinstance(outcome, Seen):
            tally.duplicates += 1
            return []
        if isinstance(outcome, Reject):
            tally.refused[outcome.reason] += 1
            return outcome
        tally.applied += 1
        if known is None:
            self._states[key] = outcome[0], partition
        return self._write(outcome[1].moves)

    def finish(self, until_ms: int | None = None) -> Iterator[bytes]:
        """Walk every silent relationship to its partition's watermark, or to `until_ms`."""
        for rel, partition in self._states.values():
            end_ms = partition.watermark if until_ms is None else until_ms
            if end_ms is not None:
                yield from self._write(settle(rel, end_ms, self.policy.rules_for(rel.brand)))

    def stages(self) -> dict[str, int]:
        """How many relationships are in each stage."""
        counted = Counter(rel.stage for rel, _ in self._states.values())
        return {stage.label: counted[stage] for stage in Stage}

    def _partition(self, key: str) -> Partition:
        if len(self._partitions) == 1:
            return self._partitions[0]
        return self._partitions[partition_of(key.encode(), len(self._partitions))]

    def _write(self, moves: list[Transition] | tuple[Transition, ...]) -> list[bytes]:
        self.tally.transitions += len(moves)
        return [write_transition(move, self._application_id) for move in moves]
