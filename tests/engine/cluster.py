"""Workers as processes, a source to feed, and the check that everything came out exactly once."""

from __future__ import annotations

import asyncio
import json
import random
import signal
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from stream_app.engine import EngineSettings, TopicSpec, ensure_topics, partition_of
from stream_app.engine.wire import POSITION_KEY, is_sealed, key_of_head, read_position, unseal
from tests.forked import Forked

Row = tuple[bytes | None, bytes | None]


class Cluster:
    """The counting job on a real broker."""

    def __init__(
        self,
        broker: str,
        prefix: str,
        folder: Path,
        *,
        partitions: int = 4,
        sources: Sequence[str] = ("in",),
        **settings: Any,
    ) -> None:
        self.broker = broker
        self.app_id = f"{prefix}app"
        self.folder = folder
        self.partitions = partitions
        self.sources = [f"{prefix}{name}" for name in sources]
        self.out = f"{prefix}out"
        self.rejects = f"{prefix}rejects"
        self.settings: dict[str, Any] = {
            "app_id": self.app_id,
            "broker": broker,
            "partitions": partitions,
            "session_timeout_ms": 6_000,
            **settings,
        }
        self.changelog = EngineSettings(**self.settings, data_dir=folder).changelog
        self.workers: dict[str, Forked] = {}
        self.sent: list[tuple[str, bytes]] = []
        self._feeder: AIOKafkaProducer | None = None

    async def __aenter__(self) -> Cluster:
        topics = [*self.sources, self.out, self.rejects]
        await ensure_topics(self.broker, [TopicSpec(t, self.partitions) for t in topics])
        self._feeder = AIOKafkaProducer(bootstrap_servers=self.broker, linger_ms=5)
        await self._feeder.start()
        return self

    async def refresh(self) -> None:
        """A new feeder, which knows topics as they are now."""
        assert self._feeder is not None
        await self._feeder.stop()
        self._feeder = AIOKafkaProducer(bootstrap_servers=self.broker, linger_ms=5)
        await self._feeder.start()

    async def __aexit__(self, *exc: object) -> None:
        for name in list(self.workers):
            self.kill(name)
        assert self._feeder is not None
        await self._feeder.stop()

    # -- input

    async def feed(
        self, keys: Iterable[bytes], *, topic: int = 0, value: bytes = b"", counted: bool = True
    ) -> None:
        """Append one record per key."""
        assert self._feeder is not None
        name = self.sources[topic]
        futures = []
        for key in keys:
            partition = partition_of(key, self.partitions)
            futures.append(await self._feeder.send(name, value, key, partition))
            if counted:
                self.sent.append((name, key))
        await asyncio.gather(*futures)

    async def feed_random(self, records: int, keys: int, seed: int = 1, topic: int = 0) -> None:
        dice = random.Random(seed)
        await self.feed((b"k%d" % dice.randrange(keys) for _ in range(records)), topic=topic)

    # -- workers

    def start(
        self,
        name: str = "a",
        *,
        fault_rate: float = 0.0,
        fault_seed: int = 0,
        open_fails: int = 0,
        tick_fails: int = 0,
        slow_restore_s: float = 0.0,
        slow_commit_s: float = 0.0,
        lost_end: int = 0,
        misplaced: int = 0,
        break_assignments: bool = False,
        long_idle: bool = False,
        clashes: int = 0,
        sources: Sequence[str] | None = None,
        **settings: Any,
    ) -> None:
        """Start a worker; its disk and log carry its name."""
        self.folder.mkdir(parents=True, exist_ok=True)
        options = {
            "settings": {
                **self.settings,
                "instance_id": name,  # a killed worker is back without waiting for its session
                "data_dir": str(self.disk(name)),
                **settings,
            },
            "sources": self.sources if sources is None else list(sources),
            "out": self.out,
            "rejects": self.rejects,
            "fault_rate": fault_rate,
            "fault_seed": fault_seed,
            "open_fails": open_fails,
            "tick_fails": tick_fails,
            "slow_restore_s": slow_restore_s,
            "slow_commit_s": slow_commit_s,
            "lost_end": lost_end,
            "misplaced": misplaced,
            "break_assignments": break_assignments,
            "long_idle": long_idle,
            "clashes": clashes,
            "health": str(self.health_path(name)),
        }
        self.health_path(name).unlink(missing_ok=True)
        self.workers[name] = Forked(
            "tests.engine.worker", [json.dumps(options)], self.log_path(name)
        )

    def disk(self, name: str) -> Path:
        return self.folder / f"disk-{name}"

    def health_path(self, name: str) -> Path:
        return self.folder / f"health-{name}.json"

    def health(self, name: str = "a") -> dict[str, Any]:
        """The engine's health as its worker last wrote it; empty before the first time."""
        path = self.health_path(name)
        return json.loads(path.read_bytes()) if path.exists() else {}

    async def ready(
        self, name: str = "a", *, partitions: int | None = None, within_s: float = 20.0
    ) -> None:
        """Wait until the worker runs (with so many partitions)."""
        deadline = time.monotonic() + within_s
        while True:
            health = self.health(name)
            if health.get("state") == "running" and partitions in (
                None,
                len(health["partitions"]),
            ):
                return
            assert time.monotonic() < deadline, f"not ready: {health}\n{self.log(name)[-3000:]}"
            await asyncio.sleep(0.1)

    def log_path(self, name: str) -> Path:
        return self.folder / f"worker-{name}.log"

    def log(self, name: str = "a") -> str:
        return self.log_path(name).read_text()

    async def logged(self, text: str, name: str = "a", *, within_s: float = 20.0) -> None:
        """Wait until the worker says it."""
        deadline = time.monotonic() + within_s
        while text not in self.log(name):
            assert time.monotonic() < deadline, self.log(name)[-3000:]
            await asyncio.sleep(0.1)

    def kill(self, name: str = "a") -> None:
        worker = self.workers.pop(name)
        worker.send_signal(signal.SIGCONT)
        worker.kill()
        worker.wait()

    def signal(self, number: int, name: str = "a") -> None:
        self.workers[name].send_signal(number)

    async def stop(self, name: str = "a", *, within_s: float = 15.0) -> int:
        """SIGTERM; gives the exit code."""
        self.workers[name].terminate()
        return await self.ended(name, within_s=within_s)

    async def ended(self, name: str = "a", *, within_s: float = 15.0) -> int:
        worker = self.workers[name]
        deadline = time.monotonic() + within_s
        while worker.poll() is None:
            assert time.monotonic() < deadline, f"worker {name} did not end\n{self.log(name)}"
            await asyncio.sleep(0.05)
        del self.workers[name]
        assert worker.returncode is not None
        return worker.returncode

    async def ended_or(self, name: str, *, seconds: float) -> None:
        """Wait so long, or until the worker has ended."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.workers[name].poll() is None:  # noqa: ASYNC110
            await asyncio.sleep(0.02)

    # -- what came out

    async def read(
        self, topics: Sequence[str], *, isolation: str = "read_committed"
    ) -> dict[str, list[Any]]:
        """All records of the topics, in the order of each partition."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.broker,
            isolation_level=isolation,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=50,
        )
        await consumer.start()
        found: dict[str, list[Any]] = defaultdict(list)
        try:
            tps = [TopicPartition(t, p) for t in topics for p in range(self.partitions)]
            consumer.assign(tps)
            await consumer.seek_to_beginning(*tps)
            ends = await consumer.end_offsets(tps)
            while any([await consumer.position(tp) < ends[tp] for tp in tps]):
                got = await consumer.getmany(timeout_ms=100, max_records=20_000)
                for tp, records in got.items():
                    found[tp.topic].extend(records)
        finally:
            await consumer.stop()
        return found

    async def lag(self, topics: Sequence[str] | None = None) -> int:
        """Records that the group has not committed."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.broker, group_id=self.app_id, enable_auto_commit=False
        )
        await consumer.start()
        try:
            tps = [
                TopicPartition(t, p) for t in topics or self.sources for p in range(self.partitions)
            ]
            consumer.assign(tps)
            ends = await consumer.end_offsets(tps)
            return sum([ends[tp] - (await consumer.committed(tp) or 0) for tp in tps])
        finally:
            await consumer.stop()

    async def progress(self, records: int, within_s: float = 20.0) -> None:
        """Wait until so many records of those fed so far are committed."""
        deadline = time.monotonic() + within_s
        while len(self.sent) - await self.lag() < records:
            assert time.monotonic() < deadline, "no progress"
            await asyncio.sleep(0.05)

    async def drained(self, within_s: float = 30.0) -> None:
        """Wait until everything fed is committed."""
        deadline = time.monotonic() + within_s
        while lag := await self.lag():
            logs = "\n".join(self.log(name)[-3000:] for name in self.workers)
            assert time.monotonic() < deadline, f"{lag} records left\n{logs}"
            await asyncio.sleep(0.2)

    async def drained_of(self, topic: int, within_s: float = 30.0) -> None:
        """Wait until everything of one source is committed."""
        deadline = time.monotonic() + within_s
        while await self.lag([self.sources[topic]]):
            assert time.monotonic() < deadline, "records left"
            await asyncio.sleep(0.2)

    async def check_exact(self) -> None:
        """Outputs and states are those of one uninterrupted run."""
        expected = Counter(key for _, key in self.sent)
        found = await self.read([self.out, self.changelog, *self.sources])
        outputs: dict[bytes, list[int]] = defaultdict(list)
        for record in found[self.out]:
            outputs[record.key].append(int(record.value))
        wrong = {
            key: (outputs.get(key), expected.get(key))
            for key in outputs.keys() | expected.keys()
            if outputs.get(key, []) != list(range(1, expected.get(key, 0) + 1))
        }
        assert not wrong, f"outputs differ: {dict(list(wrong.items())[:3])}"
        assert self.states(found[self.changelog]) == dict(expected)

    async def check_partly(self, key: bytes, records: int) -> None:
        """The outputs and the state of one key, and the chain of commits."""
        found = await self.read([self.out, self.changelog])
        outputs = [int(record.value) for record in found[self.out] if record.key == key]
        assert outputs == list(range(1, records + 1))
        assert self.states(found[self.changelog])[key] == records

    def states(self, changelog: Iterable[Any]) -> dict[bytes, int]:
        """Totals per key, from the changelog; checks the position records on the way."""
        states: dict[bytes, int] = {}
        commits: dict[int, int] = {}
        for record in changelog:
            assert record.value is None or is_sealed(record.key, record.value)
            if record.key == POSITION_KEY:
                position = read_position(record.value)
                assert position.commit == commits.get(record.partition, 0) + 1
                commits[record.partition] = position.commit
            elif (key := key_of_head(record.key)) is not None:
                states[key] = int(unseal(record.value))
        return states


async def feed_slowly(c: Cluster, rounds: int) -> None:
    """A few records of every source, ten times a second."""
    for turn in range(rounds):
        await c.feed_random(40, 40, seed=turn)
        if len(c.sources) > 1:
            await c.feed_random(10, 40, seed=turn, topic=1)
        await asyncio.sleep(0.1)
