"""When a unit commits: the three signals between the agent and the unit's own task."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .engine import Engine

_LOOK_AGAIN_S = 0.5
_FAR_BEHIND_RECORDS = 20_000
_MUCH_DUE_INTERVAL_S = 0.3
"""Between two commits while the job works off what was due: each commit costs, and records wait."""


def interval_s(engine: Engine[Any], behind: int, *, more: bool) -> float:
    """Time between two commits of a partition that is so many records behind.

    `more`: the job works off what was due.
    """
    settings = engine.settings
    if behind > _FAR_BEHIND_RECORDS:
        return settings.catch_up_commit_interval_ms / 1000
    if more:
        return max(settings.commit_interval_ms / 1000, _MUCH_DUE_INTERVAL_S)
    return max(settings.commit_interval_ms / 1000, engine.least_interval_s)


class Pace:
    """Work is there (`wake`), it cannot wait (`hurry`), there is room again (`made_room`)."""

    def __init__(self) -> None:
        self._wake = asyncio.Event()
        self._urgent = asyncio.Event()
        self._room = asyncio.Event()
        self._started_at = 0.0

    def wake(self) -> None:
        """There is something to commit when its time has come."""
        self._wake.set()

    def hurry(self) -> None:
        """There is something to do at once."""
        self._urgent.set()
        self._wake.set()
        self._room.set()

    def started(self) -> float:
        """A commit begins now; the next one keeps its distance from this moment."""
        self._started_at = time.monotonic()
        return self._started_at

    def made_room(self) -> None:
        """What was waiting is committed or dropped."""
        self._room.set()

    async def due(self, interval_s: float) -> None:
        """Wait for work, then until `interval_s` after the last commit; less if it is urgent."""
        await self._wake.wait()
        self._wake.clear()
        delay_s = self._started_at + interval_s - time.monotonic()
        if delay_s > 0 and not self._urgent.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(delay_s):
                    await self._urgent.wait()
        self._urgent.clear()

    async def room(self) -> None:
        """Wait until there is room, or it is time to look again."""
        self._room.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LOOK_AGAIN_S):
                await self._room.wait()
