"""The world of a run: one broker of its own, workers as processes, their disks and their pages."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

import orjson

from stream_app.config import ServiceSettings
from stream_app.embedded import EmbeddedBroker, Silent

from .feed import PLATFORM

ROOT: Final = Path(__file__).parents[1]
PARTITIONS: Final = 4
SESSION_S: Final = 6.0
NAMES: Final = ("a", "b", "c")
STATIC: Final = ("a", "b")
"""Members with a name of their own, which keep their partitions over a quick restart."""
TERM_LIMIT_S: Final = 30.0
"""Longest time that a worker may take to end when asked."""
_START_LIMIT_S: Final = 60.0
_FREE_LIMIT_S: Final = 300.0
"""Faults wait for each other where a machine is slow, and who waits longest is not first."""
_WAIT_S: Final = 0.1


class ChaosError(Exception):
    """The run itself went wrong, or the service did what it must never do."""


class Worker:
    """One place for a worker: its folder stays when the process goes."""

    def __init__(self, name: str, folder: Path, settings: ServiceSettings, standbys: int) -> None:
        self.name = name
        self.folder = folder / name
        self.folder.mkdir(parents=True)
        self.process: subprocess.Popen[bytes] | None = None
        self.lock = asyncio.Lock()
        self._settings = settings
        self._standbys = standbys
        self._port = 0

    @property
    def disk(self) -> Path:
        """Its local state."""
        return self.folder / "disk"

    @property
    def log(self) -> str:
        """What it said so far."""
        path = self.folder / "log"
        return path.read_text("utf-8", "replace") if path.exists() else ""

    @property
    def is_up(self) -> bool:
        """Whether its process runs."""
        return self.process is not None and self.process.poll() is None

    @property
    def pid(self) -> int:
        """Of its process."""
        assert self.process is not None
        return self.process.pid

    def start(self) -> None:
        """Start its process; traps of its last life are gone."""
        for left in self.folder.glob("*.trap"):
            left.unlink()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = int(probe.getsockname()[1])
        settings = self._settings
        code = (
            f"from chaos.hooks import install; install({str(self.folder)!r}); "
            "from stream_app.__main__ import main; main()"
        )
        command = [
            *(sys.executable, "-c", code, "worker", "--until-stdin-ends"),
            *("--broker", settings.broker, "--application-id", settings.application_id),
            *("--partitions", str(PARTITIONS), "--platforms", PLATFORM),
            *("--data", str(self.disk), "--web-port", str(self._port)),
            *("--session-timeout-ms", str(int(SESSION_S * 1000)), "--no-idle-ticks"),
            *("--standbys", str(self._standbys), "--log-level", "WARNING"),
            *(("--instance-id", self.name) if self.name in STATIC else ()),
        ]
        env = {key: value for key, value in os.environ.items() if not key.startswith("RAPPORT_")}
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=log, stderr=log, cwd=ROOT, env=env
            )

    def kill(self) -> None:
        """kill -9; raises ChaosError if it had already ended."""
        assert self.process is not None
        if self.process.poll() is not None:
            raise ChaosError(f"worker {self.name} had ended by itself")
        self.process.kill()
        self.process.wait()

    async def ended(self, within_s: float) -> int | None:
        """Wait for its end; the exit status, None if it still runs."""
        assert self.process is not None
        deadline = time.monotonic() + within_s
        while self.process.poll() is None and time.monotonic() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(_WAIT_S)
        return self.process.poll()

    async def stop(self) -> int:
        """SIGTERM; the exit status. Raises ChaosError if it takes too long."""
        assert self.process is not None
        self.process.terminate()
        status = await self.ended(TERM_LIMIT_S)
        if status is None:
            raise ChaosError(f"worker {self.name} did not end within {TERM_LIMIT_S:.0f} s")
        return status

    def signal(self, number: int) -> None:
        """Send a signal."""
        assert self.process is not None
        self.process.send_signal(number)

    async def get(self, path: str) -> bytes | None:
        """A page; None if there is no answer."""

        def ask() -> bytes | None:
            with suppress(OSError):
                url = f"http://127.0.0.1:{self._port}{path}"
                with urllib.request.urlopen(url, timeout=2) as page:
                    return bytes(page.read())
            return None

        return await asyncio.to_thread(ask)

    async def health(self) -> dict[str, Any]:
        """What `/health` says; empty if there is no answer."""
        page = await self.get("/health")
        return orjson.loads(page) if page else {}

    async def metric(self, name: str, *, having: str = "") -> float:
        """Sum of a metric's series whose labels contain `having`; 0 if there is no answer."""
        page = await self.get("/metrics") or b""
        return sum(
            float(line.rpartition(" ")[2])
            for line in page.decode().splitlines()
            if line.startswith((f"{name} ", f"{name}{{")) and having in line
        )

    async def is_at_work(self) -> bool:
        """Whether it has partitions and processes them: what is done to others has no effect."""
        health = await self.health()
        return health.get("state") == "running" and bool(health["partitions"])

    async def until_running(self) -> None:
        """Wait until it is at work."""
        deadline = time.monotonic() + _START_LIMIT_S
        while (await self.health()).get("state") != "running":
            if not self.is_up or time.monotonic() > deadline:
                raise ChaosError(f"worker {self.name} does not come up:\n{self.log[-3000:]}")
            await asyncio.sleep(0.3)


