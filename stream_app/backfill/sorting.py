"""Any number of entries in the order of their times, in bounded memory.

Entries are held up to a bound; then they are sorted and written out as a run, and in the end the
runs are merged (external merge sort). The file has no name and is gone with the process. Entries of
the same time keep the order in which they were added.
"""

from __future__ import annotations

import heapq
import os
import struct
import tempfile
from collections.abc import Iterator
from typing import Final, NamedTuple

from stream_app.backfill.errors import NoSpaceError

MEMORY: Final = 128 << 20
"""Bytes held before a run is written, about."""
_OVERHEAD: Final = 300
_CHUNK: Final = 1 << 16
_HEAD: Final = struct.Struct(">qQI")


class Row(NamedTuple):
    """An entry: its time, its number, which makes rows of one time differ, and its content."""

    at_us: int
    number: int
    content: bytes


class Sorter:
    """Takes entries, then gives them back in order, as often as asked."""

    def __init__(self, memory: int = MEMORY) -> None:
        self._memory = memory
        self._held: list[Row] = []
        self._size = 0
        self._file = tempfile.TemporaryFile(prefix="rapport-import-")  # noqa: SIM115 - see close
        self._runs: list[tuple[int, int]] = []
        self.count = 0

    def add(self, at_us: int, content: bytes) -> None:
        """Take an entry. Raises NoSpaceError if the disk is full."""
        self._held.append(Row(at_us, self.count, content))
        self.count += 1
        self._size += len(content) + _OVERHEAD
        if self._size > self._memory:
            self._spill()

    @property
    def runs(self) -> int:
        """How many runs were written."""
        return len(self._runs)

    def _spill(self) -> None:
        self._held.sort()
        start = self._file.tell()
        try:
            for row in self._held:
                self._file.write(_HEAD.pack(row.at_us, row.number, len(row.content)))
                self._file.write(row.content)
            self._file.flush()
        except OSError as error:
            raise NoSpaceError(error.strerror or str(error)) from error
        self._runs.append((start, self._file.tell()))
        self._held, self._size = [], 0

    def __iter__(self) -> Iterator[Row]:
        self._held.sort()
        runs = (self._read(start, end) for start, end in self._runs)
        return heapq.merge(iter(self._held), *runs)

    def _read(self, start: int, end: int) -> Iterator[Row]:
        """The rows of a run, read in chunks; a row larger than a chunk comes whole."""
        held, at = b"", start
        while held or at < end:
            need = _HEAD.size
            if len(held) >= need:
                at_us, number, size = _HEAD.unpack_from(held)
                need += size
                if len(held) >= need:
                    yield Row(at_us, number, held[_HEAD.size : need])
                    held = held[need:]
                    continue
            more = os.pread(self._file.fileno(), min(max(_CHUNK, need), end - at), at)
            held += more
            at += len(more)

    def close(self) -> None:
        """Give the disk back."""
        self._held = []
        self._file.close()
