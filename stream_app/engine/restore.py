"""Bring a local store up to the end of its changelog.

Decides, before anything is read, whether the store is an ancestor of the changelog:

- no marker, a damaged one, or one so old that tombstones may be gone: rebuilt;
- a marker outside the changelog: refused, or rebuilt with the flag;
- another record, or none, where the marker's position record should stand: rebuilt. If compaction
  has removed that record, a newer one must follow and carry the same incarnation.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from .errors import (
    BadStateRecordError,
    BatchDamagedError,
    ChangelogCutError,
    ChangelogShorterError,
    ForeignWriterError,
)
from .positions import Local, Position
from .settings import EngineSettings
from .store import Store
from .wire import (
    POSITION_KEY,
    is_sealed,
    newest_data,
    read_position,
)

log = logging.getLogger(__name__)

_BATCH_RECORDS = 20_000
_CLOCK_MS = 3_600_000
"""By so much a clock may be set back, or be behind that of another machine."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did."""

    next_offset: int
    records: int
    wiped: str
    """Why the store was rebuilt; empty if it was not."""


class Restorer:
    """Restores one store from one changelog partition."""

    def __init__(
        self,
        consumer: AIOKafkaConsumer,
        store: Store,
        settings: EngineSettings,
        partition: int,
        *,
        on_progress: Callable[[int, int], None],
        on_bad: Callable[[int], None],
    ) -> None:
        self._consumer = consumer
        self._store = store
        self._settings = settings
        self._tp = TopicPartition(settings.changelog, partition)
        self._on_progress = on_progress
        self._on_bad = on_bad
        self._position: Position | None = None
        self._position_offset = -1
        self._records = 0

    async def run(self, *, trusted: bool) -> Restored:
        """Restore to the last stable offset, which nobody can move: older producers are fenced.

        `trusted`: the store was open in this process all the time, its age need not be checked.
        What it holds may still have been taken back: see `errors.LostCommitError`.
        """
        end: int = (await self._consumer.end_offsets([self._tp]))[self._tp]
        begin: int = (await self._consumer.beginning_offsets([self._tp]))[self._tp]
        local = self._store.local()
        self._consumer.assign([self._tp])
        wiped = await self._why_wipe(local, begin, end, trusted=trusted)
        if not wiped and local is not None:
            if await self._read(local.next_offset, end, local):
                return Restored(end, self._records, "")
            wiped = "foreign"
        level = logging.INFO if wiped == "absent" else logging.WARNING
        log.log(level, "partition %d: store is rebuilt: %s", self._tp.partition, wiped)
        if begin > 0 and not self._settings.rebuild:
            raise ChangelogCutError(
                topic=self._tp.topic, partition=self._tp.partition, changelog_begin=begin
            )
        self._store.wipe()
        self._position, self._position_offset = None, -1
        await self._read(begin, end, None)
        return Restored(end, self._records, wiped)

    async def follow(self) -> int:
        """After `run`: apply what has been committed since; gives how many offsets are left."""
        records = await self._take(_BATCH_RECORDS)
        if records and not await self._apply(records, self._store.local()):
            raise ForeignWriterError(topic=self._tp.topic, partition=self._tp.partition)
        position: int = await self._consumer.position(self._tp)
        end: int = self._consumer.last_stable_offset(self._tp) or 0
        return max(0, end - position)

    async def _why_wipe(self, local: Local | None, begin: int, end: int, *, trusted: bool) -> str:
        if local is None:
            return "absent"
        if local.next_offset > end or local.next_offset < begin:
            if self._settings.rebuild:
                return "rebuild"
            raise ChangelogShorterError(
                topic=self._tp.topic,
                partition=self._tp.partition,
                store_offset=local.next_offset,
                changelog_begin=begin,
                changelog_end=end,
            )
        age_ms = time.time() * 1000 - local.wall_ms
        oldest_ms = self._settings.tombstone_retention_ms * 6 // 7
        if not trusted and not -_CLOCK_MS <= age_ms <= oldest_ms:
            return "old"  # or from a time to come: no clock says how old it is
        self._position = self._store.position()
        self._position_offset = local.position_offset
        if self._position is None or local.position_offset < 0:
            return "absent"
        return "" if await self._is_ancestor(local, end) else "foreign"

    async def _is_ancestor(self, local: Local, end: int) -> bool:
        """Whether the store's position record stands in the changelog, or was compacted away."""
        self._consumer.seek(self._tp, local.position_offset)
        while await self._consumer.position(self._tp) < end:
            for record in await self._take(1):
                if record.offset != local.position_offset:
                    return True  # compacted: a newer position record will tell
                return bool(
                    record.key == POSITION_KEY and record.value == self._store.position_bytes()
                )
        return False

    async def _take(self, most: int) -> list[Any]:
        try:
            got = await self._consumer.getmany(self._tp, timeout_ms=200, max_records=most)
        except BatchDamagedError as error:
            self._bad(error.offset, error)
            self._consumer.seek(self._tp, error.next_offset)
            return []
        return list(got.get(self._tp, ()))

    def _bad(self, offset: int, cause: Exception | None = None) -> None:
        """A record that cannot be used: refused, or counted with the flag."""
        if not self._settings.skip_bad_state:
            raise BadStateRecordError(
                topic=self._tp.topic, partition=self._tp.partition, offset=offset
            ) from cause
        self._on_bad(offset)

    async def _read(self, position: int, end: int, local: Local | None) -> bool:
        """Read [position, end) into the store; False if it belongs to another incarnation."""
        self._consumer.seek(self._tp, position)
        begin, started = position, time.monotonic()
        while position < end:
            if not await self._apply(await self._take(_BATCH_RECORDS), local):
                return False
            position = await self._consumer.position(self._tp)
            self._on_progress(position - begin, end - begin)
            await asyncio.sleep(0)
        if position == end and self._records == 0:
            self._store.write((), end, self._position_offset)
        seconds = time.monotonic() - started
        if self._records > 100_000:
            rate = self._records / max(seconds, 1e-3)
            log.info("partition %d: %d records/s restored", self._tp.partition, rate)
        return True

    async def _apply(self, records: Sequence[Any], local: Local | None) -> bool:
        """Write records, and how far they go; False if they belong to another incarnation."""
        self._records += len(records)
        latest, others = newest_data(records)
        for record in others:
            if self._is_position(record):
                latest[record.key] = record.value
        if POSITION_KEY in latest and not self._follows(latest[POSITION_KEY], local):
            return False
        position = await self._consumer.position(self._tp)
        self._store.write(latest.items(), position, self._position_offset)
        return True

    def _is_position(self, record: Any) -> bool:
        """Whether it is a position record. Anything else is damage: refused, or counted."""
        if record.key == POSITION_KEY and record.value and is_sealed(record.key, record.value):
            self._position_offset = record.offset
            return True
        self._bad(record.offset)
        return False

    def _follows(self, value: bytes | None, local: Local | None) -> bool:
        """Whether a position record that was read continues the store's own."""
        try:
            found = read_position(value or b"")
        except msgspec.DecodeError as error:
            raise BadStateRecordError(
                topic=self._tp.topic,
                partition=self._tp.partition,
                offset=self._position_offset,
            ) from error
        mine, self._position = self._position, found
        if mine is None or local is None:
            return True
        return found.incarnation == mine.incarnation and found.commit > mine.commit
