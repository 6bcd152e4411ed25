"""Topics of the benchmark: made, filled once, counted."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from aiokafka import AIOKafkaProducer

from bench.events import Row
from stream_app.edge.reading import read_topic
from stream_app.engine import TopicSpec, ensure_topics, partition_of

BATCH_BYTES = 512 << 10
_IN_FLIGHT = 16


def make(broker: str, name: str, partitions: int, config: Mapping[str, str] | None = None) -> None:
    """Create a topic if it is not there."""
    asyncio.run(ensure_topics(broker, [TopicSpec(name, partitions, config=config or {})]))


def fill(broker: str, topic: str, partitions: int, rows: Iterable[Row]) -> int:
    """Append rows under their keys' partitions, lz4 as a publisher would; gives their number."""
    return asyncio.run(_fill(broker, topic, partitions, rows))


async def _fill(broker: str, topic: str, partitions: int, rows: Iterable[Row]) -> int:
    home = lru_cache(1 << 20)(partition_of)
    producer = AIOKafkaProducer(
        bootstrap_servers=broker,
        compression_type="lz4",
        max_batch_size=BATCH_BYTES,
        max_request_size=8 << 20,
        acks=1,
    )
    await producer.start()
    sent: list[asyncio.Future[Any]] = []
    batches: dict[int, Any] = {}

    async def send(partition: int) -> None:
        batch = batches.pop(partition)
        sent.append(await producer.send_batch(batch, topic, partition=partition))
        if len(sent) > _IN_FLIGHT:
            await sent.pop(0)

    count, now_ms = 0, int(time.time() * 1000)
    try:
        for key, value in rows:
            partition = home(key, partitions)
            batch = batches.get(partition) or batches.setdefault(partition, producer.create_batch())
            if batch.append(timestamp=now_ms, key=key, value=value) is None:
                await send(partition)
                batch = batches[partition] = producer.create_batch()
                batch.append(timestamp=now_ms, key=key, value=value)
            count += 1
        for partition in list(batches):
            await send(partition)
        for future in sent:
            await future
    finally:
        await producer.stop()
    return count


def count_committed(broker: str, topic: str) -> int:
    """Records of a topic that a read_committed consumer sees."""
    return sum(len(rows) for rows in read_committed(broker, topic).values())


def read_committed(broker: str, topic: str) -> dict[int, list[Row]]:
    """All records of a topic that a read_committed consumer sees, per partition, in order."""
    return asyncio.run(_read(broker, topic))


async def _read(broker: str, topic: str) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = defaultdict(list)
    async for _, record in read_topic(broker, topic):
        found[record.partition].append((record.key or b"", record.value or b""))
    return found
