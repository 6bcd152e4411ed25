"""`rapport demo` as a person starts it: a process on a real Kafka; whatever ends it ends all."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from stream_app.demo.deliveries import samples

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

SMALL = ("--people", "150", "--seed", "7")
PATIENCE_S = 120.0
NAMES = ("BROKER", "RAPPORT_BROKER")


@pytest.fixture
def deliveries(tmp_path: Path) -> Path:
    """One platform, and one that nobody reads."""
    shutil.copytree(samples() / "twitter", tmp_path / "in" / "twitter_v1")
    (tmp_path / "in" / "friendster").mkdir()
    return tmp_path / "in"


@contextmanager
def demo(home: Path, broker: str | None, *options: str) -> Iterator[subprocess.Popen[str]]:
    """A demo that writes below `home`; killed in the end if it still runs."""
    env = {name: value for name, value in os.environ.items() if name not in NAMES}
    env["RAPPORT_HOME"] = str(home)
    if broker is not None:
        env["BROKER"] = broker
    process = subprocess.Popen(
        [sys.executable, "-m", "stream_app", "demo", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=env,
    )
    with process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
    assert not gone(lambda: running(home)), "processes were left behind"


def running(home: Path) -> list[str]:
    """Command lines of all processes that have to do with that folder."""
    listed = subprocess.run(["ps", "-axww", "-o", "pid=,args="], capture_output=True, text=True)
    return [line for line in listed.stdout.splitlines() if str(home) in line and " ps " not in line]


def gone(look: Callable[[], list[str]], within_s: float = 20.0) -> list[str]:
    """Wait until nothing is left; what is left then."""
    return (wait_for(lambda: not look(), within_s) and []) or look()


def wait_for(done: Callable[[], Any], within_s: float = PATIENCE_S) -> bool:
    deadline = time.monotonic() + within_s
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def workers(home: Path) -> list[str]:
    return [line for line in running(home) if " worker " in line]


def test_once_ends_by_itself_and_equals_a_replay(
    tmp_path: Path, broker: str, deliveries: Path
) -> None:
    home = tmp_path / "home"
    with demo(home, broker, "--once", "--json", "--deliveries", str(deliveries), *SMALL) as run:
        out, errors = run.communicate(timeout=PATIENCE_S)
    assert run.returncode == 0, errors
    assert out.count("\n") == 1
    said = json.loads(out)
    assert (said["equal"], said["differing"]) == (True, 0)
    assert said["events"] > 2_000
    assert said["events_per_second"] > 100
    assert said["transitions"] >= sum(said["relationships"].values()) > 100
    assert said["reached"]["attention"] > said["reached"]["audience"] > 10
    assert {"expiry", "membership"} <= set(said["lapses"])
    assert {"not_json", "empty", "too_large", "too_old", "from_the_future"} <= set(said["rejects"])
    assert said["rekeyed"] > 0
    best = said["methods"][0]
    assert (best["method"], best["ranks"]["cost_per_won"]) == ("answering-people", 1)
    assert best["won"] > 5
    assert said["duplicates"] > 10
    assert said["deliveries"] == len(list(deliveries.glob("*/*.json")))
    assert (said["platforms"], said["skipped"]) == (["twitter"], ["friendster"])
    assert 0 < said["seconds_to_first_transition"] < said["seconds"] < PATIENCE_S

    log, policy = home / "demo" / "log.jsonl", home / "demo" / "policy.toml"
    replay = [sys.executable, "-m", "stream_app", "replay", str(log), "--policy", str(policy)]
    again = subprocess.run([*replay, "--partitions", "4"], capture_output=True, text=True)
    assert again.returncode == 0, again.stderr
    assert again.stdout.count("\n") == said["transitions"]
    assert not list((home / "demo").glob("data-*")), "the workers' state is thrown away"


async def test_a_false_transition_on_the_topic_makes_it_fail(
    tmp_path: Path, broker: str, deliveries: Path
) -> None:
    home = tmp_path / "home"
    with demo(home, broker, "--once", "--json", "--deliveries", str(deliveries), *SMALL) as run:
        assert await asyncio.to_thread(wait_for, lambda: workers(home))
        found = re.search(r"--topic-prefix (\S+)", workers(home)[0])
        assert found is not None
        false = b'{"sequence":1,"brand":"b","person":"p","from":"none","to":"attention",'
        false += b'"move":"advance","at":"2026-01-01T00:00:00.000Z",'
        false += b'"reason":"evidence","cause":null,"evidence":[]}'
        async with AIOKafkaProducer(bootstrap_servers=broker) as producer:
            topic = f"{found.group(1)}relationship.transitions"
            await producer.send_and_wait(topic, false, key=b"b/p")
        out, errors = await asyncio.to_thread(run.communicate, timeout=PATIENCE_S)
    assert run.returncode == 1, errors
    said = json.loads(out)
    assert (said["equal"], said["differing"]) == (False, 1)
    assert "the replay has nothing more, the topic has sequence 1, none to attention" in errors


def until_live(run: subprocess.Popen[str]) -> None:
    assert run.stderr is not None
    said: list[str] = []
    for line in run.stderr:
        said.append(line)
        if "live (" in line:
            return
    pytest.fail("".join(["ended before it was live\n", *said[-200:]]))


def test_ctrl_c_shows_the_funnel_and_leaves_nothing(
    tmp_path: Path, broker: str, deliveries: Path
) -> None:
    home = tmp_path / "home"
    with demo(home, broker, "--deliveries", str(deliveries), *SMALL) as run:
        until_live(run)
        run.send_signal(signal.SIGINT)
        out, errors = run.communicate(timeout=PATIENCE_S)
    assert run.returncode == 0, errors
    assert "the funnel of harbour-tea (generated)" in out
    assert out.count("rapport") >= 3, "three commands to try"
    assert (home / "demo" / "log.jsonl").stat().st_size > 100_000


def test_sigterm_in_the_middle_ends_it_without_a_verdict(
    tmp_path: Path, broker: str, deliveries: Path
) -> None:
    home = tmp_path / "home"
    with demo(home, broker, "--once", "--json", "--deliveries", str(deliveries), *SMALL) as run:
        assert wait_for(lambda: workers(home))
        run.send_signal(signal.SIGTERM)
        out, errors = run.communicate(timeout=PATIENCE_S)
    assert (run.returncode, out) == (128 + signal.SIGTERM, ""), errors


def test_kill_9_takes_broker_and_workers_along(tmp_path: Path, deliveries: Path) -> None:
    home = tmp_path / "home"
    with demo(home, None, "--deliveries", str(deliveries), *SMALL) as run:
        until_live(run)
        assert len(workers(home)) == 2
        assert any("kafka.Kafka" in line for line in running(home))
        run.kill()
        run.communicate(timeout=PATIENCE_S)
        assert not gone(lambda: running(home))


def test_a_dead_worker_ends_it_with_its_log(tmp_path: Path, broker: str, deliveries: Path) -> None:
    home = tmp_path / "home"
    with demo(home, broker, "--deliveries", str(deliveries), *SMALL) as run:
        assert wait_for(lambda: workers(home))
        os.kill(int(workers(home)[0].split()[0]), signal.SIGKILL)
        _, errors = run.communicate(timeout=PATIENCE_S)
    assert run.returncode == 1
    assert "has ended (exit code -9)" in errors
    assert "Traceback" not in errors


def test_cut_short_it_leaves_the_log_of_an_earlier_one(tmp_path: Path, broker: str) -> None:
    log = tmp_path / "home" / "demo" / "log.jsonl"
    log.parent.mkdir(parents=True)
    log.write_bytes(b"of before")
    with demo(tmp_path / "home", broker, *SMALL) as run:
        assert run.stderr is not None
        assert any("waiting for the workers" in line for line in run.stderr)
        run.send_signal(signal.SIGINT)
        out, errors = run.communicate(timeout=PATIENCE_S)
    assert (run.returncode, out) == (130, "")
    assert errors.splitlines()[-1].startswith("rapport demo: interrupted; nothing was compared")
    assert log.read_bytes() == b"of before"


def test_a_home_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "home").write_bytes(b"")
    with demo(tmp_path / "home", "127.0.0.1:1") as run:
        _, errors = run.communicate(timeout=PATIENCE_S)
    assert run.returncode == 1
    assert "Do: set RAPPORT_HOME" in errors
    assert "Traceback" not in errors


def test_a_folder_without_deliveries_is_refused(tmp_path: Path) -> None:
    """Before a Kafka is started or looked for."""
    with demo(tmp_path / "home", "127.0.0.1:1", "--deliveries", str(tmp_path)) as run:
        _, errors = run.communicate(timeout=PATIENCE_S)
    assert run.returncode == 1
    assert "no <platform>/*.json" in errors
    assert "Traceback" not in errors


def test_a_broker_that_is_not_there_is_told(tmp_path: Path) -> None:
    with demo(tmp_path / "home", "127.0.0.1:1") as run:
        _, errors = run.communicate(timeout=PATIENCE_S)
    assert run.returncode == 1
    assert "no Kafka answers at 127.0.0.1:1" in errors
    assert len(errors.splitlines()) == 1, errors
    assert "Traceback" not in errors
