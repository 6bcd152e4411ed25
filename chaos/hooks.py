"""Runs inside a worker of a chaos run: traps that another process sets by writing a file.

A trap is `<place>.trap` in the worker's folder. It springs once, is renamed to `<place>.sprung`,
and what came of it is written into `<place>.outcome`.
"""

from __future__ import annotations

import asyncio
import copy
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from stream_app.edge.job import RelationshipJob
from stream_app.engine.store import Store
from stream_app.engine.writer import Writer

TRANSACTION_TIMEOUT_MS: Final = 3_000
"""Shorter than the engine allows: the broker must abort while the worker still holds on."""
_END_WITHIN_S: Final = 5.0
"""So long a frozen transaction may take to hear of its end: the broker may be away, too."""


class _InjectedError(RuntimeError):
    """Raised on purpose."""


class Traps:
    """The traps of one worker."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def springs(self, place: str) -> str | None:
        """What the trap at this place says, once; None if there is none."""
        trap = self._folder / f"{place}.trap"
        try:
            trap.rename(trap.with_suffix(".sprung"))
        except FileNotFoundError:
            return None
        return trap.with_suffix(".sprung").read_text()

    def die(self, place: str) -> None:
        """As by kill -9, if there is a trap here."""
        if self.springs(place) is not None:
            os.kill(os.getpid(), signal.SIGKILL)

    def tell(self, place: str, outcome: str) -> None:
        """Leave word of what came of it."""
        (self._folder / f"{place}.outcome").write_text(outcome)


def install(folder: str) -> None:
    """Plant all traps. Call before anything is built."""
    traps = Traps(Path(folder))
    _in_commits(traps)
    _in_stores(traps)
    _in_processing(traps)


def _outcome(ending: asyncio.Future[None]) -> str:
    if ending.cancelled():
        return "unknown"
    error = ending.exception()
    return "committed" if error is None else type(error).__name__


def _in_commits(traps: Traps) -> None:
    made, commit = Writer.__init__, Writer.commit

    def make(self: Writer, settings: Any, partition: int) -> None:
        impatient = copy.copy(settings)
        object.__setattr__(impatient, "transaction_timeout_ms", TRANSACTION_TIMEOUT_MS)
        made(self, impatient, partition)
        end = self._producer.commit_transaction

        async def trapped_end() -> None:
            traps.die("in_transaction")
            freeze = traps.springs("freeze")
            if freeze is None:
                await end()
                return
            time.sleep(float(freeze))  # noqa: ASYNC251 - the whole loop is meant to stand still
            ending = asyncio.ensure_future(end())
            # Told whatever becomes of this task: the commit's deadline may be over by now, and
            # a rebalance may have given up waiting for it.
            ending.add_done_callback(lambda done: traps.tell("freeze", _outcome(done)))
            asyncio.get_running_loop().call_later(_END_WITHIN_S, ending.cancel)
            await asyncio.shield(ending)

        self._producer.commit_transaction = trapped_end

    async def trapped_commit(self: Writer, *args: Any) -> Any:
        traps.die("before_transaction")
        return await commit(self, *args)

    Writer.__init__ = make  # type: ignore[method-assign]
    Writer.commit = trapped_commit  # type: ignore[method-assign, assignment]


def _in_stores(traps: Traps) -> None:
    write = Store.write

    def trapped_write(self: Store, *args: Any) -> None:
        traps.die("before_store")
        write(self, *args)
        traps.die("behind_store")

    Store.write = trapped_write  # type: ignore[method-assign, assignment]


def _in_processing(traps: Traps) -> None:
    process = RelationshipJob.process

    def trapped_process(
        self: RelationshipJob, unit: Any, topic: str, records: Sequence[Any]
    ) -> None:
        if traps.springs("process") is not None:
            process(self, unit, topic, records[: (len(records) + 1) // 2])
            raise _InjectedError
        process(self, unit, topic, records)

    RelationshipJob.process = trapped_process  # type: ignore[method-assign]
