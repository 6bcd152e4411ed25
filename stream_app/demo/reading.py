"""Topics read without a group: from the beginning, committed records only; and who is how far."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from stream_app.demo.errors import DemoError

FETCH_BYTES = 4 << 20


@asynccontextmanager
async def consumer(
    broker: str, topics: Iterable[str], partitions: int
) -> AsyncIterator[AIOKafkaConsumer]:
    """A read_committed consumer of whole topics, at their beginnings."""
    reader = AIOKafkaConsumer(
        bootstrap_servers=broker,
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=FETCH_BYTES,
        fetch_max_wait_ms=100,
    )
    try:
        await reader.start()
        places = [TopicPartition(topic, n) for topic in topics for n in range(partitions)]
        reader.assign(places)
        await reader.seek_to_beginning(*places)
        yield reader
    finally:
        await reader.stop()


async def read_all(broker: str, topics: Iterable[str], partitions: int) -> dict[Any, list[Any]]:
    """Everything that the topics hold now: records by (topic, partition), in order."""
    async with consumer(broker, topics, partitions) as reader:
        ends = await reader.end_offsets(sorted(reader.assignment()))
        found: dict[Any, list[Any]] = {place: [] for place in ends}
        waiting = {place for place, end in ends.items() if end > 0}
        while waiting:
            for place, records in (await reader.getmany(timeout_ms=200)).items():
                found[place].extend(r for r in records if r.offset < ends[place])
            at = {place: await reader.position(place) for place in waiting}
            waiting = {place for place in waiting if at[place] < ends[place]}
    return found


class Offsets:
    """How far the workers' group is, by what they have committed."""

    def __init__(self, admin: AIOKafkaAdminClient, reader: AIOKafkaConsumer, group: str) -> None:
        self._admin = admin
        self._reader = reader
        self._group = group

    async def ends(self, topics: Iterable[str], partitions: int) -> dict[TopicPartition, int]:
        """The offset behind the last record of every partition."""
        places = [TopicPartition(topic, n) for topic in topics for n in range(partitions)]
        found: dict[TopicPartition, int] = await self._reader.end_offsets(places)
        return found

    async def lag(self, topics: Iterable[str], partitions: int) -> int:
        """Records (and marks of transactions) that are not committed yet as processed."""
        ends = await self.ends(topics, partitions)
        committed = await self._admin.list_consumer_group_offsets(self._group)
        return sum(
            max(0, end - (committed[place].offset if place in committed else 0))
            for place, end in ends.items()
        )


@asynccontextmanager
async def offsets(broker: str, reader: AIOKafkaConsumer, group: str) -> AsyncIterator[Offsets]:
    """An `Offsets` of a group; `reader` is any consumer, which is asked for the ends."""
    admin = AIOKafkaAdminClient(bootstrap_servers=broker)
    await admin.start()
    try:
        yield Offsets(admin, reader, group)
    finally:
        await admin.close()


async def look_for(broker: str) -> None:
    """Raises DemoError if no Kafka answers at that address."""
    admin = AIOKafkaAdminClient(bootstrap_servers=broker)
    try:
        await admin.start()
    except (KafkaError, OSError, ValueError) as error:
        raise DemoError(
            f"no Kafka answers at {broker} ({type(error).__name__}); "
            "correct RAPPORT_BROKER or BROKER (host:port), or unset them: the demo then starts a "
            "Kafka of its own"
        ) from None
    finally:
        await admin.close()


async def remove_topics(broker: str, prefix: str) -> None:
    """Delete every topic whose name begins so."""
    admin = AIOKafkaAdminClient(bootstrap_servers=broker)
    await admin.start()
    try:
        names = [name for name in await admin.list_topics() if name.startswith(prefix)]
        if names:
            await admin.delete_topics(names)
    finally:
        await admin.close()
