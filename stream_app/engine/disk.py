"""What RocksDB and the system say of the disk under a local store, as errors of ours."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from .errors import StoreDamagedError, StoreError, StoreUnusableError

_DAMAGE = ("Corruption", "IO error: No such file", "Not implemented", "Invalid argument")
"""How RocksDB begins when what it finds cannot be used: files that are gone, cut, overwritten."""
_UNUSABLE = "IO error"
"""No room, no right, a lock of another process, a device that fails: it may be well again."""


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
        return StoreUnusableError(path=path, error=kind)
    return None
