"""Folders of the local stores: each worker process has its own, also on a shared disk."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from .errors import DataFolderError

_MOST_WORKERS = 1024
_HELD = (errno.EAGAIN, errno.EACCES)


def prepare_folder(base: Path) -> None:
    """Create the folder if need be. Raises `DataFolderError` if nothing can be written there."""
    with _told(base):
        base.mkdir(parents=True, exist_ok=True)
        if not os.access(base, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def claim_folder(base: Path, release: contextlib.ExitStack) -> Path:
    """The first `worker-<n>` below `base` that no living process holds; created if need be.

    A restarted worker finds its old folder; two workers on one disk never share one. The lock
    goes with the process, or when `release` is closed. Raises `DataFolderError`.
    """
    prepare_folder(base)
    with _told(base):
        for number in range(_MOST_WORKERS):
            folder = base / f"worker-{number}"
            if (lock := _locked(folder.with_suffix(".lock"))) is not None:
                release.callback(lock.close)
                folder.mkdir(exist_ok=True)
                return folder
    raise DataFolderError(path=base, error=f"{_MOST_WORKERS} workers hold theirs")


def _locked(path: Path) -> TextIO | None:
    """The lock file, which is ours until it is closed; None: another process holds it."""
    lock = path.open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        if error.errno in _HELD:
            return None
        raise
    return lock


@contextlib.contextmanager
def _told(base: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DataFolderError(path=base, error=error.strerror or type(error).__name__) from error
