"""The job on a real store without Kafka: records in slices, ticks, commits and crashes at will."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from pathlib import Path

from stream_app.domain.policy import Policy
from stream_app.edge.offline import TOPICS, Record, commit, job_of
from stream_app.edge.states import State
from stream_app.engine import Unit
from stream_app.engine.store import Store, StoreMemory


def by_key(records: Iterable[tuple[bytes | None, bytes | None]]) -> dict[bytes, list[bytes]]:
    """Values, in order, of each key; none may be missing."""
    found: dict[bytes, list[bytes]] = {}
    for key, value in records:
        assert key is not None
        assert value is not None
        found.setdefault(key, []).append(value)
    return found


class Offline:
    """One partition of one; what it writes into the log comes back behind what is there."""

    def __init__(
        self, folder: Path, seed: int = 0, partition: int = 0, partitions: int = 1
    ) -> None:
        self.dice = random.Random(seed)
        self.partition, self.partitions = partition, partitions
        self.store = Store(folder, StoreMemory(1 << 20, 8 << 20, 1))
        self.store.open()
        self.outputs: dict[str, list[tuple[bytes | None, bytes | None]]] = {}
        self.log: list[Record] = []
        self.done = self.committed = 0
        self.now_ms = 0
        self.meta = b""

    def start(self, policy: Policy, started_ms: int) -> None:
        """A worker with this file takes the partition up."""
        self.job = job_of(policy, started_ms, partitions=self.partitions)
        self.unit: Unit[State] = Unit(
            self.partition, self.store, self.job.codec, partitions=self.partitions, cache_states=20
        )
        self.crash()

    def append(
        self, key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, bytes]] = ()
    ) -> None:
        """A record at the end of the log."""
        place = len(self.log)
        self.log.append(Record(TOPICS.log, self.partition, place, self.now_ms, key, value, headers))

    def work_off(self, *, crashes: bool = False) -> None:
        """All of the log, in slices of any size, with ticks, commits and crashes between them."""
        while True:
            if self.done == len(self.log) and not self.step_tick():
                self.commit()
                if self.done == len(self.log):
                    return
            size = self.dice.randint(1, 40)
            records = self.log[self.done : self.done + size]
            if records:
                self.job.process(self.unit, TOPICS.log, records)
                self.done += len(records)
            chance = self.dice.random()
            if chance < 0.3:
                self.commit()
            elif chance < 0.4 and crashes:
                self.crash()
            elif chance < 0.7:
                self.step_tick()

    def step_tick(self) -> bool:
        """A tick: True if more work waits."""
        return self.job.tick(self.unit, self.now_ms, 0)

    def commit(self) -> None:
        """What was written into the log comes back; the rest is in `outputs`."""
        written = commit(self.unit, self.store)
        self.committed, self.meta = self.done, self.unit.meta
        for (topic, _), records in written.items():
            for key, value, headers, _ in records:
                if topic == TOPICS.log:
                    self.append(key, value, headers)
                else:
                    self.outputs.setdefault(topic, []).append((key, value))

    def crash(self) -> None:
        """Everything since the last commit is lost."""
        self.unit.reset(self.meta)
        self.done = self.committed
        self.job.open(self.unit)

    def moves(self) -> dict[bytes, list[bytes]]:
        """The transitions that were written, by relationship."""
        return by_key(self.outputs.get(TOPICS.transitions, ()))
