"""Records handed out as parsed are those that aiokafka hands out itself."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.record.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder

from stream_app.engine import TopicSpec, ensure_topics
from stream_app.engine.private_fetch import _is_abort, hand_out_as_parsed


def told(record: Any) -> tuple[Any, ...]:
    return (record.offset, record.timestamp, record.key, record.value, tuple(record.headers))


async def fill(broker: str, topic: str) -> None:
    """Batches of many sizes, plain and compressed, with headers, committed and aborted."""
    for compression in (None, "snappy", "lz4"):
        producer = AIOKafkaProducer(
            bootstrap_servers=broker, compression_type=compression, max_batch_size=4_000
        )
        await producer.start()
        for number in range(150):
            headers = [("kind", b"x"), ("none", None)] if number % 7 == 0 else []
            key, value = (None, b"") if number % 11 == 0 else (b"k%d" % number, b"v" * number)
            await producer.send(topic, value, key=key, headers=headers, partition=0)
        await producer.stop()
    writer = AIOKafkaProducer(bootstrap_servers=broker, transactional_id=topic)
    await writer.start()
    for number in range(40):
        await writer.begin_transaction()
        sent = [
            await writer.send(topic, b"t%d" % number, key=b"t", partition=0)
            for _ in range(number % 4 + 1)
        ]
        await asyncio.gather(*sent)
        await (writer.abort_transaction() if number % 3 == 0 else writer.commit_transaction())
    await writer.stop()


async def read(broker: str, topic: str, most: int, begin: int, *, parsed: bool) -> list[Any]:
    """Everything from `begin` on, in slices of at most `most`; each with its position."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=broker,
        isolation_level="read_committed",
        enable_auto_commit=False,
        max_partition_fetch_bytes=9_000,
    )
    await consumer.start()
    if parsed:
        hand_out_as_parsed(consumer)
    tp = TopicPartition(topic, 0)
    consumer.assign([tp])
    end = (await consumer.end_offsets([tp]))[tp]
    consumer.seek(tp, begin)
    found: list[Any] = []
    try:
        while (position := await consumer.position(tp)) < end:
            records = (await consumer.getmany(tp, timeout_ms=200, max_records=most)).get(tp, [])
            assert len(records) <= most
            assert not records or records[0].offset >= position
            assert not records or await consumer.position(tp) > records[-1].offset
            found += map(told, records)
            if len(found) > 100 and len(found) % 3 == 0:  # seek back: nothing may come from before
                consumer.seek(tp, found[-1][0] + 1)
    finally:
        await consumer.stop()
    return found


@pytest.mark.kafka
async def test_the_same_records_whatever_the_slices(broker: str, topic_prefix: str) -> None:
    topic = f"{topic_prefix}-parsed"
    await ensure_topics(broker, [TopicSpec(topic, 1)])
    await fill(broker, topic)
    wanted = await read(broker, topic, 10_000, 0, parsed=False)
    assert len(wanted) > 450
    assert b"t0" not in {record[3] for record in wanted}, "an aborted one"
    for most in (1, 7, 100, 10_000):
        assert await read(broker, topic, most, 0, parsed=True) == wanted, most
    middle = wanted[123][0]
    assert await read(broker, topic, 50, middle, parsed=True) == wanted[123:]


CONTROL = 0x20
ATTRIBUTES_AT = 22  # the low byte of the attributes in a batch's header


def control_batch(*keys: bytes) -> DefaultRecordBatch:
    builder = DefaultRecordBatchBuilder(2, 0, True, 1, 0, -1, 1_000)
    for number, key in enumerate(keys):
        builder.append(number, 5, key, b"\0\0\0\0\0\0", [])
    made = bytearray(builder.build())
    made[ATTRIBUTES_AT] |= CONTROL
    return DefaultRecordBatch(bytes(made))


def test_an_abort_that_compaction_has_emptied() -> None:
    """aiokafka's own test raises; it ends nothing, for what it ended is gone, too."""
    empty = control_batch()
    assert empty.is_control_batch
    assert not _is_abort(empty)
    assert _is_abort(control_batch(b"\0\0\0\0"))
    assert not _is_abort(control_batch(b"\0\0\0\1")), "a commit"
