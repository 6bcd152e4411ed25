"""What compaction does to a changelog must not matter to who reads it."""

from __future__ import annotations

import asyncio
import shutil

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from .bench import Bench

EAGER = {
    "cleanup.policy": "compact",
    "segment.ms": "200",
    "min.cleanable.dirty.ratio": "0.01",
    "delete.retention.ms": "0",
    "max.compaction.lag.ms": "200",
}


async def test_compacted_changelog_and_aborted_tail(bench: Bench) -> None:
    """A stale disk whose place was compacted away; a tail that is only an abort marker."""
    await bench.commit(a="one", b="two", gone="soon")
    place = bench.next_offset - 2  # of its position record
    bench.store.close()
    shutil.copytree(bench.folder / "store", bench.folder / "stale")
    bench.use("store")
    await bench.commit(a="2", gone=None)
    await abort_something(bench)
    await bench.restore()  # the offsets of the marker are counted anew
    await set_eager(bench)
    before = await offsets(bench)
    for turn in range(120):
        await bench.commit(a=str(turn))
        await asyncio.sleep(0.15)
        if not {before[0], place} & set(await offsets(bench)):
            break
    else:
        raise AssertionError(f"the broker did not compact: {before} {await offsets(bench)}")
    expected = {b"a": str(turn), b"b": "two"}
    for name, wiped in (("stale", ""), ("empty", "absent")):
        bench.store.close()
        bench.use(name)
        assert (await bench.restore()).wiped == wiped, name
        if name == "stale":  # its tombstone is gone: the engine's own retention prevents that
            expected_here = {**expected, b"gone": "soon"}
            assert bench.states() in (expected, expected_here)
        else:
            assert bench.states() == expected
    await abort_something(bench)
    async with asyncio.timeout(5):
        await bench.restore()
    assert bench.states() == expected


async def abort_something(bench: Bench) -> None:
    """A worker dies in a transaction: the changelog ends in an abort marker."""
    await bench.close()
    producer = AIOKafkaProducer(
        bootstrap_servers=bench.settings.broker,
        transactional_id=bench.settings.transactional_id(0),
    )
    await producer.start()
    try:
        await producer.begin_transaction()
        await producer.send_and_wait(bench.settings.changelog, b"half", b"s\x00\x01a", partition=0)
        await producer.abort_transaction()
    finally:
        await producer.stop()


async def offsets(bench: Bench) -> list[int]:
    """Offsets of the committed records that are still there."""
    tp = TopicPartition(bench.settings.changelog, 0)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bench.settings.broker,
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    await consumer.start()
    try:
        consumer.assign([tp])
        end = (await consumer.end_offsets([tp]))[tp]
        found: list[int] = []
        while await consumer.position(tp) < end:
            records = await consumer.getmany(tp, timeout_ms=100)
            found += [record.offset for record in records.get(tp, ())]
        return found
    finally:
        await consumer.stop()


async def set_eager(bench: Bench) -> None:
    client = AIOKafkaAdminClient(bootstrap_servers=bench.settings.broker)
    await client.start()
    try:
        resource = ConfigResource(ConfigResourceType.TOPIC, bench.settings.changelog, configs=EAGER)
        await client.alter_configs([resource])
    finally:
        await client.close()
