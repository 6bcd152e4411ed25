"""One worker process of the counting job: `python -m tests.engine.worker JSON`."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
from aiokafka.consumer.subscription_state import SubscriptionState
from faust.assignor.partition_assignor import PartitionAssignor

from stream_app.engine import EngineSettings, engine
from stream_app.engine.app import create_app, run_worker
from stream_app.engine.engine import Engine
from stream_app.engine.restore import Restorer
from stream_app.engine.store import Store
from stream_app.engine.writer import Writer

from .counting import CountingJob
from .odd_commits import commit_and_lose, commit_misplaced, commit_whole


def die(where: str) -> None:
    """As `kill -9` at this very point."""
    sys.stderr.write(f"DIED {where}\n")
    sys.stderr.flush()
    os.kill(os.getpid(), signal.SIGKILL)


def plant_faults(rate: float, seed: int) -> None:
    """Die or fail inside commits, before, in and behind the transaction."""
    commit, write = Writer.commit, Store.write
    dice = random.Random(seed)

    async def faulty_commit(self: Writer, *args: Any) -> Any:
        if dice.random() < rate:
            die("before the transaction")
        if dice.random() < rate:
            raise RuntimeError("injected before the transaction")
        end = self._producer.commit_transaction

        async def faulty_end() -> None:
            if dice.random() < rate:
                die("before the end of the transaction")
            if dice.random() < rate:
                raise RuntimeError("injected before the end of the transaction")
            await end()
            if dice.random() < rate:
                raise RuntimeError("injected behind the transaction")

        self._producer.commit_transaction = faulty_end  # type: ignore[method-assign]
        try:
            return await commit(self, *args)
        finally:
            self._producer.commit_transaction = end  # type: ignore[method-assign]

    def faulty_write(self: Store, *args: Any) -> None:
        if dice.random() < rate:
            die("before the store")
        write(self, *args)
        if dice.random() < rate:
            die("behind the store")

    Writer.commit = faulty_commit  # type: ignore[method-assign]
    Store.write = faulty_write  # type: ignore[method-assign]


def slow_down_restores(seconds: float) -> None:
    """Every slice of the changelog takes so long."""
    take = Restorer._take

    async def slow_take(self: Restorer, most: int) -> list[Any]:
        await asyncio.sleep(seconds)
        return await take(self, min(most, 200))

    Restorer._take = slow_take  # type: ignore[method-assign]


def let_long_pass_without_a_fetch() -> None:
    """As aiokafka sees it: a year."""
    SubscriptionState.fetcher_idle_time = property(lambda self: 366 * 86_400.0)


def break_assignments() -> None:
    """The group's answer is one that Faust cannot take."""

    def broken(self: PartitionAssignor, assignment: Any) -> None:
        raise AssertionError("not mine")

    PartitionAssignor.on_assignment = broken  # type: ignore[method-assign]


def slow_down_commits(seconds: float) -> None:
    """Every transaction takes so much longer."""
    commit = Writer.commit

    async def slow_commit(self: Writer, *args: Any) -> Any:
        await asyncio.sleep(seconds)
        return await commit(self, *args)

    Writer.commit = slow_commit  # type: ignore[method-assign]


def change_one_commit(number: int, changed: Callable[..., Awaitable[Any]]) -> None:
    """This commit, counted from 1 over all partitions, is another one."""
    commits = 0

    async def commit(self: Writer, *args: Any) -> Any:
        nonlocal commits
        commits += 1
        return await (changed if commits == number else commit_whole)(self, *args)

    Writer.commit = commit  # type: ignore[method-assign]


def publish_health(engine: Engine[Any], path: Path) -> None:
    """Write the engine's health to a file, five times a second, from a thread."""
    while True:
        text = msgspec.json.encode(engine.health())
        path.with_suffix(".new").write_bytes(text)
        path.with_suffix(".new").rename(path)
        time.sleep(0.2)


def main() -> None:
    options = json.loads(sys.argv[1])
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    if options["fault_rate"]:
        plant_faults(options["fault_rate"], options["fault_seed"])
    settings = options["settings"]
    settings["data_dir"] = Path(settings["data_dir"])
    job = CountingJob(
        options["out"],
        options["rejects"],
        open_fails=options["open_fails"],
        tick_fails=options["tick_fails"],
    )
    if options["break_assignments"]:
        break_assignments()
    if options["long_idle"]:
        let_long_pass_without_a_fetch()
    if options["slow_commit_s"]:
        slow_down_commits(options["slow_commit_s"])
    if options["lost_end"]:
        change_one_commit(options["lost_end"], commit_and_lose)
    if options["misplaced"]:
        change_one_commit(options["misplaced"], commit_misplaced)
    if options["slow_restore_s"]:
        slow_down_restores(options["slow_restore_s"])
    engine._CLASHES = options["clashes"] or engine._CLASHES
    app = create_app(EngineSettings(**settings), job, options["sources"])
    health = (app.engine, Path(options["health"]))
    threading.Thread(target=publish_health, args=health, daemon=True).start()
    run_worker(app, loglevel=options.get("loglevel", "WARN"))


if __name__ == "__main__":
    main()
