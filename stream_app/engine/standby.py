"""A warm copy of a partition that another worker owns, so that a takeover takes seconds.

It writes into the very folder that this worker's unit of that partition would use, and only what
is committed. Whether the copy may be used is not decided here: the unit checks its marker as that
of any store found on a disk.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Any

from aiokafka import AIOKafkaConsumer

from .errors import EngineRefusalError, StoreError
from .observer import StandbyHealth, StandbyPhase
from .private_fetch import hand_out_as_parsed
from .restore import Restorer
from .store import Store
from .trouble import describe

if TYPE_CHECKING:
    from .engine import Engine
    from .settings import EngineSettings

log = logging.getLogger(__name__)

_PAUSE_S = 0.5
"""Between two looks at the changelog: many records in one write cost less than few."""
_STOP_S = 3.0
_FIRST_BACKOFF_S = 0.5
_MAX_BACKOFF_S = 10.0


class Standby:
    """Follows the changelog of one partition number until it is stopped."""

    def __init__(self, number: int, engine: Engine[Any]) -> None:
        self.number = number
        self.behind = 0
        """Changelog offsets still to read, as last seen."""
        self.phase: StandbyPhase = "restoring"
        self._engine = engine
        self._store = Store(engine.folder / f"{engine.settings.app_id}-{number}", engine.memory)
        self._task = asyncio.ensure_future(self._run())

    async def stop(self) -> None:
        """Let go of the store; the unit may open it then."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._store.close()

    def health(self) -> StandbyHealth:
        """As it stands now."""
        return StandbyHealth(phase=self.phase, behind=self.behind)

    async def _run(self) -> None:
        backoff_s = _FIRST_BACKOFF_S
        while True:
            try:
                await self._follow()
            except EngineRefusalError as error:
                # Nothing depends on a copy. Should this worker take over, its unit will refuse.
                log.error("standby of partition %d given up: %s", self.number, describe(error))
                self.phase = "refused"
                return
            except Exception as error:
                log.warning("standby of partition %d: %s", self.number, describe(error))
                if isinstance(error, StoreError):
                    self._store.give_up(error)
            self.phase = "waiting"
            await asyncio.sleep(backoff_s)
            backoff_s = min(_MAX_BACKOFF_S, backoff_s * 2)

    async def _follow(self) -> None:
        """Until something goes wrong."""
        self._store.open()
        consumer = standby_consumer(self._engine.settings)
        try:
            await consumer.start()
            hand_out_as_parsed(consumer)
            restorer = Restorer(
                consumer,
                self._store,
                self._engine.settings,
                self.number,
                on_progress=self._on_progress,
                on_bad=lambda offset: None,
            )
            async with self._engine.warming:
                self.phase = "restoring"
                await restorer.run(trusted=False)
            self.phase = "warm"
            while True:
                self.behind = await restorer.follow()
                await asyncio.sleep(_PAUSE_S)
        finally:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(consumer.stop(), _STOP_S)

    def _on_progress(self, done: int, total: int) -> None:
        self.behind = max(0, total - done)


def standby_consumer(settings: EngineSettings) -> AIOKafkaConsumer:
    """A consumer without a group, read_committed, that is in no hurry."""
    return AIOKafkaConsumer(
        **settings.client(),
        client_id=f"{settings.app_id}-standby",
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="none",
        max_partition_fetch_bytes=4 << 20,
        fetch_max_wait_ms=500,
        check_crcs=False,
    )
