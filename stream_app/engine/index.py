"""The index of due times: what falls due next, without scanning the states.

Entries live in the store and the changelog; those not yet written there are overlaid here.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import Final

from .store import Store
from .wire import index_entry, index_key, seal

SMALLEST_DUE: Final = -(1 << 63)


class DueIndex:
    """Pairs (due, key), ordered. `due` is a signed 64-bit number from `first` on."""

    def __init__(self, store: Store, first: int = SMALLEST_DUE) -> None:
        self._store = store
        self._first = index_key(first, b"")
        self._dirty: dict[bytes, bool] = {}
        self._inflight: dict[bytes, bool] = {}
        self._new: list[bytes] = []
        self._floor = self._first

    def put(self, due: int, key: bytes) -> None:
        """Add an entry; adding it twice is adding it once."""
        raw = index_key(due, key)
        self._dirty[raw] = True
        heapq.heappush(self._new, raw)

    def remove(self, due: int, key: bytes) -> None:
        """Remove an entry; removing one that is not there does nothing."""
        self._dirty[index_key(due, key)] = False

    def due(self, upto: int, limit: int) -> list[tuple[int, bytes]]:
        """The first `limit` entries with due <= `upto`, in order. They stay until removed."""
        last = index_key(upto + 1, b"")
        found: list[bytes] = []
        for raw in heapq.merge(self._stored(last), self._overlaid(last, limit)):
            if found and found[-1] == raw:
                continue
            found.append(raw)
            if len(found) >= limit:
                break
        return [index_entry(raw) for raw in found]

    def _stored(self, last: bytes) -> Iterator[bytes]:
        """Stored entries that are still wanted; remembers where the first one stands.

        Starting there keeps a long queue of worked-off entries from being walked again and again,
        be they removed in the overlay or deleted in RocksDB, which walks over them one by one.
        """
        first = True
        for raw in self._store.index_from(self._floor):
            wanted = self._wanted(raw, stored=True)
            if first and (wanted or raw >= last):
                self._floor, first = raw, False
            if raw >= last:
                return
            if wanted:
                yield raw

    def _overlaid(self, last: bytes, limit: int) -> list[bytes]:
        new = self._new
        found: list[bytes] = []
        while new and len(found) < limit and new[0] < last:
            raw = heapq.heappop(new)
            if self._wanted(raw, stored=False) and (not found or found[-1] != raw):
                found.append(raw)
        for raw in found:
            heapq.heappush(new, raw)
        return found

    def _wanted(self, raw: bytes, *, stored: bool) -> bool:
        wanted = self._dirty.get(raw)
        if wanted is None:
            wanted = self._inflight.get(raw)
        return stored if wanted is None else wanted

    def __len__(self) -> int:
        """Changes that wait for the next commit."""
        return len(self._dirty)

    def take(self) -> list[tuple[bytes, bytes | None]]:
        """Changelog records of the waiting changes, which are in flight from now on."""
        self._inflight, self._dirty = self._dirty, {}
        return [(raw, seal(raw, b"") if there else None) for raw, there in self._inflight.items()]

    def written(self) -> None:
        """What was in flight is in the store now."""
        added = [raw for raw, there in self._inflight.items() if there]
        if added:
            self._floor = min(self._floor, min(added))
        self._inflight = {}
        if len(self._new) > 1000 and len(self._new) > 4 * len(self._dirty):
            self._new = [raw for raw, there in self._dirty.items() if there]
            heapq.heapify(self._new)

    def reset(self) -> None:
        """Forget everything that is not in the store."""
        self._dirty, self._inflight, self._new = {}, {}, []
        self._floor = self._first
