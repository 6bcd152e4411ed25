"""Folders of the local stores: each worker process has its own, also on a shared disk."""

from __future__ import annotations

import contextlib
import fcntl
from pathlib import Path

_MOST_WORKERS = 1024


def claim_folder(base: Path, release: contextlib.ExitStack) -> Path:
    """The first `worker-<n>` below `base` that no living process holds; created if need be.

    A restarted worker finds its old folder; two workers on one disk never share one. The lock
    goes with the process, or when `release` is closed.
    """
    base.mkdir(parents=True, exist_ok=True)
    for number in range(_MOST_WORKERS):
        lock = (base / f"worker-{number}.lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            continue
        release.callback(lock.close)
        folder = base / f"worker-{number}"
        folder.mkdir(exist_ok=True)
        return folder
    raise OSError(f"no free folder below {base}")
