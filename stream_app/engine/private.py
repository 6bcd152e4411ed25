"""Every use of private parts of Faust and aiokafka; `private_fetch` and `_producer` have the rest.

`tests/engine/test_private.py` fails when one of them moves. What each hook is for, and what bites,
is told in docs/engine.md.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import faust
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaConnectionError
from faust.tables.manager import TableManager
from faust.tables.recovery import Recovery
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from mode import Service

from .batch import Batch, Seek
from .errors import CoordinationError
from .private_fetch import hand_out_as_parsed

if TYPE_CHECKING:
    from .engine import Engine
    from .settings import EngineSettings

log = logging.getLogger(__name__)

_SMALL_FETCH_RECORDS = 500
_ENDS_EVERY_S = 5.0
_CONSUMER_STOP_S = 5.0
_BROKER_AGAIN_S = 1.0
_LONGEST_STOP_S = 25.0
"""From SIGTERM to the end of the process: beyond it, it ends by force, which costs nothing."""
_FORCED_EXIT_CODE = 75
_LONGEST_WAIT_S = 0.2
"""A fetch knows only the partitions that were active when it began."""


class _NoReadOffsets(dict[Any, Any]):
    """Faust would drop a batch that is fetched again after a seek back."""

    def __getitem__(self, key: Any) -> None:
        return None

    def __setitem__(self, key: Any, value: Any) -> None:
        return

    def update(self, *args: Any, **kwargs: Any) -> None:
        return


class LaneThread(driver.AIOKafkaConsumerThread):
    """Faust's consumer thread; stamps batches, and alone decides on seeks."""

    app: Any

    def __post_init__(self) -> None:
        super().__post_init__()
        self.fetched: dict[TP, Seek] = {}
        self._ends: dict[TP, int] = {}
        self._last_fetch_s = 0.0
        self._last_fetch_records = 0

    def _create_worker_consumer(self, transport: Any) -> AIOKafkaConsumer:
        settings: EngineSettings = self.app.engine.settings
        self._assignor = self.app.assignor
        return AIOKafkaConsumer(
            **settings.client(),
            client_id=settings.app_id,
            group_id=settings.app_id,
            group_instance_id=settings.instance_id,
            partition_assignment_strategy=[self._assignor],
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            max_poll_records=settings.max_poll_records,
            max_poll_interval_ms=600_000,
            max_partition_fetch_bytes=settings.max_partition_fetch_bytes,
            fetch_max_wait_ms=settings.fetch_max_wait_ms,
            fetch_min_bytes=1,
            check_crcs=False,
            session_timeout_ms=settings.session_timeout_ms,
            heartbeat_interval_ms=settings.session_timeout_ms // 4,
            rebalance_timeout_ms=settings.rebalance_timeout_ms,
            request_timeout_ms=40_000,
        )

    async def _fetch_records(
        self,
        consumer: AIOKafkaConsumer,
        active_partitions: Any,
        timeout: float | None = None,  # noqa: ASYNC109
        max_records: int | None = None,
    ) -> dict[TP, Any]:
        if self._last_fetch_records < _SMALL_FETCH_RECORDS:
            interval_s = self.app.engine.settings.fetch_interval_ms / 1000
            pause_s = self._last_fetch_s + interval_s - time.monotonic()
            if pause_s > 0:
                await asyncio.sleep(pause_s)
        got = await super()._fetch_records(
            consumer,
            active_partitions,
            timeout=min(timeout or 0.0, _LONGEST_WAIT_S),
            max_records=max_records,
        )
        # No await from here to the return: a seek in between would mark old records as new.
        self._last_fetch_s = time.monotonic()
        self._last_fetch_records = sum(map(len, got.values()))
        return self._stamp(consumer, got)

    def _stamp(self, consumer: AIOKafkaConsumer, got: Mapping[Any, list[Any]]) -> dict[TP, Any]:
        stamped: dict[TP, Any] = {}
        subscription = consumer._subscription.subscription
        assignment = subscription.assignment if subscription is not None else None
        if assignment is None:
            return stamped
        for tp, (epoch, base) in list(self.fetched.items()):
            state = assignment.state_value(tp)
            if state is None or not state.has_valid_position:
                continue
            records = got.get(tp, ())
            if not records and state.position <= base:
                continue
            batch = Batch(records)
            batch.tp, batch.epoch, batch.base, batch.next = tp, epoch, base, state.position
            batch.end = state.lso if state.lso is not None else -1
            self.fetched[tp] = Seek(epoch, state.position)
            stamped[tp] = batch
        return stamped

    async def on_start(self) -> None:
        await _patiently(self, super().on_start)
        hand_out_as_parsed(self._ensure_consumer())

    async def on_thread_stop(self) -> None:
        """As in Faust, but for aiokafka: its stop hangs, or raises, while the broker is away."""
        await super(driver.AIOKafkaConsumerThread, self).on_thread_stop()
        if self._consumer is not None:
            ending = asyncio.ensure_future(self._consumer.stop())
            await asyncio.wait({ending}, timeout=_CONSUMER_STOP_S)
            if not ending.done():
                ending.cancel()
            elif not ending.cancelled():
                ending.exception()

    def highwater(self, tp: TP) -> int:
        # aiokafka asserts that the partition is assigned, which a rebalance may just have changed.
        try:
            return int(self._ensure_consumer().highwater(tp) or 0)
        except AssertionError:
            return 0

    @Service.task
    async def _ask_for_ends(self) -> None:
        """What was fetched tells nothing of what has come since, while nobody takes it."""
        while not self.should_stop:
            await self.sleep(_ENDS_EVERY_S)
            consumer = self._consumer
            if consumer is not None and self._coordination_has_ended(consumer):
                self.app.loop.call_soon_threadsafe(self.app.engine.fail, CoordinationError())
                return
            tps = sorted(consumer.assignment()) if consumer is not None else []
            if consumer is None or not tps:
                continue
            try:
                found = await asyncio.wait_for(consumer.end_offsets(tps), 10)
            except Exception:  # the broker is away, or the assignment has changed: next time
                continue
            self._ends = {TP(tp.topic, tp.partition): end for tp, end in found.items()}

    def _coordination_has_ended(self, consumer: AIOKafkaConsumer) -> bool:
        """An unexpected error ends aiokafka's task and is logged: the worker would only idle."""
        task = getattr(consumer._coordinator, "_coordination_task", None)
        return task is not None and task.done() and not self.should_stop

    async def seek_source(self, tp: TP, offset: int) -> int:
        """In the thread: seek, and give the number of this seek."""
        self._ensure_consumer().seek(TopicPartition(tp.topic, tp.partition), offset)
        last = self.fetched.get(tp)
        seek = Seek(last.epoch + 1 if last else 1, offset)
        self.fetched[tp] = seek
        return seek.epoch

    async def committed_now(self, tps: Iterable[TP]) -> dict[TP, int]:
        """In the thread: the group's offsets, asked afresh; without those that are not there."""
        found = await self._ensure_consumer()._coordinator.fetch_committed_offsets(
            [TopicPartition(tp.topic, tp.partition) for tp in tps]
        )
        return {
            TP(tp.topic, tp.partition): offset.offset
            for tp, offset in found.items()
            if offset.offset >= 0
        }

    async def is_member_now(self) -> bool:
        """In the thread: whether the broker still knows this member in this generation."""
        coordinator = self._ensure_consumer()._coordinator
        generation = coordinator.generation
        alive = await coordinator._do_heartbeat()
        rejoining = coordinator._rejoin_needed_fut.done()
        return bool(alive and coordinator.generation == generation and not rejoining)

    async def rejoin(self) -> None:
        """In the thread: ask the coordinator for a new generation."""
        self._ensure_consumer()._coordinator.request_rejoin()

    def end_of(self, tp: TP) -> int | None:
        """Last stable offset known, or None. May be called from any thread."""
        subscription = self._ensure_consumer()._subscription.subscription
        assignment = subscription.assignment if subscription is not None else None
        state = assignment.state_value(tp) if assignment is not None else None
        if state is None or state.lso is None:
            return self._ends.get(tp)
        return max(int(state.lso), self._ends.get(tp, 0))


