"""What the processes of one session of tests (`pytest -n`) share, on Linux and macOS."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pickle
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
_LOOK_S = 0.2


@contextlib.contextmanager
def held(path: Path, how: int | None = fcntl.LOCK_EX) -> Iterator[int]:
    """The lock on that file, for the body (None: not yet). It ends with the process at the latest.

    Gives the file's descriptor.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if how is not None:
            fcntl.flock(descriptor, how)
        yield descriptor
    finally:
        os.close(descriptor)


class Once:
    """Dear results, worked out by the first process that asks; the others wait, and get copies."""

    def __init__(self, folder: Path) -> None:
        """The folder is the session's: nothing is kept from one session to the next."""
        self._folder = folder

    def __call__(self, name: str, make: Callable[[], T]) -> T:
        """What `make` gives, a value that pickle can store, under a name that nothing else has."""
        path = self._folder / f"{name}.pickle"
        with held(path.with_suffix(".lock")):
            if not path.exists():
                made = path.with_suffix(".new")
                made.write_bytes(pickle.dumps(make()))
                made.rename(path)
        result: T = pickle.loads(path.read_bytes())
        return result


@contextlib.contextmanager
def one_for_all(
    path: Path, opened: Callable[[], contextlib.AbstractContextManager[str]]
) -> Iterator[str]:
    """The address of a server that the first process opens, and closes behind the last one.

    `path` begins the names of three files of the session. The server lives in the process that
    opened it, so that one waits until nobody uses it; who comes after that opens another one.
    """
    address, users = path.with_suffix(".address"), path.with_suffix(".users")
    lock = path.with_suffix(".lock")
    with contextlib.ExitStack() as server:
        with held(users, None) as using:
            with held(lock):
                is_mine = not address.exists()
                if is_mine:
                    address.write_text(server.enter_context(opened()), encoding="utf-8")
                fcntl.flock(using, fcntl.LOCK_SH)
                found = address.read_text(encoding="utf-8")
            yield found
        while is_mine and not _is_last(lock, users, address):
            time.sleep(_LOOK_S)


def _is_last(lock: Path, users: Path, address: Path) -> bool:
    """Whether nobody uses the server; then nobody will any more."""
    with held(lock), held(users, None) as using:
        try:
            fcntl.flock(using, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        address.unlink()
        return True
