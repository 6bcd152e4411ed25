"""The service's job on real stores without Kafka: partitions that take turns by a seeded dice.

What a broker could do between two partitions is tried in any order; each turn is one commit.
"""

from __future__ import annotations

import random
from collections import defaultdict, deque
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson

from stream_app.contracts.partitioner import partition_of
from stream_app.contracts.policy import default_policy
from stream_app.edge.facts import NoFacts
from stream_app.edge.offline import TOPICS, Record, commit, job_of
from stream_app.edge.states import State
from stream_app.engine import Unit
from stream_app.engine.store import Store, StoreMemory

from .offline import by_key

RAW = TOPICS.raw("bluesky")
SOURCES = {TOPICS.log, TOPICS.links, TOPICS.erasures, RAW}


class Lanes:
    """One installation; `now_ms` is the time that records get."""

    def __init__(self, folder: Path, partitions: int, dice: random.Random) -> None:
        self.partitions = partitions
        self.dice = dice
        self.now_ms = 0
        self.topics: dict[tuple[str, int], list[Record]] = defaultdict(list)
        self.waiting: dict[int, dict[str, deque[Record]]] = defaultdict(lambda: defaultdict(deque))
        self.counts: dict[str, int] = defaultdict(int)
        facts = NoFacts()
        facts.processed = self._count  # type: ignore[method-assign]
        self.forgotten = 0
        facts.forgotten = self._count_forgotten  # type: ignore[method-assign]
        self.job = job_of(
            default_policy(),
            1_790_000_000_000,
            partitions=partitions,
            raw_topics={RAW: "bluesky"},
            facts=facts,
            seen_limit=8,
        )
        memory = StoreMemory(1 << 20, 8 << 20, partitions)
        self.stores = [Store(folder / str(number), memory) for number in range(partitions)]
        self.units: list[Unit[State]] = []
        for number, store in enumerate(self.stores):
            store.open()
            unit: Unit[State] = Unit(number, store, self.job.codec, partitions=partitions)
            self.job.open(unit)
            self.units.append(unit)

    def _count(self, outcome: str, count: int) -> None:
        self.counts[outcome] += count

    def _count_forgotten(self, count: int) -> None:
        self.forgotten += count

    def close(self) -> None:
        """Close the stores."""
        for store in self.stores:
            store.close()

    def publish(self, topic: str, key: str, told: dict[str, Any]) -> None:
        """A record as a publisher sends it."""
        place = partition_of(key.encode(), self.partitions)
        self._append(topic, place, key.encode(), orjson.dumps(told), ())

    def link(self, source: str, to: str, **more: Any) -> None:
        """Publish a link."""
        told = {"brand": "acme", "from": source, "to": to, **more}
        self.publish(TOPICS.links, f"acme/{source}", told)

    def erase(self, person: str, brand: str = "acme", **more: Any) -> None:
        """Publish an erasure."""
        told = {"brand": brand, "person": person, **more}
        self.publish(TOPICS.erasures, f"{brand}/{person}", told)

    def act(self, person: str, act: str, at_ms: int, verb: str = "reply", **more: Any) -> None:
        """Publish an interaction."""
        told = {"id": act, "brand": "acme", "person": person, "platform": "web", "verb": verb}
        self.publish(TOPICS.log, f"acme/{person}", {**told, "occurred_at": at_ms, **more})

    def _append(
        self,
        topic: str,
        partition: int,
        key: bytes | None,
        value: bytes | None,
        headers: Iterable[tuple[str, bytes]],
    ) -> None:
        held = self.topics[topic, partition]
        self.now_ms += 1
        record = Record(topic, partition, len(held), self.now_ms, key, value, list(headers))
        held.append(record)
        if topic in SOURCES:
            self.waiting[partition][topic].append(record)

    def run(self) -> None:
        """Work off everything; which partition and topic comes next, and how far, is diced."""
        while True:
            ready = [
                (number, topic)
                for number in range(self.partitions)
                for topic, queue in self.waiting[number].items()
                if queue
            ]
            if not ready:
                return
            self._turn(*self.dice.choice(ready))

    def _turn(self, number: int, topic: str) -> None:
        queue, unit = self.waiting[number][topic], self.units[number]
        taken = [queue.popleft() for _ in range(self.dice.randint(1, len(queue)))]
        self.job.process(unit, topic, taken)
        if self.dice.random() < 0.3:
            self._tick(unit)
        self._commit(number)

    def _tick(self, unit: Unit[State]) -> None:
        while self.job.tick(unit, self.now_ms, 0):
            pass

    def _commit(self, number: int) -> None:
        written = commit(self.units[number], self.stores[number])
        for (topic, partition), outputs in written.items():
            for key, value, headers, _ in outputs:
                self._append(topic, partition, key, value, headers)

    def settle(self) -> None:
        """Walk what is due."""
        for number, unit in enumerate(self.units):
            self._tick(unit)
            self._commit(number)

    def records(self, topic: str) -> list[Record]:
        """All records of a topic, partition by partition."""
        return [
            record for number in range(self.partitions) for record in self.topics[topic, number]
        ]

    def views(self) -> dict[str, dict[str, Any]]:
        """The latest view of each person."""
        found: dict[str, dict[str, Any]] = {}
        for record in self.records(TOPICS.states):
            assert record.key is not None
            person = record.key.decode().partition("/")[2]
            found.pop(person, None)
            if record.value is not None:
                found[person] = orjson.loads(record.value)
        return found

    def moves(self) -> dict[bytes, list[bytes]]:
        """The transitions of each relationship."""
        return by_key((record.key, record.value) for record in self.records(TOPICS.transitions))

    def holds(self, text: str) -> list[bytes]:
        """Stored records that contain a text."""
        needle = text.encode()
        return [
            raw
            for store in self.stores
            for raw, value in store.items()
            if needle in raw or needle in value
        ]
