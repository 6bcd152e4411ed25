"""Letting what was deleted vanish from the disk, but not all the time."""

from __future__ import annotations

import asyncio
import time

from .store import Store

PAUSE_S = 10.0
PAUSES = 20
"""After a purge comes a pause of so many times its length: it takes a twentieth of the time."""


class Purges:
    """The purges of one partition's store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._from_s = 0.0

    @property
    def is_due(self) -> bool:
        """Whether one is wanted, and the last one was long enough ago."""
        return self._store.wants_purge and time.monotonic() >= self._from_s

    async def run_if_due(self) -> None:
        """Purge, in a thread; nothing may be written meanwhile."""
        if not self.is_due:
            return
        begun = time.monotonic()
        await asyncio.to_thread(self._store.purge)
        self._store.purged()
        ended = time.monotonic()
        self._from_s = ended + max(PAUSE_S, PAUSES * (ended - begun))
