"""The floor: consume with aiokafka as it is, and decode; nothing else."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer

from bench.peers.meter import Meter


class Event(msgspec.Struct):
    """Every field of an event."""

    event_id: str
    occurred_at: int
    platform: str
    brand: str
    person: str
    interaction: str
    method: str
    direction: str
    topics: list[str]
    content_id: str


async def _run(options: dict[str, Any]) -> None:
    decode = msgspec.json.Decoder(Event).decode
    meter = Meter(options["events"])
    consumer = AIOKafkaConsumer(
        options["topic"],
        bootstrap_servers=options["broker"],
        group_id=options["run"],
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        max_partition_fetch_bytes=4 << 20,
    )
    await consumer.start()
    is_done = False
    while not is_done:
        got = await consumer.getmany(timeout_ms=1000, max_records=10_000)
        for records in got.values():
            for record in records:
                decode(record.value)
        if got:
            is_done = meter.saw(sum(map(len, got.values())))
    meter.report()
    await consumer.stop()


if __name__ == "__main__":
    asyncio.run(_run(json.loads(sys.argv[1])))
