"""Disks that fail: damaged files, files that are gone, no room. The changelog has it all."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from stream_app.engine import Unit
from stream_app.engine.disk import store_fault
from stream_app.engine.errors import StoreDamagedError, StoreUnusableError
from stream_app.engine.index import DueIndex
from stream_app.engine.store import Store, StoreMemory
from stream_app.engine.wire import index_key, seal, state_prefix

from .cluster import Cluster
from .test_unit import TextCodec

Make = Callable[..., Cluster]
KEYS = [b"person %05d" % number for number in range(3_000)]


def filled(folder: Path) -> Store:
    """A store, closed, with a state and an entry of the index for each key."""
    store = Store(folder, StoreMemory(1 << 20, 8 << 20, 1))
    store.open()
    raw = [(state_prefix(key), b"A") for key in KEYS]
    raw += [(index_key(number, key), b"") for number, key in enumerate(KEYS)]
    store.write([(key, seal(key, value)) for key, value in raw], 10, 9)
    store.close()
    return store


def damage(folder: Path) -> None:
    """Some bits change in the middle of what is stored; the markers stand at its beginning."""
    for path in folder.rglob("*.sst"):
        data = bytearray(path.read_bytes())
        for at in range(len(data) // 8, len(data) * 3 // 4, 500):
            data[at] ^= 0xFF
        path.write_bytes(data)


LOOKS: dict[str, Callable[[Store, Unit[str]], object]] = {
    "all": lambda store, unit: list(store.states()),
    "a part": lambda store, unit: store.states_from(b"", 5_000),
    "due": lambda store, unit: DueIndex(store).due(1 << 40, 5_000),
    "the job's own": lambda store, unit: list(unit.scan()),
    "one by one": lambda store, unit: [unit.get(key) for key in KEYS],
}


@pytest.mark.parametrize("look", LOOKS)
def test_damage_is_not_taken_for_the_end(tmp_path: Path, look: str) -> None:
    """RocksDB's iterators just stop there: what lapses behind it would be forgotten."""
    store = filled(tmp_path / "store")
    damage(tmp_path)
    store.open()
    assert store.local() is not None
    unit: Unit[str] = Unit(0, store, TextCodec(), cache_states=4)
    with pytest.raises(StoreDamagedError) as found:
        LOOKS[look](store, unit)
    text = str(found.value)
    assert "Do: nothing; it is thrown away and rebuilt" in text
    assert "block checksum mismatch" in text
    assert "person" not in text
    store.give_up(found.value)
    store.open()
    assert store.local() is None, "to be rebuilt"
    store.close()


@pytest.mark.parametrize("what", ["MANIFEST-*", "CURRENT", "*.sst"])
def test_a_store_with_files_gone_is_made_anew(tmp_path: Path, what: str) -> None:
    store = filled(tmp_path / "store")
    for path in (tmp_path / "store").glob(what):
        path.unlink()
    store.open()
    assert store.local() is None
    store.close()


def write_much(store: Store) -> None:
    """More than its buffers take."""
    for commit in range(400):
        store.write([(b"sx", seal(b"sx", b"x" * 100_000))], commit, commit)


def test_a_folder_that_is_deleted_is_made_anew(tmp_path: Path) -> None:
    """While the store is open: RocksDB notices when it writes a file, and then refuses all."""
    store = filled(tmp_path / "store")
    store.open()
    shutil.rmtree(tmp_path / "store")
    with pytest.raises(StoreDamagedError) as found:
        write_much(store)
    store.give_up(found.value)
    store.open()
    store.write([(b"sx", seal(b"sx", b"y"))], 7, 6)
    assert store.get(b"sx") == b"y"
    shutil.rmtree(tmp_path / "store")
    store.close()  # it cannot be flushed: told, not raised


FULL = """
import resource, sys
from pathlib import Path
from stream_app.engine.errors import StoreUnusableError
from stream_app.engine.store import Store, StoreMemory
from stream_app.engine.wire import seal
store = Store(Path(sys.argv[1]), StoreMemory(1 << 20, 4 << 20, 1))
store.open()
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
commits = 0
try:
    for commits in range(1, 400):
        key = b"s%d" % commits
        store.write([(key, seal(key, bytes(range(256)) * 400))], commits, 1)
except StoreUnusableError as error:
    print(error)
    store.give_up(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
store.open()
local = store.local()
print("whole" if local is None or local.next_offset < commits else "lost")
store.write([(b"sx", seal(b"sx", b"y"))], 400, 1)
print(store.get(b"sx"))
"""


def test_a_full_disk_is_told_and_used_again(tmp_path: Path) -> None:
    """No file may grow, as if there were no room; later there is."""
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path / "store")],
        check=False,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    told, *rest = done.stdout.splitlines()
    assert "Do: make room on the disk" in told, done.stderr
    assert rest == ["whole", "b'y'"]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (Exception("Corruption: bad block: /data/000012.sst"), StoreDamagedError),
        (Exception("IO error: No space left on device: While appending"), StoreUnusableError),
        (Exception("IO error: While lock file: /data/LOCK: busy"), StoreUnusableError),
        (OSError(28, "No space left on device"), StoreUnusableError),
        (Exception("something else"), None),
        (RuntimeError("Corruption: says the job"), None),
    ],
)
def test_what_is_a_fault_of_the_disk(error: Exception, kind: type[Exception] | None) -> None:
    fault = store_fault(error, Path("data"))
    assert (None if fault is None else type(fault)) is kind
    assert "/data" not in str(fault)


FILES = """
import resource, sys
from pathlib import Path
from stream_app.engine.disk import allow_many_files, files_per_store, store_fault
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (200, hard))
print(files_per_store(1), files_per_store(2), files_per_store(50))
allow_many_files()
soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
print(soft == min(hard, 65536), files_per_store(8))
print(store_fault(Exception("IO error: While opendir: /data/x: Too many open files"), Path("x")))
"""


def test_stores_leave_files_for_others() -> None:
    """Each would take 256, and a terminal gives a process a thousand, or on macOS 256."""
    done = subprocess.run(
        [sys.executable, "-c", FILES],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    few, many, told = done.stdout.splitlines()
    assert few == "100 50 24"
    assert many == "True 256"
    assert told.endswith("[path=x, error=IO error: While opendir: Too many open files]")


async def test_a_damaged_disk_is_no_fault_of_the_records(cluster: Make) -> None:
    """Found in the midst of the work: none is refused for it, and the store is rebuilt."""
    async with cluster(partitions=1, cache_states=2) as c:
        await c.feed(KEYS)
        c.start()
        await c.drained()
        assert await c.stop() == 0
        damage(c.disk("a"))
        await c.feed(KEYS[::7])
        c.start()
        await c.drained()
        assert "StoreDamagedError" in c.log()
        shutil.rmtree(c.disk("a"))  # an operator makes room, under the worker
        await c.feed(KEYS[::11])
        await c.drained()
        assert await c.stop() == 0
        await c.check_exact()
        assert (await c.read([c.rejects]))[c.rejects] == []
