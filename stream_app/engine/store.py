"""The local store of one partition: RocksDB, without a write-ahead log.

The changelog is the log. A commit is one write batch that ends with the local marker, and RocksDB
flushes in the order of writing, so after a crash the store stands at some earlier commit, whole;
what is missing is read again from the changelog.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
import time
import traceback
from collections.abc import Iterable, Iterator
from pathlib import Path

from rocksdict import (
    BlockBasedIndexType,
    BlockBasedOptions,
    BottommostLevelCompaction,
    Cache,
    CompactOptions,
    Options,
    Rdict,
    RdictIter,
    WriteBatch,
    WriteOptions,
)

from .disk import files_per_store, told
from .errors import StoreDamagedError, StoreError
from .positions import Local, Position
from .wire import (
    INDEX_TAG,
    LOCAL_KEY,
    POSITION_KEY,
    STATE_TAG,
    VERSION,
    key_of_head,
    pack_local,
    read_local,
    read_position,
    state_prefix,
    unseal,
)

_PARTS_PER_STATE = 20
LONGEST_NAME = 64
"""Of a name before the separator, for `states_with`."""

log = logging.getLogger(__name__)


class StoreMemory:
    """Memory that the stores of one worker share, in bytes, and the files each may keep open."""

    def __init__(self, cache_bytes: int, buffer_bytes: int, partitions: int) -> None:
        self.cache = Cache(cache_bytes)
        self.buffer_bytes = max(4 << 20, buffer_bytes // max(1, partitions))
        self.files = files_per_store(partitions)

    def options(self) -> Options:
        """Options for one store."""
        table = BlockBasedOptions()
        table.set_block_cache(self.cache)
        table.set_bloom_filter(10, False)
        table.set_cache_index_and_filter_blocks(True)
        table.set_pin_l0_filter_and_index_blocks_in_cache(True)
        # In pieces: whole, they outgrow the cache, and every read loads megabytes of them anew.
        table.set_index_type(BlockBasedIndexType.two_level_index_search())
        table.set_partition_filters(True)
        table.set_pin_top_level_index_and_filter(True)
        options = Options(raw_mode=True)
        options.create_if_missing(True)
        options.set_block_based_table_factory(table)
        options.set_write_buffer_size(self.buffer_bytes // 2)
        options.set_max_write_buffer_number(3)
        # A third of all reads of a growing set of keys ask for what is not there.
        options.set_memtable_whole_key_filtering(True)
        options.set_memtable_prefix_bloom_ratio(0.1)
        options.set_max_background_jobs(2)
        options.set_keep_log_file_num(2)
        options.set_max_open_files(self.files)
        options.set_stats_dump_period_sec(0)
        return options


class Store:
    """Raw keys and sealed values. Not thread-safe; every call is synchronous."""

    def __init__(self, path: Path, memory: StoreMemory) -> None:
        self._path = path
        self._memory = memory
        self._db: Rdict | None = None
        self._unlogged = WriteOptions()
        self._unlogged.disable_wal = True  # type: ignore[method-assign, assignment]

    @property
    def db(self) -> Rdict:
        """The open database; raises RuntimeError if it is closed."""
        if self._db is None:
            raise RuntimeError("store is closed")
        return self._db

    def open(self) -> None:
        """Open or create; a store that RocksDB calls damaged is made anew (it can be rebuilt).

        Raises `StoreUnusableError`.
        """
        if self._db is not None:
            return
        try:
            self._open()
        except StoreDamagedError as error:
            log.error("%s", error)
            self.discard()
            self._open()

    def _open(self) -> None:
        with told(self._path):
            self._path.mkdir(parents=True, exist_ok=True)
            self._db = Rdict(str(self._path), self._memory.options())

    def close(self) -> None:
        """Flush and close. A disk that fails is told: the changelog has what is missing then."""
        if self._db is None:
            return
        try:
            with told(self._path):
                self._db.flush()
        except StoreError as error:
            log.warning("%s", error)
        self._close()

    def _close(self) -> None:
        db, self._db = self._db, None
        if db is not None:
            with contextlib.suppress(Exception):
                db.close()

    def discard(self) -> None:
        """Close, and delete everything."""
        self._close()
        shutil.rmtree(self._path, ignore_errors=True)

    def wipe(self) -> None:
        """Delete everything and open an empty store."""
        self.discard()
        self.open()

    def give_up(self, error: StoreError) -> None:
        """After a fault of the disk: close, and keep only what can be used; `open` may follow."""
        # An iterator that its traceback still has would keep the database, and its lock.
        fault: BaseException | None = error
        while fault is not None:
            traceback.clear_frames(fault.__traceback__)
            fault = fault.__cause__ or fault.__context__
        if isinstance(error, StoreDamagedError):
            self.discard()
        else:
            self._close()

    def told(self) -> contextlib.AbstractContextManager[None]:
        """Raises `StoreError` for what the body raises because of the disk."""
        return told(self._path)

    def get(self, raw_key: bytes) -> bytes | None:
        """The unsealed value."""
        with self.told():
            value: bytes | None = self.db.get(raw_key)
        return None if value is None else unseal(value)

    def local(self) -> Local | None:
        """How far of the changelog is here; None if nothing is or the marker is damaged."""
        with self.told():
            value = self.db.get(LOCAL_KEY)
        return None if value is None else read_local(value)

    def position_bytes(self) -> bytes | None:
        """Sealed bytes of the position record, as they stand in the changelog."""
        with self.told():
            value: bytes | None = self.db.get(POSITION_KEY)
        return value

    def position(self) -> Position | None:
        """The position record."""
        value = self.position_bytes()
        return None if value is None else read_position(value)

    def write(
        self,
        records: Iterable[tuple[bytes, bytes | None]],
        next_offset: int,
        position_offset: int,
    ) -> None:
        """One write batch: sealed records (None deletes) and the marker behind them."""
        batch = WriteBatch(raw_mode=True)
        put, delete = batch.put, batch.delete
        for raw_key, value in records:
            if value is None:
                delete(raw_key)
            else:
                put(raw_key, value)
        wall_ms = int(time.time() * 1000)
        put(LOCAL_KEY, pack_local(Local(VERSION, next_offset, position_offset, wall_ms)))
        with self.told():
            self.db.write(batch, self._unlogged)

    def parts_of(self, key: bytes) -> list[bytes]:
        """Raw keys of all stored parts of a state."""
        prefix = state_prefix(key)
        return [raw for raw, _ in self._range(prefix, prefix)]

    def states(self) -> Iterator[bytes]:
        """Keys of all stored states."""
        for raw, _ in self._range(STATE_TAG, STATE_TAG):
            key = key_of_head(raw)
            if key is not None:
                yield key

    def states_from(self, place: bytes, limit: int) -> tuple[list[bytes], bytes | None]:
        """Keys of the next `limit` stored states, and the place to go on from; None at the end.

        The first place is empty. Far more parts than states end a turn early.
        """
        keys: list[bytes] = []
        rows, left = self.db.iter(), limit * _PARTS_PER_STATE
        rows.seek(place or STATE_TAG)
        while rows.valid():
            raw: bytes = rows.key()
            if raw[:1] != STATE_TAG:
                break
            if len(keys) >= limit or left <= 0:
                return keys, raw
            key = key_of_head(raw)
            if key is not None:
                keys.append(key)
            left -= 1
            rows.next()
        self._check(rows)
        return keys, None

    def states_with(self, separator: bytes, rest: bytes) -> list[bytes]:
        """Keys of stored states: any name without `separator`, then `rest`, which begins with it.

        Names of one length stand together; of each only the first key is looked at.
        """
        found: list[bytes] = []
        after = bytes([separator[0] + 1])
        rows = self.db.iter()
        for size in range(1, LONGEST_NAME + 1):
            prefix = state_prefix(b"\x00" * (size + len(rest)))[: 1 + 2]
            start = prefix + b"\x01"
            while True:
                rows.seek(start)
                raw = rows.key() if rows.valid() else None
                if raw is None or not raw.startswith(prefix):
                    self._check(rows)
                    break
                name = raw[len(prefix) :].partition(separator)[0]
                if len(name) == size and self.get(prefix + name + rest) is not None:
                    found.append(name + rest)
                start = prefix + name + after
        return found

    @property
    def _purge_file(self) -> Path:
        return self._path.with_name(f"{self._path.name}.purge")

    def want_purge(self) -> None:
        """Remember on disk that a purge is due: a crash must not keep what was to vanish."""
        with self.told():
            self._purge_file.touch()

    @property
    def wants_purge(self) -> bool:
        """Whether a purge is due."""
        return self._purge_file.exists()

    def purge(self) -> None:
        """Rewrite all files, so that nothing of what was deleted is left; `purged` then.

        May run in a thread of its own.
        """
        db = self.db
        options = CompactOptions()
        options.set_bottommost_level_compaction(BottommostLevelCompaction.force())
        with self.told():
            db.flush()
            db.compact_range(None, None, options)

    def purged(self) -> None:
        """Have the list of files written anew: it names keys of files that are gone."""
        self.close()
        self.open()
        self._purge_file.unlink(missing_ok=True)

    def index_from(self, start: bytes) -> Iterator[bytes]:
        """Raw keys of index entries from `start` on, in order."""
        rows = self.db.iter()
        rows.seek(start)
        while rows.valid():
            raw: bytes = rows.key()
            if raw[:1] != INDEX_TAG:
                return
            yield raw
            rows.next()
        self._check(rows)

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        """All records, unsealed, without the markers; for checks."""
        for raw, value in self._range(b"", b""):
            if raw[:1] != b"\x00":
                yield raw, unseal(value)

    def _range(self, start: bytes, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        rows = self.db.iter()
        if start:
            rows.seek(start)
        else:
            rows.seek_to_first()
        while rows.valid():
            raw: bytes = rows.key()
            if not raw.startswith(prefix):
                return
            yield raw, rows.value()
            rows.next()
        self._check(rows)

    def _check(self, rows: RdictIter) -> None:
        """At a damaged place an iterator ends as if there were no more."""
        with self.told():
            rows.status()
