"""Records into the topics: deliveries group by group, the history fast-forward."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from aiokafka import AIOKafkaProducer

from stream_app.contracts.partitioner import partition_of
from stream_app.demo.community import Act
from stream_app.demo.deliveries import Delivery
from stream_app.demo.mischief import Sent, record
from stream_app.demo.spending import Bill
from stream_app.edge.topics import PRODUCER, Topics

_SLICE_S: Final = 0.05
_SLICE_RECORDS: Final = 2_000


@asynccontextmanager
async def producer(broker: str) -> AsyncIterator[AIOKafkaProducer]:
    """A producer as a platform team would set it up."""
    made = AIOKafkaProducer(bootstrap_servers=broker, **PRODUCER)
    try:
        await made.start()
        yield made
    finally:
        await made.stop()


@dataclass(slots=True)
class Sending:
    """How far the input is."""

    deliveries: int = 0
    all_deliveries: int = 0
    records: int = 0
    all_records: int = 0
    day_ms: int = 0
    """The time that the history has come to."""
    first_at: float = 0.0
    """When the first record was sent, on the monotonic clock."""


class Publisher:
    """Sends, and says how far it is."""

    def __init__(self, send_by: AIOKafkaProducer, topics: Topics, partitions: int) -> None:
        self.sending = Sending()
        self._producer = send_by
        self._topics = topics
        self._partitions = partitions

    async def deliveries(self, group: Iterable[Delivery]) -> None:
        """One group of deliveries, its headers as Kafka headers."""
        self._begin()
        for one in group:
            await self._producer.send(
                self._topics.raw(one.platform), one.payload, key=one.key, headers=list(one.headers)
            )
            self.sending.deliveries += 1
        await self._producer.flush()

    async def history(self, records: Sequence[Sent], seconds: float) -> None:
        """All records in their order, spread so that the days pass at an even pace.

        Zero seconds: as fast as it goes.
        """
        self._begin()
        start_ms, end_ms = records[0].send_ms, records[-1].send_ms
        began, sent = time.monotonic(), 0
        while sent < len(records):
            share = (time.monotonic() - began) / seconds if seconds else 1.0
            until_ms = start_ms + (end_ms - start_ms) * min(share, 1.0)
            for one in records[sent : sent + _SLICE_RECORDS]:
                if one.send_ms > until_ms:
                    break
                await self._send(one)
                sent += 1
            self.sending.records = sent
            self.sending.day_ms = records[min(sent, len(records) - 1)].send_ms
            await asyncio.sleep(_SLICE_S if seconds else 0)
        await self._producer.flush()

    async def costs(self, bills: Iterable[Bill]) -> None:
        """What methods cost."""
        for one in bills:
            await self._producer.send(self._topics.costs, one.value, key=one.key)
        await self._producer.flush()

    async def present(self, acts: Iterable[Act], per_second: float) -> None:
        """Acts of right now, without end."""
        for act in acts:
            await self._send(record(act._replace(at_ms=time.time_ns() // 1_000_000)))
            self.sending.records += 1
            self.sending.all_records += 1
            await asyncio.sleep(1 / per_second)

    async def _send(self, one: Sent) -> None:
        where: dict[str, Any] = {}
        if one.astray:
            own = partition_of(one.key, self._partitions)
            where["partition"] = (own + 1) % self._partitions
        await self._producer.send(self._topics.log, one.value, key=one.key, **where)

    def _begin(self) -> None:
        self.sending.first_at = self.sending.first_at or time.monotonic()
