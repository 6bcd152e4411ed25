"""Every use of the private parts of aiokafka's producer. See `private`."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import ProducerClosed

if TYPE_CHECKING:
    from aiokafka.producer.message_accumulator import BatchBuilder

_STOP_S: Final = 3.0
_CLOSE_S: Final = 1.0


async def wait_until_fenced(producer: AIOKafkaProducer) -> None:
    """Wait for the producer id: from then on every older producer of that id is fenced."""
    await asyncio.shield(producer._txn_manager.wait_for_pid())


async def abort_everywhere(
    producer: AIOKafkaProducer, places: Iterable[TopicPartition], group: str
) -> None:
    """Begin a transaction over these partitions and the group's offsets, and abort it."""
    places = list(places)
    await producer.begin_transaction()
    for place in places:
        producer._txn_manager.maybe_add_partition_to_txn(place)
    await producer.send_offsets_to_transaction({places[0]: 0}, group)
    await producer.abort_transaction()


def fill_batches(
    producer: AIOKafkaProducer,
    records: Iterable[tuple[bytes | None, bytes | None, Iterable[tuple[str, bytes]], int | None]],
    now_ms: int,
) -> list[tuple[BatchBuilder, int]]:
    """Encode records (key, value, headers, timestamp) into closed batches, with their counts.

    `BatchBuilder.append` is a Python wrapper worth 0.3 us per record: this feeds its C builder.
    A batch takes its first record whatever its size, so every record finds room.
    """
    batches: list[tuple[BatchBuilder, int]] = []
    batch: BatchBuilder | None = None
    count = 0
    for key, value, headers, timestamp in records:
        stamp = now_ms if timestamp is None else timestamp
        listed = list(headers) if headers else []
        if batch is None or batch._builder.append(count, stamp, key, value, listed) is None:
            if batch is not None:
                _close(batch, count)
                batches.append((batch, count))
            batch, count = producer.create_batch(), 0
            batch._builder.append(0, stamp, key, value, listed)
        count += 1
    if batch is not None:
        _close(batch, count)
        batches.append((batch, count))
    return batches


def _close(batch: BatchBuilder, count: int) -> None:
    batch._relative_offset = count
    batch.close()


async def end_producer(producer: AIOKafkaProducer) -> None:
    """Close it, and give up what it has not sent; never raises, never waits for long.

    aiokafka first sends what waits. Where it cannot, as to a topic that is gone, a stop that is not
    waited for leaves it at work for ever, with its connections: one more after each commit.
    """
    forget_errors(producer)
    waiting = producer._message_accumulator._batches
    for batch in [batch for batches in waiting.values() for batch in batches]:
        batch.failure(ProducerClosed())
    waiting.clear()
    try:
        await asyncio.wait_for(producer.stop(), _STOP_S)
    except Exception:
        sender = producer._sender
        if sender is not None and sender.sender_task is not None:
            sender.sender_task.cancel()
        with contextlib.suppress(Exception):  # what is on its way ends with its connection
            await asyncio.wait_for(producer.client.close(), _CLOSE_S)


def forget_errors(producer: AIOKafkaProducer) -> None:
    """Mark errors as seen, now or later, or asyncio complains about them.

    A failed transaction is told by its future, which aiokafka replaces when more goes wrong.
    """
    futures = [producer._txn_manager._transaction_waiter]
    accumulator = producer._message_accumulator
    for batches in (*accumulator._batches.values(), accumulator._pending_batches):
        for batch in batches:
            futures += [batch.future, batch._drain_waiter]
    for future in futures:
        if future is None:
            continue
        if future.done():
            see_error(future)
        else:
            future.add_done_callback(see_error)


def see_error(future: asyncio.Future[Any]) -> None:
    """Take note of the error of a future that is done."""
    if not future.cancelled():
        future.exception()
