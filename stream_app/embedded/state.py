"""How a broker that was left running is found again: a lock file and a state file."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

LOCK = "lock"
FILE = "state.json"


@dataclass(frozen=True, slots=True)
class State:
    """A running broker. `pid` is its guard's process, `kafka_pid` Kafka's own."""

    address: str
    pid: int
    kafka_pid: int
    log_file: str
    started_at_ms: int


def write(folder: Path, found: State) -> None:
    """Replace the state file, atomically."""
    scratch = folder / f"{FILE}.new"
    scratch.write_text(json.dumps(asdict(found), indent=1) + "\n", encoding="utf-8")
    scratch.replace(folder / FILE)


def read(folder: Path) -> State | None:
    """The state file as last written, of a broker that may have ended; None if there is none."""
    try:
        return State(**json.loads((folder / FILE).read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return None


@contextlib.contextmanager
def held(folder: Path) -> Iterator[bool]:
    """Hold the folder's lock while the body runs; gives False if a broker holds it."""
    lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            free = True
        except BlockingIOError:
            free = False
        yield free
    finally:
        os.close(lock)


def is_locked(folder: Path) -> bool:
    """Whether a broker, or what is left of one, runs in the folder."""
    if not (folder / LOCK).exists():
        return False
    with held(folder) as free:
        return not free


def wait_unlocked(folder: Path, timeout_s: float) -> bool:
    """Wait until nothing runs in the folder; False when the time is over."""
    deadline = time.monotonic() + timeout_s
    while is_locked(folder):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
