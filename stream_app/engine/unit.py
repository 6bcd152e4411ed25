"""The unit of work: states, outputs and index of one partition number between two commits."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any, Final, Generic, TypeVar

from stream_app.contracts.partitioner import partition_of

from .errors import RecordTooLargeError
from .index import DueIndex
from .job import Codec
from .positions import Position
from .store import Store
from .wire import (
    MAX_KEY_BYTES,
    POSITION_KEY,
    VERSION,
    pack_position,
    seal,
    state_prefix,
    unseal,
)

S = TypeVar("S")
Headers = Sequence[tuple[str, bytes]]
Output = tuple[bytes | None, bytes | None, Headers, int | None]

QUEUE: Final = 1
"""Entries of the index that are due by then wait for their turn, not for a time."""
_RECORD_OVERHEAD_BYTES = 100


class Snapshot:
    """Everything that one transaction writes, encoded. Later processing does not change it.

    `changelog` has sealed records, the position record last; `records` counts the source records
    behind it.
    """

    def __init__(
        self,
        changelog: list[tuple[bytes, bytes | None]],
        outputs: dict[tuple[str, int], list[Output]],
        position: Position,
        records: int,
        size_bytes: int,
    ) -> None:
        self.changelog = changelog
        self.outputs = outputs
        self.position = position
        self.records = records
        self.size_bytes = size_bytes
        self.purge = False


class Unit(Generic[S]):
    """What a job works on. Everything is synchronous; nothing is written before the commit.

    `get` reads through: cache, changed states, states in flight, store. A state that was put
    belongs to the unit: change it further only together with another `put`.
    """

    def __init__(
        self,
        partition: int,
        store: Store,
        codec: Codec[S],
        *,
        partitions: int = 1,
        cache_states: int = 100_000,
        max_record_bytes: int = 900_000,
    ) -> None:
        self.partition = partition
        self.meta = b""
        self.context: Any = None
        """The job's own; not stored. Built in `Job.open`."""
        self._store = store
        self._codec = codec
        self._partitions = partitions
        self._generation_size = max(1, cache_states // 2)
        self._max_record_bytes = max_record_bytes
        # Entries of a queue stay while those of times come and go behind them: in one index, each
        # look for what is due would walk over all of both.
        self._queue = DueIndex(store)
        self._times = DueIndex(store, QUEUE + 1)
        self.output_bytes = 0
        self.records = 0
        self._clear()

    def _clear(self) -> None:
        self._got_key: bytes | None = None
        self._got: S | None = None
        self._young: dict[bytes, S] = {}
        self._old: dict[bytes, S] = {}
        self._dirty: dict[bytes, S | None] = {}
        self._inflight: dict[bytes, S | None] = {}
        self._cleared: set[bytes] = set()
        self._purge = False
        self._outputs: dict[tuple[str, int], list[Output]] = {}
        self.output_bytes = 0
        self.records = 0

    # -- states

    def get(self, key: bytes) -> S | None:
        """The state of a key, or None. The same object as long as it is cached or changed."""
        state = self._young.get(key)
        if state is None:
            state = self._find(key)
        self._got_key, self._got = key, state
        return state

    def _find(self, key: bytes) -> S | None:
        state = self._old.get(key)
        if state is None:
            if key in self._dirty:
                state = self._dirty[key]
            elif key in self._inflight:
                state = self._inflight[key]
            else:
                state = self._load(key)
            if state is None:
                return None
        self._keep(key, state)
        return state

    def _load(self, key: bytes) -> S | None:
        prefix, get = state_prefix(key), self._store.db.get

        def part(suffix: bytes) -> bytes | None:
            value: bytes | None = get(prefix + suffix)
            return None if value is None else unseal(value)

        try:
            return self._codec.load(part)
        except Exception as error:  # a fault of the disk must not be held for one of the record
            with self._store.told():
                raise error

    def _keep(self, key: bytes, state: S) -> None:
        # Two generations: what was not touched while a whole generation passed by is dropped.
        if len(self._young) >= self._generation_size:
            self._old, self._young = self._young, {}
        self._young[key] = state

    def put(self, key: bytes, state: S) -> None:
        """Set the state of a key and mark it as changed. Raises ValueError for a key > 64 KiB."""
        is_known = self._got is state and self._got_key is key  # got a moment ago, as nearly always
        if not is_known and self._young.get(key) is not state:
            if len(key) > MAX_KEY_BYTES:
                raise ValueError("key longer than 65,535 bytes")
            self._keep(key, state)
        self._dirty[key] = state

    def delete(self, key: bytes) -> None:
        """Remove a state with all its parts."""
        self._young.pop(key, None)
        self._old.pop(key, None)
        self._dirty[key] = None
        self._cleared.add(key)

    def scan_keys(self) -> Iterator[bytes]:
        """Keys of all states, in no particular order; do not change states meanwhile."""
        pending = {**self._inflight, **self._dirty}
        for key in self._store.states():
            if key not in pending:
                yield key
        for key, state in pending.items():
            if state is not None:
                yield key

    def scan(self) -> Iterator[tuple[bytes, S]]:
        """All states, past the cache: for rebuilding what the job keeps beside the unit."""
        for key in self.scan_keys():
            state = self.peek(key)
            if state is not None:
                yield key, state

    def peek(self, key: bytes) -> S | None:
        """Like `get`, without keeping a stored state in the cache; for reading from outside."""
        for layer in (self._young, self._old, self._dirty, self._inflight):
            if key in layer:
                return layer[key]
        return self._load(key)

    def pending_keys(self) -> list[bytes]:
        """Keys of the states that were changed and are not in the store yet."""
        pending = {**self._inflight, **self._dirty}
        return [key for key, state in pending.items() if state is not None]

    def stored_keys(self, place: bytes, limit: int) -> tuple[list[bytes], bytes | None]:
        """Keys of the next `limit` states in the store, and where to go on; see `Store`.

        For a walk through all states in turns. A state that is stored meanwhile may stand before
        the place: what waits when the walk begins is in `pending_keys`.
        """
        return self._store.states_from(place, limit)

    def keys_with(self, separator: bytes, rest: bytes) -> list[bytes]:
        """Keys of states that are a name without `separator`, and `rest`, which begins with it.

        Takes as long as there are names, not as there are states.
        """
        pending = {**self._inflight, **self._dirty}
        keys = {key for key in self._store.states_with(separator, rest) if key not in pending}
        for key, state in pending.items():
            if state is not None and key[key.find(separator) :] == rest and separator in key:
                keys.add(key)
        return sorted(keys)

    def purge(self) -> None:
        """Let what was deleted vanish from the disk with the next commit, not only from reading."""
        self._purge = True

    # -- outputs

    def emit(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        *,
        partition: int | None = None,
        headers: Headers = (),
        timestamp_ms: int | None = None,
    ) -> None:
        """Write a record with the next commit, in the order of the calls per topic-partition.

        `partition` None: Kafka's default partition of the key (a record without key stays in the
        unit's own). Raises `RecordTooLargeError`.
        """
        size = (len(value) if value else 0) + (len(key) if key else 0)
        if headers:
            pairs: Sequence[Any] = headers  # Kafka allows one without a value
            size += sum(len(name) + len(text or b"") for name, text in pairs)
        if size + _RECORD_OVERHEAD_BYTES > self._max_record_bytes:
            raise RecordTooLargeError(topic=topic, size=size, limit=self._max_record_bytes)
        if partition is None:
            partition = self.partition if key is None else partition_of(key, self._partitions)
        self.output_bytes += size
        target = (topic, partition)
        outputs = self._outputs.get(target)
        if outputs is None:
            outputs = self._outputs[target] = []
        outputs.append((key, value, headers, timestamp_ms))

    # -- index of due times, and a queue

    def index_put(self, due: int, key: bytes) -> None:
        """Remember that `key` falls due at `due`, or waits in the queue. A key may be in often."""
        self._index(due).put(due, key)

    def index_remove(self, due: int, key: bytes) -> None:
        """Forget one entry."""
        self._index(due).remove(due, key)

    def index_due(self, upto: int, limit: int) -> list[tuple[int, bytes]]:
        """The first `limit` entries with due <= `upto`, in order; they stay until removed.

        `upto` = QUEUE gives what waits in the queue, a later one what is due and not in the queue.
        """
        return self._index(upto).due(upto, limit)

    def _index(self, due: int) -> DueIndex:
        return self._times if due > QUEUE else self._queue

    # -- for the engine

    @property
    def is_clean(self) -> bool:
        """Nothing waits for a commit and none is running."""
        return not (self._dirty or self._outputs or self._inflight or self._index_changes)

    @property
    def has_changes(self) -> bool:
        """Something waits for a commit."""
        return bool(self._dirty or self._outputs or self._index_changes)

    @property
    def load(self) -> int:
        """Records or changed states since the last snapshot, whichever is more."""
        return max(self.records, len(self._dirty), self._index_changes)

    @property
    def _index_changes(self) -> int:
        return len(self._queue) + len(self._times)

    def snapshot(
        self,
        positions: dict[str, int],
        previous: Position | None,
        topics: dict[str, bytes] | None = None,
    ) -> Snapshot:
        """Encode everything that waits, and start anew. No await may come in between.

        Raises what the codec raises, and `RecordTooLargeError`; the unit must be reset then.
        """
        changelog: list[tuple[bytes, bytes | None]] = []
        size_bytes = self.output_bytes + self._encode_states(changelog)
        changelog.extend(self._queue.take())
        changelog.extend(self._times.take())
        position = Position(
            VERSION,
            previous.incarnation if previous else os.urandom(16),
            previous.commit + 1 if previous else 1,
            dict(positions),
            self.meta,
            topics or {},
        )
        changelog.append((POSITION_KEY, pack_position(position)))
        snapshot = Snapshot(changelog, self._outputs, position, self.records, size_bytes)
        snapshot.purge, self._purge = self._purge, False
        self._inflight, self._dirty = self._dirty, {}
        self._cleared, self._outputs = set(), {}
        self.output_bytes = self.records = 0
        return snapshot

    def _encode_states(self, into: list[tuple[bytes, bytes | None]]) -> int:
        """Append the records of all changed states; gives their size in bytes."""
        dump, limit = self._codec.dump, self._max_record_bytes - _RECORD_OVERHEAD_BYTES
        cleared, append, size_bytes = self._cleared, into.append, 0
        for key, state in self._dirty.items():
            prefix = state_prefix(key)
            if key in cleared:
                self._encode_cleared(key, state, into)
                continue
            assert state is not None
            for suffix, value in dump(state):
                raw = prefix + suffix
                if value is None:
                    append((raw, None))
                    continue
                size = len(raw) + len(value)
                if size > limit:
                    raise RecordTooLargeError(what="state", size=size, limit=limit)
                size_bytes += size
                append((raw, seal(raw, value)))
        return size_bytes

    def _encode_cleared(
        self, key: bytes, state: S | None, into: list[tuple[bytes, bytes | None]]
    ) -> None:
        """A state that was deleted, and perhaps put again: no old part may stay."""
        prefix = state_prefix(key)
        parts = () if state is None else self._codec.dump(state)
        written = {prefix + suffix: value for suffix, value in parts}
        for raw in self._store.parts_of(key):
            written.setdefault(raw, None)
        for raw, value in written.items():
            if value is not None and len(raw) + len(value) > self._max_record_bytes:
                raise RecordTooLargeError(what="state", size=len(value))
            into.append((raw, None if value is None else seal(raw, value)))

    def written(self) -> None:
        """The last snapshot is committed and in the store."""
        self._inflight = {}
        self._queue.written()
        self._times.written()

    def reset(self, meta: bytes) -> None:
        """Drop everything that is not in the store."""
        self._clear()
        self._queue.reset()
        self._times.reset()
        self.meta = meta
        self.context = None
