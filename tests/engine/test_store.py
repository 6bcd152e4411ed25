"""The store after a crash, and the folders of workers."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

from stream_app.engine import EngineSettings
from stream_app.engine.errors import DataFolderError, SettingsError
from stream_app.engine.folders import claim_folder
from stream_app.engine.store import Store, StoreMemory
from stream_app.engine.wire import seal, state_prefix

CRASH = """
import os, sys
from pathlib import Path
from stream_app.engine.store import Store, StoreMemory
from stream_app.engine.wire import seal
store = Store(Path(sys.argv[1]), StoreMemory(1 << 20, 4 << 20, 1))
store.open()
for commit in range(1, 61):
    value = b"%d" % commit + b"x" * 100_000
    store.write(((key, seal(key, value)) for key in (b"sa", b"sb")), commit, commit)
os._exit(9)
"""


def test_a_crash_leaves_a_whole_commit(tmp_path: Path) -> None:
    """Without a log of its own the store falls back, but never into the middle of a commit."""
    done = subprocess.run(
        [sys.executable, "-c", CRASH, str(tmp_path / "store")],
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 9
    store = Store(tmp_path / "store", StoreMemory(1 << 20, 4 << 20, 1))
    store.open()
    local = store.local()
    assert local is not None, "12 MB written through 4 MB of buffers: something was flushed"
    assert 0 < local.next_offset < 60, "and not everything"
    for key in (b"sa", b"sb"):
        value = store.get(key)
        assert value is not None
        assert value.rstrip(b"x") == b"%d" % local.next_offset
    store.close()


def test_a_graceful_close_loses_nothing(store: Store) -> None:
    store.write([(b"sa", seal(b"sa", b"1"))], 5, 3)
    store.close()
    store.open()
    assert store.get(b"sa") == b"1"
    local = store.local()
    assert local is not None
    assert (local.next_offset, local.position_offset) == (5, 3)


def test_a_store_that_cannot_be_opened_is_made_anew(store: Store, tmp_path: Path) -> None:
    store.write([(b"sa", seal(b"sa", b"1"))], 5, 3)
    store.close()
    (tmp_path / "store" / "CURRENT").write_text("nonsense")
    store.open()
    assert store.local() is None


def test_names_in_front_of_a_key_are_found_by_looking_at_few(store: Store) -> None:
    keys = [f"{name}/{rest}".encode() for name in ("a", "b.c", "b", "zz") for rest in ("x", "xy")]
    keys += [b"\x00seen a/x", b"a/x/x", b"c/a/x", b"d/yx"]
    raw = [state_prefix(key) for key in keys] + [state_prefix(b"a/x") + b"part"]
    store.write(((key, seal(key, b"")) for key in raw), 1, 1)
    assert store.states_with(b"/", b"/x") == [b"a/x", b"b/x", b"zz/x", b"b.c/x"]
    assert store.states_with(b"/", b"/x/x") == [b"a/x/x"]
    assert store.states_with(b"/", b"/nobody") == []


def test_nothing_deleted_is_left_on_disk_after_a_purge(store: Store, tmp_path: Path) -> None:
    store.write([(b"s-secret", seal(b"s-secret", b"secret"))], 1, 1)
    store.close()
    store.open()
    assert left(tmp_path, b"secret")
    store.want_purge()
    store.write([(b"s-secret", None), (b"s-other", seal(b"s-other", b"1"))], 2, 2)
    assert store.wants_purge
    store.purge()
    store.purged()
    assert not store.wants_purge
    assert store.get(b"s-other") == b"1"
    assert left(tmp_path, b"secret") == []


def left(folder: Path, needle: bytes) -> list[Path]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path for path in files if needle in path.read_bytes()]


def test_each_worker_has_its_own_folder(tmp_path: Path) -> None:
    first, second = contextlib.ExitStack(), contextlib.ExitStack()
    assert claim_folder(tmp_path, first).name == "worker-0"
    assert claim_folder(tmp_path, second).name == "worker-1"
    first.close()
    assert claim_folder(tmp_path, first).name == "worker-0", "a restarted worker finds its own"
    first.close()
    second.close()


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for base in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(DataFolderError, match=re.escape(f"path={base}")):
            claim_folder(base, contextlib.ExitStack())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("app_id", "with space"),
        ("broker", " "),
        ("partitions", 0),
        ("commit_interval_ms", -1),
        ("compression", "best"),
        ("commit_timeout_ms", 60_000),
        ("session_timeout_ms", 100),
    ],
)
def test_nonsense_is_refused_at_start(tmp_path: Path, name: str, value: object) -> None:
    good = {"app_id": "app", "broker": "host:9092", "partitions": 4, "data_dir": tmp_path}
    EngineSettings(**good)  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match=f"setting={name}"):
        EngineSettings(**{**good, name: value})  # type: ignore[arg-type]
