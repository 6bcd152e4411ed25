"""Finding the record that alone makes the job fail."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, TypeVar

from .errors import ProcessingFailedError, RecordTooLargeError, StoreError
from .trouble import describe

if TYPE_CHECKING:
    from .batch import Batch
    from .partition import Partition

S = TypeVar("S")
log = logging.getLogger(__name__)

_FIRST_SPLIT = 8
_LARGEST_PIECE = 512
_TRIES_ALONE = 2


async def isolate(part: Partition[S], batch: Batch) -> None:
    """Work through a batch in small pieces, each with its own commit.

    A piece that fails is dropped and tried again in smaller ones; a record that fails alone is
    refused. Refusals are committed with the next record that succeeds, so that nothing is
    committed when everything fails: after `max_failed_in_a_row` records `ProcessingFailedError`.
    """
    await _Isolation(part, batch).run()


class _Isolation:
    def __init__(self, part: Partition[Any], batch: Batch) -> None:
        self._part = part
        self._topic = batch.tp.topic
        self._batch = batch
        self._refused: list[tuple[Any, BaseException]] = []
        self._size = max(1, len(batch) // _FIRST_SPLIT)
        self._at = 0
        self._tries = 0

    async def run(self) -> None:
        part, batch = self._part, self._batch
        if part.unit.records or part.unit.has_changes:
            await part.commit()
            if part.has_fault:
                return
        while self._at < len(batch) and not part.finishing:
            piece = batch[self._at : self._at + self._size]
            error = await self._try(piece)
            if error is None:
                self._passed(len(piece))
            else:
                self._failed(piece, error)
        if self._at >= len(batch):
            part.positions[self._topic] = batch.next
            if self._refused:
                await part.commit()

    async def _try(self, piece: list[Any]) -> BaseException | None:
        part = self._part
        try:
            part.apply(self._topic, piece)
        except Exception as error:
            return error
        part.positions[self._topic] = piece[-1].offset + 1
        part.unit.records += len(piece)
        self._consumed(piece)
        await part.commit()
        return part.take_fault()

    def _consumed(self, piece: list[Any]) -> None:
        number, newest_ms = self._part.number, piece[-1].timestamp
        self._part.engine.observer.batch(self._topic, number, len(piece), newest_ms)

    def _passed(self, records: int) -> None:
        self._at += records
        self._refused.clear()
        self._tries = 0
        self._part.refused_in_a_row = 0
        self._size = min(_LARGEST_PIECE, self._size * 2)

    def _failed(self, piece: list[Any], error: BaseException) -> None:
        part = self._part
        if isinstance(error, (StoreError, MemoryError)):  # no record is to blame
            raise error
        part.engine.observer.handler_error(part.number, error)
        part.drop()
        for record, reason in self._refused:
            self._refuse(record, reason)
        if len(piece) > 1:
            self._size = max(1, len(piece) // _FIRST_SPLIT)
            return
        self._tries += 1
        if self._tries < _TRIES_ALONE:
            return
        if not isinstance(error, RecordTooLargeError):  # that one is no fault of ours
            part.refused_in_a_row += 1
        if part.refused_in_a_row >= part.engine.settings.max_failed_in_a_row:
            raise ProcessingFailedError(
                partition=part.number, in_a_row=part.refused_in_a_row
            ) from error
        record = piece[0]
        log.error(
            "%s/%d: record %d refused: %s",
            self._topic,
            part.number,
            record.offset,
            describe(error),
        )
        self._refused.append((record, error))
        self._refuse(record, error)
        part.engine.observer.refused(self._topic, part.number, record.offset)
        self._consumed(piece)
        self._at += 1
        self._tries = 0

    def _refuse(self, record: Any, error: BaseException) -> None:
        part = self._part
        try:
            part.engine.job.refuse(part.unit, self._topic, record, error)
        except (StoreError, MemoryError):
            raise
        except Exception as second:
            raise ProcessingFailedError(partition=part.number, while_="refusing") from second
        part.positions[self._topic] = record.offset + 1
