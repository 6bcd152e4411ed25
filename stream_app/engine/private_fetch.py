"""Every use of the private parts of aiokafka's fetcher. See `private`.

aiokafka makes two objects of each record: its C code one, and from that a frozen dataclass of
eleven fields, which costs more than all else in fetching. Here the first is handed out, a batch at
a time. It has offset, timestamp, key, value and headers; topic and partition are those of all.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.consumer import fetcher as fetching
from aiokafka.consumer.fetcher import READ_COMMITTED, FetchResult, PartitionRecords
from aiokafka.record.control_record import ABORT_MARKER, ControlRecord
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import MemoryRecords

from .errors import BatchDamagedError

_HEAD = struct.Struct(">qi")
"""Of a batch: its first offset, and how many bytes follow."""
_FAR = 1 << 40
"""A gap between two batches is not as wide: what compaction takes is counted in records."""


def hand_out_as_parsed(consumer: AIOKafkaConsumer) -> None:
    """From now on `getmany` gives the records of aiokafka's parser. Call after `start`.

    Not for `getone` or `async for`.
    """
    fetcher = consumer._fetcher
    fetcher._records = _Results(fetcher._records)


def hear_of_gone(state: Any, tell: Callable[[], None]) -> None:
    """Call after each seek, with the state of the partition: `tell` when its position is gone.

    aiokafka would go on at the beginning, as if nothing were missing. Now it waits for a seek.
    """

    def await_reset(strategy: Any) -> None:
        state.pause()
        tell()

    state.await_reset = await_reset
    state.resume()


class _FetchedRecords(MemoryRecords):  # type: ignore[misc]
    """Has its bytes at hand, for what aiokafka cannot parse."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.data = data


fetching.MemoryRecords = _FetchedRecords


class _Results(dict[TopicPartition, Any]):
    """What was fetched and not handed out yet."""

    def __setitem__(self, tp: TopicPartition, result: Any) -> None:
        if type(result) is FetchResult:
            result.getall = _Slices(result).take
        super().__setitem__(tp, result)


class _Slices:
    """Stands in for `FetchResult.getall`, which the fetcher asks for the next records."""

    def __init__(self, result: FetchResult) -> None:
        self._result = result
        self._source: PartitionRecords = result._partition_records
        self._batches = _batches(self._source)
        self._left: list[Any] = []
        self._end: int = self._source.next_fetch_offset

    def take(self, max_records: int | None = None) -> list[Any]:
        """The next records, at most so many. Raises BatchDamagedError."""
        result = self._result
        if not result.check_assignment(result._topic_partition) or not result.has_more():
            return []
        taken, self._left = self._left, []
        while max_records is None or len(taken) < max_records:
            batch = next(self._batches, None)
            if batch is None:
                break
            records, self._end = batch
            taken = taken + records if taken else records
        if max_records is not None:
            taken, self._left = taken[:max_records], taken[max_records:]
        self._source.next_fetch_offset = self._left[0].offset if self._left else self._end
        result._update_position()
        if not (self._left or self._source._records.has_next()):
            result._partition_records = None
        return taken


def _batches(source: PartitionRecords) -> Iterator[tuple[list[Any], int]]:
    """The records of each batch, and the offset behind it: `PartitionRecords._unpack_records`."""
    begin = end = source.next_fetch_offset
    while source._records.has_next():
        try:
            batch = source._records.next_batch()
            if not 0 <= batch.next_offset - begin < _FAR:  # no checksum has the offset
                raise ValueError("offset")
            end = batch.next_offset
            records = _records_of(source, batch)
        except MemoryError:
            raise
        except Exception as error:  # whatever its codec or its parser stumbles over
            topic, partition = source._tp
            raise BatchDamagedError(
                topic, partition, offset=begin, next_offset=max(begin + 1, end)
            ) from error
        if records and batch.base_offset < begin:  # it is sent whole, wherever the fetch begins
            records = [record for record in records if record.offset >= begin]
        begin = max(begin, end)
        yield records, end


def _records_of(source: PartitionRecords, batch: Any) -> list[Any]:
    """Those to hand out: none of a batch that was aborted, or is a marker."""
    if source._check_crcs and not batch.validate_crc():
        raise ValueError("CRC")
    if _is_aborted(source, batch) or batch.is_control_batch:
        return []
    try:
        return list(batch)
    except UnicodeDecodeError:
        return _odd_records(source._records.data, batch.base_offset)


def _odd_records(data: bytes, base_offset: int) -> list[Any]:
    """The records of a batch in which the name of a header is not in UTF-8.

    Kafka takes any bytes there, and aiokafka none but UTF-8: what is not becomes backslashes.
    """
    begin = 0
    while True:
        offset, size = _HEAD.unpack_from(data, begin)
        end = begin + _HEAD.size + size
        if offset == base_offset:
            break
        begin = end
    batch: Any = iter(_DefaultRecordBatchPy(data[begin:end]))  # which uncompresses it
    batch._buffer = _OddText(batch._buffer)
    return list(batch)


class _OddText(bytearray):
    """Bytes that can be decoded whatever they are."""

    def __getitem__(self, at: Any) -> Any:
        found = super().__getitem__(at)
        return found if isinstance(found, int) else _OddText(found)

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        return super().decode(encoding, "backslashreplace")


def _is_aborted(source: PartitionRecords, batch: Any) -> bool:
    if source._isolation_level != READ_COMMITTED or batch.producer_id is None:
        return False
    source._consume_aborted_up_to(batch.base_offset)
    aborted = source._aborted_producers
    if batch.is_control_batch and _is_abort(batch):
        aborted.discard(batch.producer_id)
    return bool(batch.is_transactional and batch.producer_id in aborted)


def _is_abort(batch: Any) -> bool:
    """Of a control batch. Compaction may have emptied it, and then aiokafka's own test raises."""
    record = next(batch, None)
    return record is not None and ControlRecord.parse(record.key) == ABORT_MARKER
