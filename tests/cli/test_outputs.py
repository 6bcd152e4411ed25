"""What commands write: nothing of the user's is lost, and what cannot be written is told."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.backfill.support import SAMPLES
from tests.cli.test_replay import REPLIES, ROOT

EVENTS = str(SAMPLES / "gharchive.jsonl")
DELIVERY = str(ROOT / "stream_app/adapters/samples/bluesky/reply.json")


def rapport(*arguments: str | Path, **options: Any) -> subprocess.CompletedProcess[bytes]:
    """Run any command."""
    options = {"capture_output": True, "stdin": subprocess.DEVNULL} | options
    return subprocess.run(
        [sys.executable, "-m", "stream_app", *map(str, arguments)],
        check=False,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"},
        **options,
    )


def shell(line: str, cwd: Path) -> subprocess.CompletedProcess[bytes]:
    """A line for sh in which `rapport` is the command."""
    line = line.replace("rapport ", f"{sys.executable} -m stream_app ")
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        ["/bin/sh", "-c", line], capture_output=True, check=False, timeout=60, env=env, cwd=cwd
    )


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / "same.jsonl").write_bytes(REPLIES)
    (tmp_path / "gh.jsonl").write_bytes(Path(EVENTS).read_bytes())
    (tmp_path / "kept").write_bytes(b"of before\n")
    (tmp_path / "costs.jsonl").write_bytes(b"\n")
    (tmp_path / "p.toml").write_bytes(b"")
    (tmp_path / "link").symlink_to("same.jsonl")
    return tmp_path


@pytest.mark.parametrize(
    "line",
    [
        "replay same.jsonl --rejects same.jsonl",
        "replay same.jsonl --reports ./same.jsonl",
        "replay same.jsonl --rejects link",
        "replay - --rejects same.jsonl < same.jsonl",
        "replay same.jsonl --reports r --costs costs.jsonl --rejects costs.jsonl",
        "replay same.jsonl --policy p.toml --rejects p.toml",
        "replay same.jsonl --rejects x --reports x",
        "replay same.jsonl --rejects kept --reports kept",
        "replay same.jsonl >> same.jsonl",
        "import github gh.jsonl --dry-run --rejects gh.jsonl",
        "import github gh.jsonl --dry-run --rejects x --state x",
    ],
)
def test_what_is_read_is_never_written_to(here: Path, line: str) -> None:
    before = {path.name: path.read_bytes() for path in here.iterdir()}
    run = shell(f"rapport {line}", here)
    assert run.returncode == 2, run
    assert b"Error: " in run.stderr
    assert {path.name: path.read_bytes() for path in here.iterdir()} == before


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("replay nofile --reports kept", 2),
        ("replay same.jsonl --policy nofile --rejects kept", 2),
        ("replay same.jsonl --until never --rejects kept", 2),
        ("replay broken.gz --rejects kept", 2),
        ("import github gh.jsonl --broker 127.0.0.1:1 --rejects kept", 3),
        ("import github gh.jsonl nofile --dry-run --rejects kept", 2),
    ],
)
def test_a_command_that_fails_leaves_the_output_of_before(here: Path, line: str, code: int) -> None:
    (here / "broken.gz").write_bytes(b"\x1f\x8b\x08\x00broken")
    names = {path.name for path in here.iterdir()}
    run = shell(f"rapport {line}", here)
    assert run.returncode == code, run.stderr.decode()
    assert b"Traceback" not in run.stderr
    assert (here / "kept").read_bytes() == b"of before\n"
    assert {path.name for path in here.iterdir()} == names


def test_an_output_is_replaced_with_its_rights_and_through_a_link(here: Path) -> None:
    (here / "kept").chmod(0o640)
    (here / "to").symlink_to("kept")
    run = shell("(echo hello; cat same.jsonl) | rapport replay - --rejects to", here)
    assert run.returncode == 0, run.stderr.decode()
    assert b"not_json" in (here / "kept").read_bytes()
    assert (here / "kept").stat().st_mode & 0o777 == 0o640
    assert (here / "to").is_symlink()


@pytest.mark.parametrize("target", ["-", "/dev/stdout", "/dev/fd/3", "/dev/stderr"])
def test_streams_are_outputs_too(here: Path, target: str) -> None:
    (here / "bad").write_bytes(b"hello\n" + REPLIES)
    run = shell(f"rapport replay bad --rejects {target} >out 3>third 2>errors", here)
    assert run.returncode == 0, (here / "errors").read_bytes()
    where = {"/dev/fd/3": "third", "/dev/stderr": "errors"}.get(target, "out")
    assert b"not_json" in (here / where).read_bytes()
    assert (here / "out").read_bytes().count(b'"to":') == 3


@pytest.mark.parametrize(
    "line",
    [
        "replay bad --rejects /dev/full",
        "replay same.jsonl --reports /dev/full --policy p.toml",
        f"import bluesky {SAMPLES / 'jetstream.jsonl'} --dry-run --rejects /dev/full",
    ],
)
def test_a_full_disk_is_noticed(here: Path, line: str) -> None:
    (here / "bad").write_bytes(b"hello\n" + REPLIES)
    (here / "same.jsonl").write_bytes(REPLIES.replace(b'"verb"', b'"method": "ads", "verb"'))
    run = shell(f"rapport {line}", here)
    assert (run.returncode, run.stderr.count(b"/dev/full: No space left on device")) == (74, 1)
    assert b"Traceback" not in run.stderr


@pytest.mark.parametrize("closed", ["> /dev/full", ">&-"])
@pytest.mark.parametrize(
    "line",
    [
        "replay same.jsonl",
        "replay --help",
        f"normalize --platform bluesky {DELIVERY}",
        "import github gh.jsonl --dry-run",
        "methods acme --file reports",
        "methods acme --file reports --json",
        "broker stop",
    ],
)
def test_standard_output_that_is_full_or_closed(here: Path, line: str, closed: str) -> None:
    (here / "costs.jsonl").write_bytes(
        b'{"id": "c", "brand": "acme", "method": "ads", "occurred_at": "2026-05-29T00:00:00Z",'
        b' "amount": {"amount": "3.00", "currency": "EUR"}}\n'
    )
    made = shell("rapport replay same.jsonl --costs costs.jsonl --reports reports", here)
    assert made.returncode == 0
    run = shell(f"rapport {line} {closed}", here)
    assert run.returncode == 74, run
    assert b"standard output: " in run.stderr
    assert b"Traceback" not in run.stderr
    assert b"Exception ignored" not in run.stderr


@pytest.mark.parametrize(
    "line",
    [
        "replay - <&-",
        "normalize --platform bluesky - <&-",
        "import github - --dry-run <&-",
        "methods acme --file - <&-",
    ],
)
def test_standard_input_that_is_closed(here: Path, line: str) -> None:
    run = shell(f"rapport {line}", here)
    assert run.returncode == 2, run
    assert b"standard input is closed" in run.stderr
    assert b"Traceback" not in run.stderr


def test_standard_error_that_is_closed_does_not_matter(here: Path) -> None:
    run = shell("rapport replay same.jsonl 2>&-", here)
    assert (run.returncode, run.stdout.count(b"\n")) == (0, 3)
