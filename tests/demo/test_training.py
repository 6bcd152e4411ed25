"""What the compiler is shown runs, and does what a worker does."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

import hatch_build
from stream_app.demo import training
from stream_app.demo.community import history
from stream_app.demo.mischief import records


def test_it_moves_relationships_in_a_replay_and_in_a_worker(tmp_path: Path) -> None:
    now_ms = int(time.time() * 1000)
    sent = records(history(1, 150, now_ms), 1)
    moves = training.replayed(sent)
    assert moves > 100
    assert training.worked(sent, now_ms, tmp_path) > moves / training._PARTITIONS
    assert training.__name__ == hatch_build.TRAINING


def test_a_compiler_that_makes_no_profile_is_told_before_anything_is_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "cc"
    other.write_text("#!/bin/sh\necho clang version 21\n")
    other.chmod(0o755)
    monkeypatch.setattr(hatch_build, "_compiler", lambda: str(other))
    monkeypatch.setenv("RAPPORT_COMPILE", "profile")
    before = list(hatch_build.compiled())
    with pytest.raises(SystemExit, match="needs GCC"):
        hatch_build.compile_in_place()
    assert list(hatch_build.compiled()) == before
