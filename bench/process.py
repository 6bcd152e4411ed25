"""A contestant as a process: started, listened to, ended."""

from __future__ import annotations

import json
import math
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import click

ROOT = Path(__file__).parents[1]
HOME = ROOT / ".rapport" / "bench"
Said = dict[str, Any]


class PeerFailed(Exception):  # noqa: N818 - named for what happened
    """A contestant did not come to its end. Do: read the log that the message names."""


def note(text: str) -> None:
    """Progress, on standard error."""
    click.echo(f"bench: {text}", err=True)


class Child:
    """A running contestant, which reports in JSON lines with an `event`."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self.log = log
        self.started_s = time.time()
        self._lines = b""
        assert process.stdout is not None
        self._out: IO[bytes] = process.stdout
        self._ready = selectors.DefaultSelector()
        self._ready.register(self._out, selectors.EVENT_READ)

    def wait_for(self, event: str, timeout_s: float) -> Said:
        """The next report of that kind; others are skipped. Raises PeerFailed."""
        deadline = time.monotonic() + timeout_s
        while (left_s := deadline - time.monotonic()) > 0:
            line, newline, rest = self._lines.partition(b"\n")
            if newline:
                self._lines = rest
                said = parse(line)
                if said.get("event") == event:
                    return said
            elif self._ready.select(left_s):
                chunk = os.read(self._out.fileno(), 65_536)
                if not chunk:
                    raise PeerFailed(f"ended before it said {event!r}; {self._end_of_log()}")
                self._lines += chunk
        raise PeerFailed(f"no {event!r} within {timeout_s:.0f} s; {self._end_of_log()}")

    def _end_of_log(self) -> str:
        return f"log {self.log}:\n{self.log.read_text(errors='replace')[-3000:]}"

    def rss_bytes(self) -> dict[str, int]:
        """Resident memory now and at its peak, as the kernel says it."""
        return memory(self.process.pid)

    def end(self) -> None:
        """Stop it and wait."""
        self._ready.close()
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._out.close()


def parse(line: bytes) -> Said:
    """A report; empty if the line is none, as those of Faust's greeting."""
    try:
        said = json.loads(line)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def memory(pid: int | str) -> dict[str, int]:
    """`rss` and `peak` in bytes; empty where there is no /proc."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return {}
    words = dict(line.split(":", 1) for line in status.read_text().splitlines())
    if "VmRSS" not in words:  # it has just ended
        return {}
    return {
        "rss": int(words["VmRSS"].split()[0]) << 10,
        "peak": int(words["VmHWM"].split()[0]) << 10,
    }


def cpu_s(pid: int) -> float:
    """CPU time, user and system, of a running process; not a number where there is no /proc."""
    stat = Path(f"/proc/{pid}/stat")
    if not stat.exists():
        return math.nan
    ticks = stat.read_text().rpartition(")")[2].split()[11:13]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


@contextmanager
def child(name: str, command: Sequence[str]) -> Iterator[Child]:
    """Start a contestant for the body; its standard error goes to a log of its name."""
    logs = HOME / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    log = logs / f"{name}.log"
    with log.open("wb") as errors:
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=errors)
    running = Child(process, log)
    try:
        yield running
    finally:
        running.end()


def python(module: str, options: Mapping[str, Any], interpreter: str = sys.executable) -> list[str]:
    """Command line of a contestant in Python."""
    return [interpreter, "-m", module, json.dumps(options)]
