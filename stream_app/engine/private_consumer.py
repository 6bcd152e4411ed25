"""Faust's consumer thread as the engine wants it: what it reads, and whether anybody answers."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import (
    InvalidSessionTimeoutError,
    KafkaConnectionError,
    KafkaError,
    TopicAuthorizationFailedError,
)
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from mode import Service

from .batch import Batch, Seek
from .errors import (
    BatchDamagedError,
    CoordinationError,
    EngineRefusalError,
    ReadRefusedError,
    SettingsError,
)
from .private_fetch import hand_out_as_parsed, hear_of_gone
from .private_topics import Topic, ask_for_topics

if TYPE_CHECKING:
    from .settings import EngineSettings

log = logging.getLogger(__name__)

_SMALL_FETCH_RECORDS = 500
_ENDS_EVERY_S = 5.0
_ENDS_PER_SESSION = 4
_ENDS_TIMEOUT_S = 10.0
_CONSUMER_STOP_S = 5.0
_BROKER_AGAIN_S = 1.0
_LONGEST_WAIT_S = 0.2
"""A fetch knows only the partitions that were active when it began."""
_NEVER_MS = 10**12
"""Longest time between two fetches. Behind it aiokafka leaves the group, and does not join again
before somebody fetches: a worker that has nothing to do, or restores for long, never would."""


class LaneThread(driver.AIOKafkaConsumerThread):
    """Faust's consumer thread; stamps batches, and alone decides on seeks."""

    app: Any

    def __post_init__(self) -> None:
        super().__post_init__()
        self.fetched: dict[TP, Seek] = {}
        self._ends: dict[TP, int] = {}
        self.answered_at = time.monotonic()
        """When the brokers last told how far the log goes, or which topics there are."""
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
            max_poll_interval_ms=_NEVER_MS,
            max_partition_fetch_bytes=settings.max_partition_fetch_bytes,
            fetch_max_wait_ms=settings.fetch_max_wait_ms,
            fetch_min_bytes=1,
            check_crcs=True,
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
        try:
            got = await super()._fetch_records(
                consumer,
                active_partitions,
                timeout=min(timeout or 0.0, _LONGEST_WAIT_S),
                max_records=max_records,
            )
        except (KafkaError, BatchDamagedError) as error:  # Faust would end with a traceback only
            self._tell(self.app.engine.fail, fetch_refusal(error))
            await asyncio.sleep(_BROKER_AGAIN_S)
            return {}
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
        await patiently(self, super().on_start)
        self.answered_at = time.monotonic()
        consumer = self._ensure_consumer()
        hand_out_as_parsed(consumer)
        if self.app.engine.settings.instance_id is not None:
            self._hear_of_replacement(consumer._coordinator)

    def _hear_of_replacement(self, coordinator: Any) -> None:
        """Tell the engine whenever the group does not know this member any more."""
        reset = coordinator.reset_generation

        def reset_generation() -> None:
            self._tell(self.app.engine.replaced)
            reset()

        coordinator.reset_generation = reset_generation

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

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Nothing: Faust would complain of each topic-partition while a restore takes minutes.

        And fail at one that a rebalance takes away meanwhile. What stands still is told by health.
        """

    @Service.task
    async def _ask_for_ends(self) -> None:
        """What was fetched tells nothing of what has come since, while nobody takes it.

        Nor does a fetch that is never answered tell that nobody is there: this one does.
        """
        session_s = self.app.engine.settings.session_timeout_ms / 1000
        while not self.should_stop:
            await self.sleep(min(_ENDS_EVERY_S, session_s / _ENDS_PER_SESSION))
            consumer = self._consumer
            if consumer is None:
                continue
            if refusal := self._coordination_has_ended(consumer):
                self._tell(self.app.engine.fail, refusal)
                return
            tps = sorted(consumer.assignment())
            asked = consumer.end_offsets(tps) if tps else consumer.topics()
            try:
                found: Any = await asyncio.wait_for(asked, _ENDS_TIMEOUT_S)
            except Exception:  # the broker is away, or the assignment has changed: next time
                continue
            self.answered_at = time.monotonic()
            self._tell(self.app.engine.look_at_topics)
            if tps:
                self._ends = {TP(tp.topic, tp.partition): end for tp, end in found.items()}

    def _coordination_has_ended(self, consumer: AIOKafkaConsumer) -> EngineRefusalError | None:
        """Why aiokafka does not care for the group any more: the worker would only idle.

        An unexpected error ends its task. Behind one that it thinks fatal it waits until somebody
        takes note, which happens nowhere in Faust.
        """
        coordinator: Any = consumer._coordinator
        task = getattr(coordinator, "_coordination_task", None)
        if task is None or self.should_stop:
            return None
        if task.done():
            return CoordinationError(error="its task has ended")
        pending = coordinator._pending_exception
        return None if pending is None else fetch_refusal(pending)

    async def seek_source(self, tp: TP, offset: int) -> int:
        """In the thread: seek, and give the number of this seek."""
        consumer, place = self._ensure_consumer(), TopicPartition(tp.topic, tp.partition)
        consumer.seek(place, offset)
        state = consumer._subscription.subscription.assignment.state_value(place)
        hear_of_gone(state, partial(self._tell, self.app.engine.offset_gone, tp))
        last = self.fetched.get(tp)
        seek = Seek(last.epoch + 1 if last else 1, offset)
        self.fetched[tp] = seek
        return seek.epoch

    def _tell(self, function: Callable[..., None], *args: Any) -> None:
        self.app.loop.call_soon_threadsafe(function, *args)

    async def topics_now(self, names: Iterable[str]) -> dict[str, Topic | None]:
        """In the thread: see `ask_for_topics`."""
        return await ask_for_topics(self._ensure_consumer(), names)

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
        """End of the log as last seen, or None. May be called from any thread.

        What stands behind a transaction that somebody has not ended cannot be read yet: it counts.
        """
        subscription = self._ensure_consumer()._subscription.subscription
        assignment = subscription.assignment if subscription is not None else None
        state = assignment.state_value(tp) if assignment is not None else None
        if state is None or state.highwater is None:
            return self._ends.get(tp)
        return max(int(state.highwater), self._ends.get(tp, 0))


def fetch_refusal(error: Exception) -> EngineRefusalError:
    """Why nothing can be fetched: aiokafka hands out errors of the group in this place, too."""
    if isinstance(error, EngineRefusalError):
        return error
    if isinstance(error, InvalidSessionTimeoutError):
        must_be = "from group.min.session.timeout.ms to group.max.session.timeout.ms of the brokers"
        return SettingsError(setting="session_timeout_ms", must_be=must_be)
    if isinstance(error, TopicAuthorizationFailedError):
        return ReadRefusedError(topic=", ".join(map(str, error.args)))
    return CoordinationError(error=str(error) or type(error).__name__)


async def patiently(service: Service, start: Callable[[], Awaitable[None]]) -> None:
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
