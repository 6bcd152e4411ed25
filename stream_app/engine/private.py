"""Private parts of Faust and aiokafka; `private_consumer`, `_fetch`, `_producer` have the rest.

`tests/engine/test_private.py` fails when one of them moves. What each hook is for, and what bites,
is told in docs/engine.md.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import faust
from faust.tables.manager import TableManager
from faust.tables.recovery import Recovery
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from mode import Service

from .private_client import change_how_clients_ask
from .private_consumer import LaneThread, patiently
from .watchdog import end_process

if TYPE_CHECKING:
    from .engine import Engine

log = logging.getLogger(__name__)
change_how_clients_ask()

_LONGEST_STOP_S = 25.0
"""From SIGTERM to the end of the process: beyond it, it ends by force, which costs nothing."""
_FORCED_EXIT_CODE = 75


class _NoReadOffsets(dict[Any, Any]):
    """Faust would drop a batch that is fetched again after a seek back."""

    def __getitem__(self, key: Any) -> None:
        return None

    def __setitem__(self, key: Any, value: Any) -> None:
        return

    def update(self, *args: Any, **kwargs: Any) -> None:
        return


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
        await patiently(self, super().on_start)


class _LaneTransport(driver.Transport):
    Consumer = _LaneConsumer
    Producer = _LaneProducer


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

    def install_signal_handlers(self) -> None:
        """The loop hears of them, as in Faust; but while a handler hangs it hears nothing."""
        super().install_signal_handlers()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _end_by_force_later)


def _end_by_force_later(*_signal: object) -> None:
    threading.Thread(target=_end_by_force, name="last-resort", daemon=True).start()


def _end_by_force() -> None:
    time.sleep(_LONGEST_STOP_S)
    text = "not ended %.0f s after the signal: ended by force"
    end_process(_FORCED_EXIT_CODE, partial(log.critical, text, _LONGEST_STOP_S))


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
