"""All partitions of one worker: who owns what, when it opens, when it ends."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Coroutine, Iterable, Sequence
from functools import partial
from typing import Any, Generic, TypeVar

from faust.types import TP

from stream_app.contracts.partitioner import partition_of

from .admin import changelog_spec, check_topics, ensure_topics
from .batch import Batch, Seek
from .errors import EngineRefusalError, NameTakenError, OutOfMemoryError, TopicMismatchError
from .folders import claim_folder
from .job import Job
from .known import KnownTopics
from .logs import hush_frame
from .observer import EngineHealth, EngineState, NullObserver, Observer, health_of
from .partition import Partition
from .private import LaneApp
from .settings import EngineSettings
from .source import SourceReader
from .standby import Standby
from .store import StoreMemory
from .trouble import describe
from .watchdog import Watchdog

S = TypeVar("S")
log = logging.getLogger(__name__)

_TICK_S = 1.0
_BREATH_S = 0.001
_REJOIN_AGAIN_S = 5.0
_TOPICS_TIMEOUT_S = 60.0
_SECONDS_PER_COMMIT = 0.0125
"""A transaction costs about 2 ms of CPU: many partitions commit less often each."""
_RESTORES_AT_ONCE = 4
_CLASHES = 6
_CLASH_S = 60.0
"""A member that has slept, or whose broker has, is replaced once: not so often, so soon."""


class Engine(Generic[S]):
    """The data path of one worker. Lives on Faust's event loop."""

    def __init__(
        self,
        app: LaneApp,
        settings: EngineSettings,
        job: Job[S],
        sources: Sequence[str],
        observer: Observer | None = None,
    ) -> None:
        self.app = app
        self.settings = settings
        self.job = job
        self.sources = tuple(sources)
        self.observer: Observer = observer or NullObserver()
        self.reader = SourceReader(app)
        self.known = KnownTopics(self.sources, settings.changelog, job.outputs, settings.partitions)
        self.partitions: dict[int, Partition[S]] = {}
        self.standbys: dict[int, Standby] = {}
        self.state: EngineState = "starting"
        self.reason = ""
        self.share = settings.partitions
        self.busy_since = 0.0
        self.memory = StoreMemory(
            settings.store_cache_bytes, settings.store_buffer_bytes, settings.partitions
        )
        self.folder = settings.data_dir
        self._release_folder: contextlib.ExitStack = contextlib.ExitStack()
        self._watchdog = Watchdog(settings.hang_timeout_ms)
        self.restoring = asyncio.Semaphore(_RESTORES_AT_ONCE)
        self.warming = asyncio.Semaphore(1)
        self._changed = asyncio.Event()
        self._generation = 0
        self._frozen = True
        self._flowing = False
        self._rejoining = False
        self._fed = 0
        self._feeding = False
        self._looking = False
        self._replaced: list[float] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._seen: dict[tuple[str, int], tuple[int, int, Seek]] = {}

    # -- life, as Faust calls it

    async def start(self) -> None:
        """Before the group is joined: folder, topics, timers. Raises `EngineRefusalError`."""
        self.folder = claim_folder(self.settings.data_dir, self._release_folder)
        await self._prepare_topics()
        self._watchdog.start()
        self.spawn(self._tick_loop(), vital=True)

    async def _prepare_topics(self) -> None:
        settings = self.settings
        deadline = time.monotonic() + _TOPICS_TIMEOUT_S
        while not self.app.should_stop:
            try:
                await ensure_topics(settings.broker, [changelog_spec(settings)], settings.security)
                names = [*self.sources, settings.changelog]
                missing = await check_topics(
                    settings.broker, names, settings.partitions, settings.security
                )
                if not missing:
                    return
                if time.monotonic() > deadline:
                    raise TopicMismatchError(missing=", ".join(missing))
                log.warning("waiting for topics: %s", ", ".join(missing))
            except EngineRefusalError:
                raise
            except Exception as error:
                log.warning("waiting for the broker: %s", describe(error))
            await asyncio.sleep(1.0)

    async def assign(self) -> None:
        """After each rebalance: close what went, open what came, let the records flow."""
        self._generation += 1
        if self.state in ("stopping", "failed"):
            return
        self.state, self._frozen, self._rejoining = "restoring", False, False
        self._changed.clear()
        wanted = self._complete_partitions()
        self.observer.rebalanced(len(wanted))
        log.info("partitions dealt to this worker: %d; they are opened", len(wanted))
        for number in set(self.partitions) - wanted:
            await self.partitions.pop(number).close()
        copies = self.reader.standbys() - wanted if self.settings.standbys else set()
        await self._end_standbys(set(self.standbys) - copies)
        for number in sorted(wanted):
            part = self.partitions.get(number)
            if part is None:
                part = self.partitions[number] = Partition(number, self.sources, self)
            await part.finish()
            part.launch()
        for number in sorted(copies - set(self.standbys)):
            self.standbys[number] = Standby(number, self)
        while wanted and not self._frozen and not self._live():
            await self._changed.wait()
            self._changed.clear()
        if self._frozen:
            return
        await self.reader.start_flow()
        if not self._frozen:
            self._flowing = True
            for part in self._live():
                self.reader.resume(part.tps.values())
            self._set_running()

    async def _end_standbys(self, numbers: Iterable[int]) -> None:
        ending = [self.standbys.pop(number) for number in list(numbers)]
        await asyncio.gather(*(standby.stop() for standby in ending))

    def _complete_partitions(self) -> set[int]:
        """Numbers of which this worker has every source topic.

        During an upgrade that adds a topic, old members share only the old ones: a number that is
        split between two workers is opened by neither until the group agrees again.
        """
        topics: dict[int, set[str]] = {}
        for tp in self.reader.assignment():
            topics.setdefault(tp.partition, set()).add(tp.topic)
        sources = set(self.sources)
        split = sorted(number for number, found in topics.items() if not sources <= found)
        if split:
            log.warning("partitions %s are split between workers: kept closed", split)
        # One beyond the count that is set: topics have grown, and `known` will say so.
        return {number for number in topics if number < self.settings.partitions} - set(split)

    def freeze(self) -> None:
        """At once: no more records, a rebalance has begun."""
        self._frozen, self._flowing = True, False
        for part in self.partitions.values():
            part.accepting = False
        self._changed.set()

    async def revoke(self) -> None:
        """The last commits before a rebalance; within `stop_timeout_ms`."""
        self.freeze()
        started = time.monotonic()
        await asyncio.gather(*(part.finish() for part in self.partitions.values()))
        if self.partitions:
            log.info("last commits took %.3f s", time.monotonic() - started)

    async def stop(self) -> None:
        """Graceful end: last commits, then close everything."""
        if self.state != "failed":
            self.state = "stopping"
        await self.revoke()
        await self._end_standbys(self.standbys)
        await asyncio.gather(*(part.close() for part in self.partitions.values()))
        self.partitions.clear()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._watchdog.stop()
        self._release_folder.close()

    def fail(self, error: BaseException) -> None:
        """Stop the worker: going on could lose or repeat work."""
        if self.state == "failed":
            return
        if isinstance(error, MemoryError):
            error = OutOfMemoryError()
        self.state, self.reason = "failed", describe(error)
        log.critical("the worker stops: %s", self.reason)
        hush_frame()
        self.freeze()
        self.spawn(self.app.crash(error))

    # -- what partitions call

    def spawn(self, work: Coroutine[Any, Any, None], *, vital: bool = False) -> None:
        """Run something beside; its errors are logged. `vital`: without it the worker stops."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(partial(self._spawned_ended, vital=vital))

    def _spawned_ended(self, task: asyncio.Task[None], *, vital: bool) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("background work failed: %s", describe(error))
            if vital:
                self.fail(error)

    def went_live(self, part: Partition[S]) -> None:
        """A partition is open."""
        self._changed.set()
        if self._flowing:
            self.reader.resume(part.tps.values())
            self._set_running()

    def _live(self) -> list[Partition[S]]:
        return [part for part in self.partitions.values() if part.phase in ("live", "isolating")]

    def _set_running(self) -> None:
        if self.state == "restoring" and len(self._live()) == len(self.partitions):
            self.state = "running"
            of, web = self.settings.partitions, self.settings.web
            log.info("ready: %d of %d partitions, %s", len(self.partitions), of, web)

    @property
    def least_interval_s(self) -> float:
        """Least time between two commits of one partition."""
        return len(self.partitions) * _SECONDS_PER_COMMIT

    def fenced(self, number: int) -> None:
        """Another worker has the partition: this one has missed a rebalance, so it rejoins."""
        self.observer.fenced(number)
        if not self._rejoining:
            self._rejoining = True
            self.replaced()
            self.spawn(self._rejoin())

    async def _rejoin(self) -> None:
        generation = self._generation
        while generation == self._generation and not self._frozen:
            try:
                await self.reader.rejoin()
            except Exception as error:
                log.warning("rejoin: %s", describe(error))
            await asyncio.sleep(_REJOIN_AGAIN_S)

    def offset_gone(self, tp: TP) -> None:
        """The broker no longer has the records that come next."""
        part = self.partitions.get(tp.partition)
        if part is not None:
            part.offset_gone()

    def replaced(self) -> None:
        """Another worker is at our work: once that is no wonder, again and again it is a clash."""
        now = time.monotonic()
        self._replaced = [at for at in self._replaced if now - at < _CLASH_S] + [now]
        if len(self._replaced) >= _CLASHES:
            names = {"application_id": self.settings.app_id}
            self.fail(NameTakenError(**names, instance_id=self.settings.instance_id))

    def look_at_topics(self) -> None:
        """A broker answers: ask whether the topics still are what they were."""
        if not self._looking and self.state in ("restoring", "running"):
            self._looking = True
            self.spawn(self._look_at_topics())

    async def _look_at_topics(self) -> None:
        try:
            refusal = self.known.judge(await self.reader.topics(self.known.names))
        except Exception as error:
            log.debug("topics: %s", describe(error))  # next time
        else:
            if refusal is not None:
                self.fail(refusal)
        finally:
            self._looking = False

    # -- records and time

    async def feed(self, batch: Batch) -> None:
        """A batch from the agent. Waits only while too much is uncommitted."""
        self._fed += 1
        part = self.partitions.get(batch.tp.partition)
        if part is None or not part.accept(batch):
            return
        part.process(batch)
        if part.is_over(2):
            self._feeding = True
            await part.room()
            self._feeding = False

    async def _tick_loop(self) -> None:
        last = time.monotonic()
        while True:
            await asyncio.sleep(max(0.0, last + _TICK_S - time.monotonic()))
            now = time.monotonic()
            elapsed_ms, last = int((now - last) * 1000), now
            now_ms = int(time.time() * 1000)
            fed, self._fed = self._fed, 0
            waiting = await self._tick(list(self.partitions.values()), now_ms, elapsed_ms)
            self.report_positions()
            for part in list(self.partitions.values()):
                self._look_at(part, idle=fed == 0 and not self._feeding)
            while waiting and time.monotonic() < last + _TICK_S:
                waiting = await self._tick(waiting, now_ms, 0)

    async def _tick(
        self, parts: list[Partition[S]], now_ms: int, elapsed_ms: int
    ) -> list[Partition[S]]:
        """Tick them all; gives who has more to do.

        A batch or a commit on its way needs many turns of the loop: they come in between.
        """
        waiting: list[Partition[S]] = []
        for part in parts:
            more = part.tick(now_ms, elapsed_ms)
            if more:
                waiting.append(part)
            await asyncio.sleep(_BREATH_S if more else 0)
        return waiting

    def report_positions(self) -> None:
        """Tell the observer how far all is; callable from any thread, while a handler hangs too."""
        for part in list(self.partitions.values()):
            if not part.accepting:
                continue
            for topic, tp in part.tps.items():
                position, end = part.positions[topic], self.reader.end(tp)
                self.observer.position(
                    topic, part.number, position, max(position, part.ends[topic], end or 0)
                )
        for number, standby in list(self.standbys.items()):
            self.observer.standby(number, standby.behind)

    def _look_at(self, part: Partition[S], *, idle: bool) -> None:
        """Find a batch that was lost with nothing behind it to show the gap."""
        if not part.accepting:
            return
        for topic, tp in part.tps.items():
            position, epoch = part.positions[topic], part.epochs[topic]
            fetched = self.reader.fetched(tp)
            if fetched is None:
                continue
            now = (epoch, position, fetched)
            if idle and fetched != (epoch, position) and self._seen.get(tp) == now:
                log.warning("%s/%d: a fetched batch did not arrive", topic, part.number)
                part.seek_back(topic)
            self._seen[tp] = now

    # -- views from outside

    def partition_of(self, key: bytes) -> int:
        """Number of the partition that a key belongs to."""
        return partition_of(key, self.settings.partitions)

    def peek(self, key: bytes) -> S | None:
        """State of a key, if its partition is live here, uncommitted changes included."""
        part = self.partitions.get(self.partition_of(key))
        if part is None or part.phase not in ("live", "isolating"):
            return None
        return part.unit.peek(key)

    def health(self) -> EngineHealth:
        """Snapshot for health and readiness; callable from any thread."""
        busy = self.busy_since
        return EngineHealth(
            state=self.state,
            reason=self.reason,
            partitions={n: health_of(part) for n, part in sorted(self.partitions.items())},
            handler_busy_ms=int((time.monotonic() - busy) * 1000) if busy else 0,
            standbys={n: standby.health() for n, standby in sorted(self.standbys.items())},
            broker_silent_ms=(
                self.reader.silent_ms() if self.state in ("restoring", "running") else 0
            ),
        )
