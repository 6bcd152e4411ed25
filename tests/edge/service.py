"""The service under test: real workers on a real broker, and what they should have written."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import time
import urllib.request
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition

from stream_app.bootstrap import prepare_topics
from stream_app.config import ServiceSettings
from stream_app.contracts.partitioner import partition_of
from stream_app.contracts.policy import default_policy
from stream_app.edge.log import KIND, header, recorded_ms
from stream_app.replay import Replay
from tests.forked import Forked

PLATFORMS = ("bluesky", "twitter")
PARTITIONS = 4
Sent = tuple[str, bytes | None, bytes | None, dict[str, Any]]


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Service:
    """One installation: a prefix of its own, workers to start and kill."""

    def __init__(self, broker: str, prefix: str, folder: Path) -> None:
        self.policy = default_policy()
        """The first one: what the log says of others comes on top."""
        self.settings = ServiceSettings(
            broker=broker,
            platforms=PLATFORMS,
            application_id=f"{prefix}app",
            topic_prefix=prefix,
            partitions=PARTITIONS,
        )
        self.topics = self.settings.topics
        self._folder = folder
        self.workers: dict[str, Forked] = {}
        self.ports: dict[str, int] = {}

    async def prepare(self) -> None:
        """Create the topics."""
        await prepare_topics(self.settings)

    def start(self, name: str, *options: str, patch: str = "") -> None:
        """Start a worker; `patch` is Python that runs in it first."""
        self.ports[name] = free_port()
        settings = self.settings
        arguments = [
            "worker",
            *("--broker", settings.broker, "--application-id", settings.application_id),
            *("--topic-prefix", settings.topic_prefix, "--partitions", str(PARTITIONS)),
            *("--platforms", ",".join(PLATFORMS), "--data", str(self._folder / name)),
            *("--web-port", str(self.ports[name]), "--session-timeout-ms", "6000"),
            *("--no-idle-ticks", "--log-level", "WARNING", *options),
        ]
        log = self._folder / f"{name}.log"
        self.workers[name] = Forked("stream_app.__main__", arguments, log, patch=patch)

    def kill(self, name: str) -> None:
        """kill -9."""
        worker = self.workers.pop(name)
        worker.kill()
        worker.wait()

    def stop(self, name: str) -> int:
        """SIGTERM; the exit status."""
        worker = self.workers.pop(name)
        worker.terminate()
        return worker.wait(30)

    def close(self) -> None:
        """End what still runs."""
        for name in list(self.workers):
            self.kill(name)

    def get(self, name: str, path: str) -> bytes:
        """A page of a worker; raises OSError while there is none."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.ports[name]}{path}") as page:
            return bytes(page.read())

    def log_of(self, name: str) -> str:
        """What a worker said."""
        return (self._folder / f"{name}.log").read_text("utf-8", "replace")

    async def until_ready(self, name: str) -> None:
        """Wait until a worker processes records."""

        def ready() -> bool:
            with contextlib.suppress(OSError):
                return bool(json.loads(self.get(name, "/ready"))["ready"])
            return False

        await until(ready, 60, lambda: self.log_of(name))

    async def send(self, records: Iterable[Sent], *, per_second: int = 0) -> None:
        """Publish (topic, key, value, options of `send`) in order; Kafka's partitioner."""
        producer = AIOKafkaProducer(
            bootstrap_servers=self.settings.broker, linger_ms=5, max_request_size=4 << 20
        )
        await producer.start()
        try:
            for number, (topic, key, value, options) in enumerate(records):
                options = dict(options)
                if key is not None and "partition" not in options:
                    options["partition"] = partition_of(key, PARTITIONS)
                await producer.send(topic, value, key=key, **options)
                if per_second and number % 100 == 99:
                    await asyncio.sleep(100 / per_second)
            await producer.flush()
        finally:
            await producer.stop()

    async def read(self, topic: str) -> list[ConsumerRecord]:
        """All committed records of a topic, in order within each partition."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.settings.broker,
            isolation_level="read_committed",
            enable_auto_commit=False,
            max_partition_fetch_bytes=4 << 20,
        )
        await consumer.start()
        try:
            partitions = [TopicPartition(topic, number) for number in range(PARTITIONS)]
            consumer.assign(partitions)
            await consumer.seek_to_beginning(*partitions)
            ends = await consumer.end_offsets(partitions)
            found: list[ConsumerRecord] = []
            while any([await consumer.position(tp) < ends[tp] for tp in partitions]):
                for records in (await consumer.getmany(timeout_ms=200)).values():
                    found.extend(records)
            return found
        finally:
            await consumer.stop()

    async def transitions(self) -> dict[bytes, list[bytes]]:
        """What was written, per relationship."""
        written: dict[bytes, list[bytes]] = defaultdict(list)
        for record in await self.read(self.topics.transitions):
            written[record.key].append(record.value)
        return written

    async def expected(self) -> dict[bytes, list[bytes]]:
        """What `rapport replay` gives on the log as it stands, per relationship."""
        log = await self.read(self.topics.log)
        expected: dict[bytes, list[bytes]] = defaultdict(list)
        for number in range(PARTITIONS):
            core = Replay(self.policy, self.settings.application_id)
            moves: list[bytes] = []
            for record in log:
                if record.partition == number and (line := as_line(record)) is not None:
                    outcome = core.feed(line)
                    moves.extend(outcome if isinstance(outcome, list) else ())
            moves.extend(core.finish())
            for move in moves:
                told = orjson.loads(move)
                expected[f"{told['brand']}/{told['person']}".encode()].append(move)
        return expected

    async def until_exact(self, at_least: int, timeout_s: float = 90) -> int:
        """Wait until what was written is what is expected, and so much; how many transitions."""
        deadline = time.monotonic() + timeout_s
        while True:
            expected, written = await self.expected(), await self.transitions()
            count = sum(map(len, expected.values()))
            if expected == written and count >= at_least:
                return count
            if time.monotonic() > deadline:
                wrong = [key for key in {*expected, *written} if expected[key] != written[key]]
                pairs = [(len(expected[key]), len(written[key])) for key in wrong[:5]]
                logs = "".join(self.log_of(name)[-2000:] for name in self.ports)
                raise AssertionError(f"{count}, {len(wrong)} relationships differ: {pairs}\n{logs}")
            await asyncio.sleep(0.5)


def as_line(record: ConsumerRecord) -> bytes | None:
    """A record of the log as a line for replay; None for what replay does not get."""
    if header(record.headers, KIND) == b"tick":
        return None
    recorded = recorded_ms(record.headers, record.timestamp)
    try:
        told = orjson.loads(record.value)
        key = f"{told['brand']}/{told['person']}".encode()
    except (orjson.JSONDecodeError, TypeError, KeyError):
        return record.value
    if record.key != key or partition_of(key, PARTITIONS) != record.partition:
        return None  # it was appended again under its right key
    return orjson.dumps({**told, "recorded_at": recorded})


async def until(done: Callable[[], bool], timeout_s: float, why: Callable[[], str]) -> None:
    """Wait for a condition; fails with `why` after the timeout."""
    deadline = time.monotonic() + timeout_s
    while not done():
        assert time.monotonic() < deadline, why()
        await asyncio.sleep(0.2)


def interaction(person: str, act: str, at: str | int, **more: Any) -> dict[str, Any]:
    """A small valid interaction."""
    return {
        "id": act,
        "brand": "acme",
        "person": person,
        "platform": "web",
        "verb": "reply",
        "occurred_at": at,
    } | more


def record(topic: str, told: dict[str, Any], **options: Any) -> Sent:
    """An interaction as its publisher sends it, rightly keyed."""
    return topic, f"{told['brand']}/{told['person']}".encode(), orjson.dumps(told), options
