"""Commits as a broker spoils them that is stopped in order."""

from __future__ import annotations

from typing import Any

from aiokafka import TopicPartition

from stream_app.engine.unit import Snapshot
from stream_app.engine.writer import Writer, Written

commit_whole = Writer.commit


async def commit_misplaced(
    writer: Writer, snapshot: Snapshot, offsets: dict[str, int], expected_offset: int
) -> Written:
    """It finds the changelog one record longer than it should be."""
    return await commit_whole(writer, snapshot, offsets, expected_offset - 1)


async def commit_and_lose(
    writer: Writer, snapshot: Snapshot, offsets: dict[str, int], expected_offset: int
) -> Written:
    """Its end is confirmed to the writer, and no partition is told.

    It is unbeknown to the coordinator: needs a broker that does not verify.
    """
    producer = writer._producer
    known = producer._txn_manager._txn_partitions
    begin, end = producer.begin_transaction, producer.commit_transaction
    send_offsets = producer.send_offsets_to_transaction

    async def begin_unknown() -> None:
        await begin()
        changelog = TopicPartition(writer._settings.changelog, writer._partition)
        await send_offsets({changelog: 0}, "nobody")  # waits for the end of the last transaction
        known.update(TopicPartition(*place) for place in snapshot.outputs)
        known.add(changelog)

    async def send_no_offsets(*_: Any) -> None:
        pass

    async def end_nothing() -> None:
        known.clear()
        await end()

    replaced: Any = producer
    replaced.begin_transaction, replaced.commit_transaction = begin_unknown, end_nothing
    replaced.send_offsets_to_transaction = send_no_offsets
    try:
        return await commit_whole(writer, snapshot, offsets, expected_offset)
    finally:
        replaced.begin_transaction, replaced.commit_transaction = begin, end
        replaced.send_offsets_to_transaction = send_offsets
