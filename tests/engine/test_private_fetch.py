"""Records handed out as parsed are those that aiokafka hands out itself."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition, codec
from aiokafka.consumer import fetcher
from aiokafka.consumer.fetcher import PartitionRecords
from aiokafka.record.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder
from aiokafka.record.util import calc_crc32c

from stream_app.engine import TopicSpec, ensure_topics
from stream_app.engine.errors import BatchDamagedError
from stream_app.engine.private_fetch import _batches, _is_abort, hand_out_as_parsed


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


def fetched(data: bytes, begin: int = 0) -> list[tuple[Any, ...]]:
    """What is handed out of these bytes of partition 3 of `log`."""
    source = PartitionRecords(
        TopicPartition("log", 3), fetcher.MemoryRecords(data), [], begin, None, None, True, 0
    )
    return [told(record) for records, _ in _batches(source) for record in records]


def batch(compression: int, base_offset: int = 0) -> bytearray:
    """Three records; where `NAME` stands in one that is not compressed, a test puts other bytes."""
    builder = DefaultRecordBatchBuilder(2, compression, False, -1, -1, -1, 100_000)
    for number in range(3):
        headers = [("NAME", b"x"), ("none", None)] if number == 1 else []
        builder.append(number, 1_000 + number, b"k%d" % number, b"v" * 200, headers)
    made = bytearray(builder.build())
    made[:8] = base_offset.to_bytes(8, "big")
    return made


def signed(made: bytearray) -> bytes:
    """With the checksum that fits."""
    made[17:21] = calc_crc32c(memoryview(made)[21:]).to_bytes(4, "big")
    return bytes(made)


@pytest.mark.parametrize("compression", [0, 2, 4])
def test_names_of_headers_that_are_not_utf8(compression: int) -> None:
    """Kafka takes them, aiokafka raises: the worker would end at that record at every start."""
    odd = batch(0, base_offset=3)
    at = odd.index(b"NAME")
    odd[at : at + 4] = b"\xff\xfeA\xe9"
    if compression:  # the records behind the header of the batch, compressed as Kafka does it
        packed = {2: codec.snappy_encode, 4: codec.zstd_encode}[compression](bytes(odd[61:]))
        odd = odd[:61] + packed
        odd[ATTRIBUTES_AT] |= compression
        odd[8:12] = (len(odd) - 12).to_bytes(4, "big")
    found = fetched(signed(batch(0)) + signed(odd) + signed(batch(0, base_offset=6)))
    assert [record[:3] for record in found] == [
        (number, 1_000 + number % 3, b"k%d" % (number % 3)) for number in range(9)
    ]
    assert found[1][4] == (("NAME", b"x"), ("none", None))
    assert found[4] == (4, 1_001, b"k1", b"v" * 200, (("\\xff\\xfeA\\xe9", b"x"), ("none", None)))


@pytest.mark.parametrize("compression", [0, 2])
@pytest.mark.parametrize("at", [1, 17, 70, 150])
def test_a_batch_that_is_damaged_is_named(compression: int, at: int) -> None:
    """On the broker's disk: a client that does not look takes other bytes for the record."""
    damaged = bytearray(signed(batch(compression, base_offset=3)))
    damaged[min(at, len(damaged) - 1)] ^= 0x41
    with pytest.raises(BatchDamagedError) as found:
        fetched(signed(batch(0)) + bytes(damaged))
    place = {"topic": "log", "partition": 3, "offset": 3}
    assert place.items() <= found.value.details.items()
    assert found.value.details["next_offset"] in (4, 6)
