"""What the processes of one session of tests (`pytest -n`) share, on Linux and macOS."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


@contextlib.contextmanager
def held(path: Path, how: int = fcntl.LOCK_EX) -> Iterator[int]:
    """The lock on that file, for the body; gives its descriptor. It ends with the process."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
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
    opened it, so that one waits for the others; who comes after that opens another one.
    """
    address, users = path.with_suffix(".address"), path.with_suffix(".users")
    with contextlib.ExitStack() as stack:
        with held(path.with_suffix(".lock")):
            is_mine = not address.exists()
            if is_mine:
                server = contextlib.ExitStack()
                address.write_text(server.enter_context(opened()), encoding="utf-8")
            stack.enter_context(held(users, fcntl.LOCK_SH))
            found = address.read_text(encoding="utf-8")
        yield found
    if is_mine:
        # Not while another one is between its look at the address and its use.
        with held(path.with_suffix(".lock")), server, held(users):
            address.unlink()
