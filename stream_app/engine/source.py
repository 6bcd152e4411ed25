"""The engine's view of Faust's consumer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from faust.types import TP

from .batch import Seek
from .private import LaneApp
from .private_topics import Topic

_CALL_TIMEOUT_S = 30


class SourceReader:
    """The engine's view of Faust's consumer. Every call into aiokafka runs in its thread."""

    def __init__(self, app: LaneApp) -> None:
        self._app = app

    async def _call(self, function: Callable[..., Awaitable[Any]], *args: Any) -> Any:
        return await asyncio.wait_for(self._app.lane.call_thread(function, *args), _CALL_TIMEOUT_S)

    def assignment(self) -> set[TP]:
        """What the group gave to this worker."""
        return {TP(tp.topic, tp.partition) for tp in self._app.consumer.assignment()}

    def standbys(self) -> set[int]:
        """Numbers of which Faust's assignor wants a copy here."""
        return {tp.partition for tp in self._app.assignor.assigned_standbys()}

    async def seek(self, tp: TP, offset: int) -> int:
        """Fetch from `offset` on; gives the epoch that later batches carry."""
        epoch: int = await self._call(self._app.lane.seek_source, tp, offset)
        return epoch

    async def committed(self, tps: Iterable[TP]) -> dict[TP, int]:
        """The group's offsets, asked afresh; a topic-partition without offset is left out."""
        found: dict[TP, int] = await self._call(self._app.lane.committed_now, list(tps))
        return found

    async def topics(self, names: Iterable[str]) -> dict[str, Topic | None]:
        """Topics as a broker knows them now; empty if it is too old to tell."""
        found: dict[str, Topic | None] = await self._call(self._app.lane.topics_now, list(names))
        return found

    async def is_member(self) -> bool:
        """Whether the group still counts on this worker, asked afresh."""
        return bool(await self._call(self._app.lane.is_member_now))

    async def rejoin(self) -> None:
        """Ask the group for a new generation."""
        await self._call(self._app.lane.rejoin)

    def fetched(self, tp: TP) -> Seek | None:
        """How far the topic-partition was fetched."""
        return self._app.lane.fetched.get(tp)

    def silent_ms(self) -> int:
        """For how long no broker has answered; callable from any thread once there is work."""
        return int((time.monotonic() - self._app.lane.answered_at) * 1000)

    def end(self, tp: TP) -> int | None:
        """End of the log as last seen, or None."""
        return self._app.lane.end_of(tp)

    def pause(self, tps: Iterable[TP]) -> None:
        """Take no records of these."""
        self._app.consumer.pause_partitions(set(tps))

    def resume(self, tps: Iterable[TP]) -> None:
        """Take records of these again."""
        self._app.consumer.resume_partitions(set(tps))

    async def start_flow(self) -> None:
        """After a rebalance: let Faust fetch and hand out again."""
        await self._app.start_flow()
