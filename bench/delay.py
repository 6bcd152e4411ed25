"""Latency: from an event's append to the moment when its transition can be read."""

from __future__ import annotations

import asyncio
import re
import time
import uuid
from collections.abc import Iterator
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from bench import kafka
from bench.contestants import Run
from bench.engines import LOG_CONFIG, traces
from bench.events import interactions
from bench.process import child, cpu_s, note, python
from bench.results import Section, quantile
from stream_app.adapters.registry import PLATFORMS
from stream_app.engine import partition_of
from stream_app.engine.private_fetch import hand_out_as_parsed

WARM_UP_S = 5
_SLICE_S = 0.01
_CAUSE = re.compile(rb'"cause":{"id":"([^"]+)"')
_TIME = re.compile(rb'"occurred_at":("[^"]*"|\d+)')


def measure(broker: str, *, rate: int, seconds: int, partitions: int) -> Section:
    """One worker with all its topics, the whole model, default settings."""
    name = f"bench-{uuid.uuid4().hex[:8]}-latency"
    topic = f"{name}-log"
    with traces(broker, name) as folder:
        kafka.make(broker, topic, partitions, LOG_CONFIG)
        run = Run(broker, topic, "", name, folder, 1 << 60, partitions)
        options = run.options(job="model", stay=True, platforms=PLATFORMS)
        with child("latency", python("bench.peers.ours", options)) as worker:
            worker.wait_for("open", 120)
            note(f"{rate} events/s for {seconds} s")
            probe = Probe(broker, topic, f"{name}-relationship.transitions", partitions)
            before_s = cpu_s(worker.process.pid)
            first_counted = asyncio.run(probe.run(rate, seconds))
            delays = [delay for act, _, delay in probe.delays() if act >= first_counted]
            cores = (cpu_s(worker.process.pid) - before_s) / (seconds + WARM_UP_S)
    found = quantiles(delays)
    return {
        "rate": rate,
        "seconds": seconds,
        "partitions": partitions,
        "transitions": len(delays),
        "worker_cores": cores,
        "ms": found,
    }


_QUANTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}


def quantiles(delays: list[float]) -> dict[str, float]:
    """Of delays in milliseconds; also said on standard error."""
    found = {name: quantile(delays, share) for name, share in _QUANTILES.items()}
    note(", ".join(f"{name} {value:.0f} ms" for name, value in found.items()))
    return found


class Probe:
    """Publishes at an even rate, reads transitions, and pairs them by the act's id.

    `shift_ms` is added to the clock for the acts' own times. `silent_ms` has the times at which
    transitions were read that no act has caused.
    """

    def __init__(
        self, broker: str, topic: str, out: str, partitions: int, shift_ms: int = 0
    ) -> None:
        self._broker = broker
        self._topic = topic
        self._out = out
        self._partitions = partitions
        self._shift_ms = shift_ms
        self._appended_ms: dict[str, float] = {}
        self._seen_ms: dict[str, float] = {}
        self.silent_ms: list[float] = []

    def delays(self) -> Iterator[tuple[str, float, float]]:
        """Of each act that led to a transition: id, when it was appended, delay; milliseconds."""
        for act, seen_ms in self._seen_ms.items():
            appended_ms = self._appended_ms.get(act)
            if appended_ms is not None:
                yield act, appended_ms, seen_ms - appended_ms

    async def run(self, rate: int, seconds: int) -> str:
        """Do it; gives the first act behind the warm-up: ids are in order."""
        consumer = AIOKafkaConsumer(
            self._out,
            bootstrap_servers=self._broker,
            isolation_level="read_committed",
            group_id=None,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            fetch_max_wait_ms=500,
        )
        await consumer.start()
        reading = asyncio.create_task(self._read(consumer))
        try:
            first_counted = await self._publish(rate, seconds)
            await asyncio.sleep(3)
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
            await consumer.stop()
        return first_counted

    async def _read(self, consumer: AIOKafkaConsumer) -> None:
        hand_out_as_parsed(consumer)  # the reader must not be what is measured
        while True:
            for records in (await consumer.getmany(timeout_ms=500)).values():
                now_ms = time.time() * 1000
                for record in records:
                    cause = _CAUSE.search(record.value)
                    if cause is None:
                        self.silent_ms.append(now_ms)
                    else:
                        self._seen_ms[cause[1].decode()] = now_ms

    async def _publish(self, rate: int, seconds: int) -> str:
        producer = AIOKafkaProducer(bootstrap_servers=self._broker, acks=1, linger_ms=0)
        await producer.start()
        total = rate * (seconds + WARM_UP_S)
        rows = _now(interactions(total, "many"), self._shift_ms)
        started_s, sent = time.perf_counter(), 0
        try:
            while sent < total:
                due = min(total, int((time.perf_counter() - started_s) * rate) + 1)
                for _ in range(due - sent):
                    await self._send(producer, *next(rows))
                sent = due
                await asyncio.sleep(_SLICE_S)
            await producer.flush()
        finally:
            await producer.stop()
        return f"e{rate * WARM_UP_S:09d}"

    async def _send(self, producer: AIOKafkaProducer, key: bytes, value: bytes) -> None:
        home = partition_of(key, self._partitions)
        future = await producer.send(self._topic, value, key, partition=home)
        act = value[7:17].decode()
        future.add_done_callback(lambda done: self._note(act, done))

    def _note(self, act: str, done: asyncio.Future[Any]) -> None:
        # The broker's own time of the append: the topic has LogAppendTime.
        self._appended_ms[act] = done.result().timestamp


def _now(rows: Iterator[tuple[bytes, bytes]], shift_ms: int) -> Iterator[tuple[bytes, bytes]]:
    """Events that happen as they are published, by a clock that is so far ahead."""
    for key, value in rows:
        now = b'"occurred_at":%d' % (int(time.time() * 1000) + shift_ms)
        yield key, _TIME.sub(now, value, count=1)
