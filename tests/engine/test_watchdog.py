"""A process whose event loop stands still ends, whatever has become of its log."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from stream_app.engine.engine import Engine
from stream_app.engine.watchdog import EXIT_CODE

ROOT = Path(__file__).parents[2]

STANDS_STILL = """
import asyncio, logging, os, signal, sys, time
from stream_app.engine import private
from stream_app.engine.watchdog import Watchdog
logging.basicConfig()
private._LONGEST_STOP_S = 0.3
async def main(how):
    if how == "no log":
        os.close(2)
        sys.stderr = None
    if how == "a log that nobody reads":
        os.set_blocking(2, False)
        try:
            while True:
                os.write(2, b"x" * 1000)
        except BlockingIOError:
            os.set_blocking(2, True)
    if how == "SIGTERM":
        worker = private.LaneWorker(private.LaneApp("one", broker="kafka://localhost:9"))
        worker._loop = asyncio.get_running_loop()
        worker.install_signal_handlers()
        os.kill(os.getpid(), signal.SIGTERM)
    else:
        Watchdog(500).start()
        await asyncio.sleep(1.2)
    end = time.monotonic() + 120
    while time.monotonic() < end:
        pass
asyncio.run(main(sys.argv[1]))
"""


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ("as ever", EXIT_CODE),
        ("no log", EXIT_CODE),
        ("a log that nobody reads", EXIT_CODE),
        ("SIGTERM", 75),
    ],
)
def test_a_loop_that_stands_still_ends_the_process(how: str, code: int) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", STANDS_STILL, how], stderr=subprocess.PIPE, cwd=ROOT
    )
    try:
        assert process.wait(60) == code
        assert process.stderr is not None
        told = process.stderr.read().decode()
    finally:
        process.kill()
        process.communicate()
    if how == "as ever":
        assert "has not returned for longer than `hang_timeout_ms`" in told
        assert "in main" in told, "the stack dump names the place"


async def test_a_worker_does_not_go_on_without_its_ticks() -> None:
    """Time would pass no more, and nobody would know."""
    engine: Any = Engine.__new__(Engine)
    engine._tasks = set()
    failures: list[BaseException] = []
    engine.fail = failures.append

    async def broken() -> None:
        raise RuntimeError

    engine.spawn(broken())
    engine.spawn(broken(), vital=True)
    await asyncio.gather(*engine._tasks, return_exceptions=True)
    assert len(failures) == 1
