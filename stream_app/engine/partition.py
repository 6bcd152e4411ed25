"""One partition number, from its assignment to its revocation.

Everything that changes the course (opening, committing, reloading, isolating, ending) happens in
one task. Only `process` and `tick` come from outside, synchronous, and only while `accepting`.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Generic, TypeVar

from faust.types import TP

from .batch import Batch
from .errors import (
    ChangelogMovedError,
    CommitTimeoutError,
    EngineRefusalError,
    FencedError,
    OffsetGoneError,
    ProcessingFailedError,
    SourceShorterError,
    StoreError,
)
from .isolate import isolate
from .observer import Phase
from .opening import open_unit
from .pace import Pace, interval_s
from .positions import Position
from .purge import Purges
from .store import Store
from .trouble import Troubles, describe
from .unit import Unit
from .writer import Writer

if TYPE_CHECKING:
    from .engine import Engine

S = TypeVar("S")
log = logging.getLogger(__name__)

_MAX_BACKOFF_S = 10.0
_LARGEST_AGEING_MS = 1_500


class Partition(Generic[S]):
    """The unit of work of one partition number, and the task that drives it."""

    def __init__(self, number: int, topics: Sequence[str], engine: Engine[S]) -> None:
        settings = engine.settings
        self.number = number
        self.engine = engine
        self.tps = {topic: TP(topic, number) for topic in topics}
        self.store = Store(engine.folder / f"{settings.app_id}-{number}", engine.memory)
        self.unit: Unit[S] = Unit(
            number,
            self.store,
            engine.job.codec,
            partitions=settings.partitions,
            cache_states=max(2, settings.cache_states // engine.share),
            max_record_bytes=settings.max_record_bytes,
        )
        self.accepting = False
        self.epochs: dict[str, int] = {}
        self.positions: dict[str, int] = {}
        self.committed: dict[str, int] = {}
        self.ends: dict[str, int] = {}
        self.position: Position | None = None
        self.topics: dict[str, bytes] = {}  # their ids
        self.next_offset = 0
        self.group_differs = False
        """The group's offset must be written, also without new records."""
        self.trusted = False
        """The store has been open in this process since it was last checked."""
        self.moved = False
        """Somebody else has written into the changelog, be it only a marker."""
        self.writer: Writer | None = None
        self.restore_done = self.restore_total = 0
        self.phase: Phase = "closed"
        self.failures = 0
        self.troubles = Troubles(settings.retries)
        self.idle_ms = 0
        self.finishing = False
        self.refused_in_a_row = 0
        self._task: asyncio.Task[None] | None = None
        self._pace = Pace()
        self._careful: Batch | None = None
        self._offset_gone = False
        self._more = False
        self._purges = Purges(self.store)
        self._fault: BaseException | None = None
        self.progress_at = time.monotonic()
        self._soft_records = settings.commit_max_records
        self._soft_bytes = settings.commit_max_bytes

    # -- called by the agent and the timer

    def accept(self, batch: Batch) -> bool:
        """The loss guard: only what was fetched since the last seek and follows without a gap."""
        topic = batch.tp.topic
        if not self.accepting or batch.epoch != self.epochs.get(topic):
            return False
        position = self.positions[topic]
        if batch and batch[0].offset < position:
            self.engine.fail(
                SourceShorterError(topic=topic, partition=self.number, position=position)
            )
            return False
        if batch.base != position:
            if batch.base > position:
                log.warning("%s/%d: a batch was lost: seeking back", topic, self.number)
                self.seek_back(topic)
            return False
        return True

    def process(self, batch: Batch) -> None:
        """Apply a batch. Synchronous: no commit can cut it in two."""
        topic = batch.tp.topic
        if self.troubles.isolating(topic, batch.base):
            self.accepting, self._careful = False, batch
            self._pace.hurry()
            return
        if batch:
            try:
                self.apply(topic, batch)
            except Exception as error:
                self.fault(error, {topic: batch.next})
                return
            self.unit.records += len(batch)
            self.idle_ms = 0
            self.engine.observer.batch(topic, self.number, len(batch), batch[-1].timestamp)
        self.positions[topic] = batch.next
        self.ends[topic] = batch.end
        self._pace.wake()
        if self.is_over(1):
            self._pace.hurry()

    def apply(self, topic: str, records: list[object]) -> None:
        """Hand records to the job, under the eyes of the watchdog."""
        engine = self.engine
        engine.busy_since = time.monotonic()
        try:
            engine.job.process(self.unit, topic, records)  # type: ignore[arg-type]
        finally:
            engine.busy_since = 0.0

    def tick(self, now_ms: int, elapsed_ms: int) -> bool:
        """Let the job see time pass; True if it wants to be called again soon."""
        if not self.accepting:
            return False
        if self.is_over(1):
            return self._more
        behind = self._behind > 0
        self.idle_ms = 0 if behind else self.idle_ms + min(elapsed_ms, _LARGEST_AGEING_MS)
        engine = self.engine
        engine.busy_since = time.monotonic()
        try:
            self._more = engine.job.tick(self.unit, now_ms, self.idle_ms)
        except Exception as error:
            self.troubles.strike(error)
            self.fault(error, {})
            return False
        finally:
            engine.busy_since = 0.0
        self.troubles.ticked()
        if self.unit.has_changes or self._purges.is_due:
            self._pace.wake()
        elif self.unit.is_clean and not self.unit.records and not behind:
            self.progress_at = time.monotonic()  # nothing to do is no standstill
        return self._more

    @property
    def _behind(self) -> int:
        return sum(max(0, self.ends.get(topic, 0) - at) for topic, at in self.positions.items())

    async def room(self) -> None:
        """Wait while twice the allowed work is waiting for a commit."""
        while self.accepting and self.is_over(2):
            await self._pace.room()

    def seek_back(self, topic: str) -> None:
        """Fetch again from the position on; batches on their way are dropped."""
        self.epochs[topic] = -1
        self.engine.spawn(self._seek(topic))

    async def _seek(self, topic: str) -> None:
        if self.accepting:
            epoch = await self.engine.reader.seek(self.tps[topic], self.positions[topic])
            self.epochs[topic] = max(self.epochs[topic], epoch)

    def is_over(self, times: int) -> bool:
        """More than `times` the allowed work waits for a commit."""
        unit = self.unit
        return (
            unit.load >= times * self._soft_records or unit.output_bytes >= times * self._soft_bytes
        )

    @property
    def has_fault(self) -> bool:
        """Processing failed, and the unit was not reloaded since."""
        return self._fault is not None

    def take_fault(self) -> BaseException | None:
        """The fault that waits for a reload; whoever takes it must `drop`."""
        fault, self._fault = self._fault, None
        return fault

    def fault(self, error: BaseException, reached: dict[str, int]) -> None:
        """The job raised: half a batch is in the unit, so nothing may be committed now."""
        self.accepting, self._fault = False, error
        self._pace.hurry()
        if isinstance(error, StoreError):
            return  # told when the unit opens anew
        self.troubles.add(error, reached)
        log.error("partition %d: processing failed: %s", self.number, describe(error))
        self.engine.observer.handler_error(self.number, error)
        if isinstance(error, (EngineRefusalError, MemoryError)):
            self.engine.fail(error)

    def offset_gone(self) -> None:
        """The broker has not got what comes next: commit what is done, and look what there is."""
        self.accepting, self._offset_gone = False, True
        self._pace.hurry()

    # -- life

    def launch(self) -> asyncio.Task[None]:
        """Start the task that opens and drives the unit."""
        self.finishing = False
        self._task = asyncio.ensure_future(self._run())
        return self._task

    async def finish(self) -> None:
        """Last commit, within `stop_timeout_ms`; the store stays open."""
        self.accepting, self.finishing = False, True
        task, self._task = self._task, None
        if task is None:
            return
        if self.phase in ("live", "isolating"):
            self._pace.hurry()
            await asyncio.wait({task}, timeout=self.engine.settings.stop_timeout_ms / 1000)
        if not task.done():
            task.cancel()
        await asyncio.wait({task}, timeout=5)

    async def close(self) -> None:
        """Finish, and let go of producer and store."""
        await self.finish()
        await self.stop_writer()
        self.trusted = self.moved = False
        self.store.close()

    async def stop_writer(self) -> None:
        """Stop the producer, if there is one."""
        writer, self.writer = self.writer, None
        if writer is not None:
            await writer.stop()

    async def _run(self) -> None:
        try:
            await self._drive()
        finally:
            self.phase = "closed"

    async def _drive(self) -> None:
        while not self.finishing:
            try:
                self.phase, self._offset_gone = "opening", False
                await open_unit(self)
                await self._serve()
                return
            except (EngineRefusalError, MemoryError) as error:
                self.engine.fail(error)
                return
            except FencedError:
                log.warning("partition %d: fenced, another worker has it", self.number)
                self.engine.fenced(self.number)
                return
            except Exception as error:
                self._failed(error)
                if self.troubles.is_hopeless:
                    self.engine.fail(ProcessingFailedError(partition=self.number))
                    return
            finally:
                self._suspend()
            if self.finishing:
                return
            self.phase = "waiting"
            await asyncio.sleep(min(_MAX_BACKOFF_S, 0.1 * 2 ** min(self.failures, 7)))

    def _failed(self, error: Exception) -> None:
        self.failures += 1
        self.moved |= isinstance(error, ChangelogMovedError)
        log.error("partition %d: %s", self.number, describe(error))
        if isinstance(error, StoreError):
            self.phase, self.trusted = "waiting", False
            self.store.give_up(error)
        self.engine.observer.commit_failed(self.number, error)

    def _suspend(self) -> None:
        self.accepting = False
        self._pace.made_room()
        if not self.finishing:
            self.engine.reader.pause(self.tps.values())

    async def _serve(self) -> None:
        self._fault = self._careful = None
        await self._purges.run_if_due()
        self.phase, self.accepting = "live", not self.finishing
        self._pace.wake()
        self.engine.went_live(self)
        while True:
            if not self.finishing:
                await self._pace.due(interval_s(self.engine, self._behind, more=self._more))
            if self._fault is not None:
                await self._reload()
            elif self._careful is not None:
                batch, self._careful = self._careful, None
                self.phase = "isolating"
                await isolate(self, batch)
                self.phase = "live"
                await self._seek_all()
            elif self.unit.records or self.unit.has_changes or self.group_differs:
                await self.commit()
            else:
                self.progress_at = time.monotonic()
            if self.finishing:
                return
            if self._offset_gone and self._fault is None:
                raise OffsetGoneError(partition=self.number)
            await self._purges.run_if_due()

    async def commit(self) -> None:
        """One transaction with everything that waits, then one write of the store.

        A fault of the codec becomes a fault of processing; everything else is raised, and the
        unit must be opened again.
        """
        started = self._pace.started()
        offsets = dict(self.positions)
        before = self.position.positions if self.position else {}
        try:
            snapshot = self.unit.snapshot(before | offsets, self.position, self.topics)
        except Exception as error:
            moved = {t: at for t, at in offsets.items() if at != self.committed[t]}
            if not moved:
                self.troubles.strike(error)
            self.fault(error, moved)
            return
        if snapshot.purge:
            self.store.want_purge()
        assert self.writer is not None
        try:
            async with asyncio.timeout(self.engine.settings.commit_timeout_ms / 1000):
                written = await self.writer.commit(snapshot, offsets, self.next_offset)
        except TimeoutError as error:
            raise CommitTimeoutError(partition=self.number, unsent=self.writer.unsent) from error
        self.store.write(snapshot.changelog, written.next_offset, written.position_offset)
        self.unit.written()
        self.next_offset, self.position = written.next_offset, snapshot.position
        self.committed, self.group_differs = offsets, False
        self.failures = 0
        self.troubles.passed(offsets)
        self.progress_at = time.monotonic()
        self._pace.made_room()
        self.engine.observer.committed(
            self.number, snapshot.records, self.progress_at - started, snapshot.size_bytes
        )

    async def _reload(self) -> None:
        """After a fault: drop everything since the last commit and go back there."""
        error = self.take_fault()
        if isinstance(error, StoreError):
            raise error
        if self.troubles.is_hopeless:
            raise ProcessingFailedError(partition=self.number) from error
        if self.finishing:
            self.unit.reset(b"")
            return
        await asyncio.sleep(self.troubles.pause_s)
        self.drop()
        await self._seek_all()

    def drop(self) -> None:
        """Forget everything since the last commit. Raises what `Job.open` raises."""
        self.unit.reset(self.position.meta if self.position else b"")
        self.positions = dict(self.committed)
        try:
            self.engine.job.open(self.unit)
        except Exception as error:
            self.troubles.strike(error)
            raise

    async def _seek_all(self) -> None:
        for topic, tp in self.tps.items():
            self.epochs[topic] = await self.engine.reader.seek(tp, self.positions[topic])
        self.accepting = not self.finishing and self._fault is None