class _LaneConsumer(driver.Consumer):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._read_offset = _NoReadOffsets()

    def _new_consumer_thread(self) -> LaneThread:
        return LaneThread(self, loop=self.loop, beacon=self.beacon)

    async def perform_seek(self) -> None:
        """Nothing: only the engine seeks."""

    async def seek_to_committed(self) -> Mapping[TP, int]:
        return {}


class _LaneProducer(driver.Producer):
    """Faust's own producer; what the engine writes does not go through it."""

    async def on_start(self) -> None:
        await _patiently(self, super().on_start)


class _LaneTransport(driver.Transport):
    Consumer = _LaneConsumer
    Producer = _LaneProducer


async def _patiently(service: Service, start: Callable[[], Awaitable[None]]) -> None:
    """Start a client of the broker; a broker that is away is waited for, not crashed upon."""
    while True:
        try:
            await start()
            return
        except KafkaConnectionError:
            if service.should_stop:
                raise
            log.warning("%s: waiting for the broker", type(service).__name__)
        await asyncio.sleep(_BROKER_AGAIN_S)


class LaneApp(faust.App):
    """A Faust app whose data path is the engine's."""

    engine: Engine[Any]

    @property
    def lane(self) -> LaneThread:
        """The consumer's thread."""
        consumer: Any = self.consumer
        thread: LaneThread = consumer._thread
        return thread

    async def start_flow(self) -> None:
        """After a rebalance: let Faust fetch and hand out again."""
        app: Any = self
        await app.on_rebalance_complete.send()
        app.flow_control.resume()  # clears the queues: nothing may be resumed before
        app.consumer.resume_flow()
        await app._fetcher.maybe_start()
        app.tables.on_actives_ready()
        app.tables.on_standbys_ready()
        app.on_rebalance_end()

    def _new_transport(self) -> Any:
        return _LaneTransport(self.conf.broker_consumer, self)

    async def _wait_for_table_recovery_completed(self) -> bool:
        # Web server and timers start at once: health must answer while the state is restored.
        return False

    def _create_directories(self) -> None:
        """Nothing: the engine makes its own folders."""


