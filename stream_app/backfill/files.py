"""Files as they come: plain or gzip, a path or standard input, read in bounded pieces."""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from stream_app.backfill.errors import UnreadableFileError

LINE_LIMIT: Final = 8 << 20
"""Bytes of a line that are held at most; of a longer one only its beginning is seen."""
_BOM: Final = b"\xef\xbb\xbf"
_GZIP: Final = b"\x1f\x8b"
_PACKED: Final = {b"\x28\xb5\x2f\xfd": "zstd -dc", b"PK\x03\x04": "unzip -p"}
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")
_BUFFER: Final = 1 << 18

Watch = Callable[[int], None]
"""Told how many bytes more have been read of what lies on disk."""


class _Watched(io.RawIOBase):
    """A raw file that says how much was read of it."""

    def __init__(self, raw: io.RawIOBase, watch: Watch) -> None:
        self._raw = raw
        self._watch = watch

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int | None:
        count = self._raw.readinto(buffer)  # type: ignore[arg-type]
        self._watch(count or 0)
        return count


def name_of(path: Path) -> str:
    """How messages name a file: as it was given."""
    return str(path)


@contextmanager
def opened(path: Path, watch: Watch = lambda _: None) -> Iterator[BinaryIO]:
    """The plain bytes of a file, as `unpacked` gives them. `-` is standard input.

    Raises UnreadableFileError, also for what goes wrong while the caller reads.
    """
    try:
        with _raw(path) as raw, unpacked(raw, name_of(path), watch) as plain:
            yield plain
    except OSError as error:
        if error.filename not in (None, str(path)):
            raise  # of another file, which the caller has to do with
        raise UnreadableFileError(name_of(path), error.strerror or str(error)) from error


@contextmanager
def unpacked(raw: io.RawIOBase, name: str, watch: Watch = lambda _: None) -> Iterator[BinaryIO]:
    """The plain bytes of what is open, without a byte order mark; it stays open.

    What begins like gzip is unpacked, whatever its name. Raises UnreadableFileError, also while
    the caller reads.
    """
    try:
        outer = io.BufferedReader(_Watched(raw, watch), _BUFFER)
        packed = outer.peek(2)[:2] == _GZIP
        plain: io.BufferedReader[Any] = outer
        if packed:
            plain = io.BufferedReader(cast("io.RawIOBase", gzip.GzipFile(fileobj=outer)), _BUFFER)
        begin = plain.peek(4)[:4]
        if unpack := _PACKED.get(begin):
            raise UnreadableFileError(name, f"packed. Do: {unpack} FILE | rapport ... -")
        begin = begin[:3]
        if begin[:2] in _UTF16:
            raise UnreadableFileError(name, "UTF-16. Do: save it as UTF-8")
        if begin == _BOM:
            plain.read(3)
        yield cast("BinaryIO", plain)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise UnreadableFileError(name, f"gzip that is broken or cut off ({error})") from error


def _raw(path: Path) -> AbstractContextManager[io.RawIOBase]:
    if str(path) == "-":
        return cast("AbstractContextManager[io.RawIOBase]", _stdin())
    return cast("AbstractContextManager[io.RawIOBase]", path.open("rb", buffering=0))


@contextmanager
def _stdin() -> Iterator[BinaryIO]:
    """Standard input, which stays open."""
    if sys.stdin is None:
        raise UnreadableFileError("-", "standard input is closed")
    yield cast("BinaryIO", sys.stdin.buffer)


def lines(file: BinaryIO) -> Iterator[tuple[int, bytes, bool]]:
    """Number (from 1), content without its end, and whether it is whole; blank lines are not told.

    Of a line that is too long its beginning is given, and its rest is passed over.
    """
    number = 0
    while line := file.readline(LINE_LIMIT):
        number += 1
        whole = True
        while len(line) == LINE_LIMIT and not line.endswith(b"\n"):
            whole = False
            if not (rest := file.readline(LINE_LIMIT)) or rest.endswith(b"\n"):
                break
        content = line.strip()
        if content:
            yield number, content, whole


def size_of(path: Path) -> int | None:
    """Bytes on disk; None if that is not known."""
    return path.stat().st_size if path.is_file() else None
