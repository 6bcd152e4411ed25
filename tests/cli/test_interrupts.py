"""Ctrl-C and SIGTERM: one line, and the exit status that shells expect."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.test_replay import REPLIES, ROOT


def waits(process: subprocess.Popen[bytes]) -> bool:
    """Whether the process sleeps in a read of its standard input."""
    return Path(f"/proc/{process.pid}/wchan").read_text("utf-8").find("pipe") >= 0


@pytest.mark.skipif(not Path("/proc/self/wchan").exists(), reason="needs /proc")
@pytest.mark.parametrize(
    ("number", "code", "word"),
    [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")],
)
@pytest.mark.parametrize(
    "arguments",
    [
        "replay - --rejects kept",
        "normalize --platform bluesky -",
        "methods acme --file -",
        "import github - --dry-run --rejects kept",
    ],
)
def test_a_signal_ends_it_in_one_line(
    tmp_path: Path, arguments: str, number: signal.Signals, code: int, word: str
) -> None:
    (tmp_path / "kept").write_bytes(b"of before\n")
    with subprocess.Popen(
        [sys.executable, "-m", "stream_app", *arguments.split()],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as run:
        assert run.stdin is not None
        run.stdin.write(REPLIES[:100])
        run.stdin.flush()
        deadline = time.monotonic() + 30
        while not waits(run) and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.2)
        run.send_signal(number)
        out, errors = run.communicate(timeout=30)
    assert run.returncode == code, errors.decode()
    command = arguments.split()[0]
    assert errors.decode().splitlines() == [f"rapport {command}: {word}"]
    assert out == b""
    assert (tmp_path / "kept").read_bytes() == b"of before\n"
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
