"""Batches: what travels through Faust in place of single records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from faust.transport.utils import DefaultSchedulingStrategy
from faust.types import TP


class Seek(NamedTuple):
    """What has been fetched of a topic-partition: since which seek, and up to where."""

    epoch: int
    next_offset: int


class Batch(list[Any]):
    """Records of one topic-partition, with the proof that none is missing before them."""

    __slots__ = ("base", "end", "epoch", "next", "tp")

    tp: TP
    epoch: int
    """Number of the seek that these records were fetched after."""
    base: int
    """Position before this batch."""
    next: int
    """Position behind it; control records included."""
    end: int
    """Last stable offset of the topic-partition when it was fetched."""


class _BatchMessage:
    """What Faust takes for one record; its value is a whole batch."""

    __slots__ = ("offset", "partition", "timestamp", "topic", "value")

    timestamp_type = 0
    headers = ()
    key = None
    checksum = None
    serialized_key_size = 0
    serialized_value_size = 0

    def __init__(self, tp: TP, batch: Batch) -> None:
        self.topic = tp.topic
        self.partition = tp.partition
        self.offset = batch.next - 1
        self.timestamp = batch[-1].timestamp if batch else 0
        self.value = batch


class BatchScheduler(DefaultSchedulingStrategy):
    """Hands a whole batch to the agent where Faust would hand one record."""

    def iterate(self, records: Mapping[TP, Any]) -> Iterator[tuple[TP, Any]]:
        for tp, batch in records.items():
            yield tp, _BatchMessage(tp, batch)
