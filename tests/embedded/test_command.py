"""`rapport broker`, as a shell meets it: separate processes, exit codes, JSON."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.embedded.helpers import is_alive, is_open, wait_until

pytestmark = pytest.mark.kafka

_COMMAND = "from stream_app.cli.broker import broker; broker(prog_name='rapport broker')"


class Shell:
    """Runs `rapport broker ...` in one project folder."""

    def __init__(self, home: Path) -> None:
        self.command = [sys.executable, "-c", _COMMAND]
        self.env = {**os.environ, "RAPPORT_HOME": str(home), "BROKER": ""}

    def run(self, *args: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self.command, *args], capture_output=True, text=True, env=self.env, timeout=120
        )


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    opened = Shell(tmp_path)
    yield opened
    opened.run("stop")


def test_start_status_stop(shell: Shell) -> None:
    assert shell.run("status").returncode == 1
    assert json.loads(shell.run("status", "--json").stdout) == {"running": False}

    started = shell.run("start", "--json")
    assert started.returncode == 0, started.stderr
    told = json.loads(started.stdout)
    assert is_open(told["address"])
    assert is_alive(told["pid"])
    assert "Kafka Server started" in Path(told["log"]).read_text()

    again = shell.run("start", "--json")
    assert json.loads(again.stdout) == told
    assert shell.run("status", "--json").stdout == started.stdout
    assert shell.run("status", "--address").stdout == f"{told['address']}\n"
    assert shell.run("start", "--foreground").returncode == 1

    assert shell.run("stop").stdout == "stopped\n"
    assert not is_alive(told["pid"])
    assert shell.run("status").returncode == 1
    assert shell.run("stop").stdout == "not running\n"


def test_another_port_than_that_of_the_running_one_is_told(shell: Shell) -> None:
    told = json.loads(shell.run("start", "--json").stdout)
    other = int(told["address"].rpartition(":")[2]) + 1
    again = shell.run("start", "--port", str(other))
    assert again.returncode == 1
    assert f"a broker runs already, at {told['address']}" in again.stderr


def test_the_path_of_the_readme_leads_to_the_broker(shell: Shell) -> None:
    """Its lines, up to the worker: every command then finds the broker at its random port."""
    lines = (Path(__file__).parents[2] / "README.md").read_text("utf-8").splitlines()
    begin = next(n for n, line in enumerate(lines) if line.startswith("rapport broker start"))
    steps = [line.partition("#")[0].strip() for line in lines[begin : begin + 3]]
    assert steps[2] == "rapport worker"
    here = [f'rapport() {{ {sys.executable} -m stream_app "$@"; }}', *steps[:2]]
    here += ["rapport methods acme", "unset BROKER", f"export RAPPORT_{steps[1][7:]}"]
    env = {name: value for name, value in shell.env.items() if name != "RAPPORT_BROKER"}
    run = subprocess.run(
        ["/bin/sh", "-c", "\n".join([*here, "rapport explain acme x:1"])],
        capture_output=True,
        text=True,
        env=env,
        timeout=120,
    )
    assert run.returncode == 2
    for topic in ("relationship.methods", "relationship.states"):
        assert f"{topic}: A topic is not there" in run.stderr


@pytest.mark.parametrize("variable", ["RAPPORT_HOME", "RAPPORT_CACHE"])
def test_a_folder_that_is_a_file_is_told(shell: Shell, tmp_path: Path, variable: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    shell.env[variable] = str(tmp_path / "file")
    run = shell.run("start")
    assert run.returncode == 1
    assert f"Error: {tmp_path / 'file'}" in run.stderr
    assert "Do: set RAPPORT_HOME (data and logs) or RAPPORT_CACHE" in run.stderr
    assert "Traceback" not in run.stderr


def test_stop_works_when_the_guard_was_killed(shell: Shell, tmp_path: Path) -> None:
    told = json.loads(shell.run("start", "--json").stdout)
    state = json.loads((tmp_path / "broker" / "local" / "state.json").read_text())
    os.kill(state["pid"], signal.SIGKILL)
    assert wait_until(lambda: not is_alive(state["pid"]))
    assert is_alive(told["pid"])
    assert shell.run("status").returncode == 0
    assert shell.run("stop", "--wipe").stdout == "stopped\n"
    assert not is_alive(told["pid"])
    assert not (tmp_path / "broker" / "local").exists()


def test_foreground_ends_in_order_on_sigterm(shell: Shell) -> None:
    with subprocess.Popen(
        [*shell.command, "start", "--foreground", "--json"],
        env=shell.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as running:
        assert running.stdout is not None
        told = json.loads(running.stdout.readline())
        assert is_open(told["address"])
        running.terminate()
        assert running.wait(30) == 0
    assert not is_alive(told["pid"])


@pytest.mark.parametrize("command", ["start", "status", "stop"])
def test_help_is_there(shell: Shell, command: str) -> None:
    shown = shell.run(command, "--help")
    assert shown.returncode == 0
    assert "rapport broker" in shown.stdout
