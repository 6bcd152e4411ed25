"""Records into the topics: acknowledged batch by batch, at a rate, from where the state stands."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any, Final

import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaTimeoutError

from stream_app.backfill.plan import Record
from stream_app.backfill.state import VERSION, Chain, Progress, load, other_import, save
from stream_app.contracts.partitioner import partition_of
from stream_app.edge.counts import partition_counts
from stream_app.edge.topics import PRODUCER, Topics

BATCH: Final = 1_000
"""Records between two notes of the state: so many may be published twice after a kill."""
STOP_S: Final = 5

Told = Callable[[int, int], None]
"""Told how many records the broker has acknowledged now, and before this run."""


class Target(msgspec.Struct, frozen=True):
    """Where to publish to."""

    broker: str
    topics: Topics
    client: dict[str, Any] = {}
    """Keyword arguments of aiokafka's clients: encryption and credentials."""
    per_second: float = 0
    """At most so many records; 0: as fast as it goes."""
    patience_s: float = 60
    """How long a batch may wait for the broker: an idempotent producer never gives up by itself."""

    def topic(self, record: Record) -> str:
        """The topic of a record."""
        if record.to == "raw":
            return self.topics.raw(record.platform)
        return self.topics.log if record.to == "log" else self.topics.erasures


def rest(
    records: Iterable[Record], progress: Progress, chain: Chain, path: Path
) -> Iterator[Record]:
    """The records behind those that are acknowledged. Raises StateFileError if it is not so."""
    for record in records:
        if chain.count >= progress.acknowledged:
            yield record
            continue
        chain.add(record)
        if chain.count == progress.acknowledged and chain.digest != progress.digest:
            raise other_import(path)
    if chain.count < progress.acknowledged:
        raise other_import(path)


async def publish(
    records: Iterable[Record], target: Target, state: Path | None, told: Told = lambda *_: None
) -> tuple[int, int]:
    """Publish; how many records were published now, and how many before.

    Raises NoSuchTopicError, StateFileError, and aiokafka's KafkaError, KafkaTimeoutError if the
    broker is silent for too long: what was acknowledged until then is in the state.
    """
    start = Progress(VERSION, target.topics.log, 0, Chain().digest)
    if state is not None:
        start = load(state, target.topics.log)
    chain = Chain()
    left = iter(records)
    if state is not None:
        left = rest(records, start, chain, state)
    first = next(left, None)
    if first is None:
        return 0, start.acknowledged
    counts = await partition_counts(target.broker, _names(first, target), target.client)
    producer = AIOKafkaProducer(bootstrap_servers=target.broker, **PRODUCER, **target.client)
    try:
        await producer.start()
        sender = _Sender(producer, target, counts, chain, state)
        return await sender.send(first, left, told, start.acknowledged), start.acknowledged
    finally:
        # It would wait for the broker without end to be rid of what it still holds.
        with suppress(TimeoutError):
            await asyncio.wait_for(producer.stop(), STOP_S)


def _names(first: Record, target: Target) -> list[str]:
    return (
        [target.topic(first)] if first.to == "raw" else [target.topics.log, target.topics.erasures]
    )


class _Sender:
    def __init__(
        self,
        producer: AIOKafkaProducer,
        target: Target,
        partitions: dict[str, int],
        chain: Chain,
        state: Path | None,
    ) -> None:
        self._producer = producer
        self._target = target
        self._partitions = partitions
        self._chain = chain
        self._state = state

    async def send(self, first: Record, left: Iterator[Record], told: Told, before: int) -> int:
        """Batch after batch; how many records."""
        rate, began, sent = self._target.per_second, time.monotonic(), 0
        size = min(BATCH, max(1, int(rate))) if rate else BATCH
        batch = [first, *islice(left, size - 1)]
        while batch:
            try:
                async with asyncio.timeout(self._target.patience_s):
                    await self._batch(batch)
            except TimeoutError:
                silent = f"no answer for {self._target.patience_s:g} s"
                raise KafkaTimeoutError(silent) from None
            sent += len(batch)
            told(sent, before)
            if rate:
                await asyncio.sleep(max(0.0, began + sent / rate - time.monotonic()))
            batch = list(islice(left, size))
        return sent

    async def _batch(self, batch: list[Record]) -> None:
        """All of them acknowledged, and that noted."""
        waiting = []
        for record in batch:
            topic = self._target.topic(record)
            partition = partition_of(record.key, self._partitions[topic])
            waiting.append(
                await self._producer.send(topic, record.value, record.key, partition=partition)
            )
            self._chain.add(record)
        for outcome in await asyncio.gather(*waiting, return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome
        if self._state is not None:
            topic = self._target.topics.log
            save(self._state, Progress(VERSION, topic, self._chain.count, self._chain.digest))
