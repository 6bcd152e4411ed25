"""What RocksDB and the system say of the disk under a local store, as errors of ours."""

from __future__ import annotations

import contextlib
import errno
import os
import resource
from collections.abc import Iterator
from pathlib import Path

from .errors import StoreDamagedError, StoreError, StoreUnusableError

_DAMAGE = ("Corruption", "IO error: No such file", "Not implemented", "Invalid argument")
"""How RocksDB begins when what it finds cannot be used: files that are gone, cut, overwritten."""
_UNUSABLE = "IO error"
"""No room, no right, a lock of another process, a device that fails: it may be well again."""
_REASONS = frozenset(os.strerror(number) for number in errno.errorcode)
_MANY_FILES = 1 << 16
_LEAST_PER_STORE, _MOST_PER_STORE = 24, 256


@contextlib.contextmanager
def told(path: Path) -> Iterator[None]:
    """Raises `StoreError` for what the body raises because of the disk."""
    try:
        yield
    except Exception as error:
        fault = store_fault(error, path)
        if fault is None:
            raise
        raise fault from error


def store_fault(error: Exception, path: Path) -> StoreError | None:
    """The disk's part in an error; None if it has none."""
    if isinstance(error, OSError):
        return StoreUnusableError(path=path, error=error.strerror or type(error).__name__)
    if type(error) is not Exception:  # so the binding raises whatever RocksDB's status is
        return None
    text = str(error)
    kind = ": ".join(text.split(": ")[:2]).partition("(")[0]
    if text.startswith(_DAMAGE):
        return StoreDamagedError(path=path, error=kind)
    if text.startswith(_UNUSABLE):
        reason = text.rpartition(": ")[2]
        told = f"{kind}: {reason}" if reason in _REASONS and reason not in kind else kind
        return StoreUnusableError(path=path, error=told)
    return None


def allow_many_files() -> None:
    """As many open files as this process may have: every store has hundreds, and what is usual on
    a terminal is a thousand or less."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _MANY_FILES if hard == resource.RLIM_INFINITY else min(hard, _MANY_FILES)
    if soft != resource.RLIM_INFINITY and soft < most:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def files_per_store(stores: int) -> int:
    """How many files each store may keep open, so that half of all are left for the rest."""
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    share = soft // 2 // max(1, stores) if soft != resource.RLIM_INFINITY else _MOST_PER_STORE
    return max(_LEAST_PER_STORE, min(_MOST_PER_STORE, share))