class World:
    """Broker and workers."""

    def __init__(self, seed: int, folder: Path, standbys: int) -> None:
        self.folder = folder
        self.broker = EmbeddedBroker("chaos", home=folder, keep=True)
        address = self.broker.start(Silent())
        self.broker_lock = asyncio.Lock()
        self.settings = ServiceSettings(
            broker=address,
            platforms=(PLATFORM,),
            application_id=f"chaos-{seed}",
            partitions=PARTITIONS,
            session_timeout_ms=int(SESSION_S * 1000),
        )
        self.workers = [Worker(name, folder, self.settings, standbys) for name in NAMES]
        self.unasked: list[str] = []

    @property
    def up(self) -> list[Worker]:
        """Workers whose process runs."""
        return [worker for worker in self.workers if worker.is_up]

    @asynccontextmanager
    async def one_of(self, whom: float, *, up: bool = True) -> AsyncIterator[Worker]:
        """A worker that nothing else is being done to, chosen by the schedule's dice.

        `up`: one that is at work; else one that does not run.
        """
        deadline = time.monotonic() + _FREE_LIMIT_S
        turn = 0
        while True:
            free = [w for w in self.workers if not w.lock.locked() and w.is_up is up]
            if free:
                worker = free[(int(whom * len(free)) + turn) % len(free)]
                async with worker.lock:
                    if not up or await worker.is_at_work():
                        yield worker
                        return
                turn += 1
            if time.monotonic() > deadline:
                raise ChaosError("no worker is free")
            await asyncio.sleep(_WAIT_S)

    def revive(self) -> None:
        """Start again who ended though nobody asked for it, as an orchestrator would; noted."""
        for worker in self.workers:
            process = worker.process
            if process is None or process.poll() is None or worker.lock.locked():
                continue
            self.unasked.append(f"worker {worker.name} ended by itself ({process.returncode})")
            worker.start()

    async def restart_broker(self, *, kill: bool, away_s: float) -> None:
        """Take the broker away for so long."""
        if kill:
            os.kill(self.broker.pid, signal.SIGKILL)
            while self.broker.is_alive():  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        await asyncio.to_thread(self.broker.stop)
        await asyncio.sleep(away_s)
        await asyncio.to_thread(self.broker.start, Silent())

    def close(self, *, keep: bool) -> None:
        """End everything that still runs; `keep`: leave logs and disks to be looked at."""
        for worker in self.workers:
            if worker.is_up:
                worker.signal(signal.SIGCONT)
                worker.kill()
        self.broker.stop()
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)