class LaneWorker(faust.Worker):
    """Faust's worker, without the second of sleep before it ends."""

    async def _sentinel_task(self) -> None:
        return

    def _schedule_shutdown(self, signal: Any) -> None:
        threading.Thread(target=_end_by_force, name="last-resort", daemon=True).start()
        super()._schedule_shutdown(signal)


def _end_by_force() -> None:
    time.sleep(_LONGEST_STOP_S)
    log.critical("not ended %.0f s after the signal: ended by force", _LONGEST_STOP_S)
    os._exit(_FORCED_EXIT_CODE)


class _LaneRecovery(Recovery):
    """Calls the engine after each assignment, outside the rebalance callback.

    aiokafka sends heartbeats again only when the callback has returned.
    """

    app: Any

    async def on_rebalance(
        self, assigned: Any, revoked: Any, newly_assigned: Any, generation_id: int = 0
    ) -> None:
        self._generation_id = generation_id
        self.signal_recovery_start.set()

    def on_partitions_revoked(self, revoked: Any) -> None:
        return

    @Service.task
    async def _restart_recovery(self) -> None:
        engine: Engine[Any] = self.app.engine
        while not self.should_stop:
            if await self.wait_for_stopped(self.signal_recovery_start.wait()):
                break
            self.signal_recovery_start.clear()
            self.completed.set()
            try:
                await engine.assign()
            except Exception as error:
                engine.fail(error)

    @Service.task
    async def _slurp_changelogs(self) -> None:
        return

    @Service.task
    async def _publish_stats(self) -> None:
        return


class LaneTableManager(TableManager):
    """Faust's table manager; changelogs never enter the consumer group."""

    app: Any

    @property
    def recovery(self) -> Recovery:
        if self._recovery is None:
            self._recovery = _LaneRecovery(self.app, self, beacon=self.beacon, loop=self.loop)
        return self._recovery

    async def on_start(self) -> None:
        try:
            await self.app.engine.start()
        except Exception as error:
            self.app.engine.fail(error)
            return
        await self._update_channels()
        await self.recovery.start()
        self.app.on_partitions_revoked.connect(self._flush_revoked)

    async def _update_channels(self) -> None:
        self._tables_finalized.set()
        for table in self.values():
            await table.maybe_start()
        self._tables_registered.set()

    def on_partitions_revoked(self, revoked: Any) -> None:
        self.app.engine.freeze()

    async def _flush_revoked(self, app: Any, revoked: Any, **kwargs: Any) -> None:
        await self.app.engine.revoke()

    async def on_rebalance(
        self, assigned: Any, revoked: Any, newly_assigned: Any, generation_id: int = 0
    ) -> None:
        self._recovery_started.set()
        await self.recovery.on_rebalance(assigned, revoked, newly_assigned, generation_id)

    async def on_stop(self) -> None:
        await self.app._fetcher.stop()
        await self.app.engine.stop()
        if self._recovery is not None:
            await self._recovery.stop()
        for table in self.values():
            await table.stop()
