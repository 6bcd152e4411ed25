"""What was seen: a bounded, expiring table for removals and answers that name only an object.

Pure: the time is an argument. Same calls, same contents, so it can be rebuilt or saved with the
partition that it belongs to (`dump` and `load`).
"""

from __future__ import annotations

from collections import OrderedDict

import msgspec

from stream_app.adapters.texts import bounded

DAY_MS = 86_400_000
LONGEST_NAME = 1_000
"""Characters of a key, platform included; of a longer one a hash stands for the rest."""


class Act(msgspec.Struct, frozen=True, array_like=True):
    """What is needed to take an act back, create it again, or know whom an answer is for."""

    id: str
    brand: str
    person: str
    verb: str
    direction: str
    object: str = ""
    undoes: str = ""


def name_of(platform: str, key: str) -> str:
    """Under which name the act of a key is kept: a delivery may name acts at any length."""
    return bounded(f"{platform} {key}", LONGEST_NAME)


class _Saved(msgspec.Struct, frozen=True, array_like=True):
    version: int
    rows: list[tuple[str, int, Act]]


class SeenTooNew(Exception):  # noqa: N818 - named for what happened, as the others are
    """The saved table was written by a newer release. Do: roll forward, or drop it (removals of
    acts from before then go unresolved, and are counted)."""


class Seen:
    """Acts by `<platform> <key>`, the newest `limit` of them, each for `keep_ms` of event flow.

    Entries are kept in the order in which they were last put. An entry older than `keep_ms` at
    the time of a call is not there. Every operation is O(1) amortised, but `forget`.
    """

    def __init__(self, limit: int = 200_000, keep_ms: int = 180 * DAY_MS) -> None:
        if limit < 1 or keep_ms < 1:
            raise ValueError("limit and keep_ms must be at least 1")
        self._limit = limit
        self._keep_ms = keep_ms
        self._rows: OrderedDict[str, tuple[int, Act]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._rows)

    def get(self, platform: str, key: str, now_ms: int) -> Act | None:
        """The act of that key, None if it was never seen, or is too old, or had to make room."""
        row = self._rows.get(name_of(platform, key))
        if row is None or row[0] < now_ms - self._keep_ms:
            return None
        return row[1]

    def put(self, platform: str, key: str, act: Act, now_ms: int) -> None:
        """Remember an act; one of the same key is replaced."""
        name = name_of(platform, key)
        self._rows[name] = (now_ms, act)
        self._rows.move_to_end(name)
        while len(self._rows) > self._limit:
            self._rows.popitem(last=False)
        oldest = next(iter(self._rows))
        if self._rows[oldest][0] < now_ms - self._keep_ms:
            del self._rows[oldest]

    def forget(self, person: str) -> int:
        """Erasure: drop every act of that person; how many there were. O(table)."""
        gone = [name for name, (_, act) in self._rows.items() if act.person == person]
        for name in gone:
            del self._rows[name]
        return len(gone)

    def dump(self) -> bytes:
        """The contents, oldest first, as MessagePack."""
        rows = [(name, at, act) for name, (at, act) in self._rows.items()]
        return msgspec.msgpack.encode(_Saved(1, rows))

    @classmethod
    def load(cls, saved: bytes, limit: int = 200_000, keep_ms: int = 180 * DAY_MS) -> Seen:
        """A table with the contents of a `dump`, cut to the bounds given. Raises `SeenTooNew`."""
        data = msgspec.msgpack.decode(saved, type=_Saved)
        if data.version != 1:
            raise SeenTooNew
        table = cls(limit, keep_ms)
        for name, at, act in data.rows[-limit:]:
            table._rows[name] = (at, act)
        return table
