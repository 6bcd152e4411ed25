"""A short run of chaos, and that its plan is drawn from the seed alone."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from chaos.feed import Record, records
from chaos.plan import MEANING, Kind, plan
from stream_app.edge.topics import Topics

ROOT = Path(__file__).parents[2]
TOPICS = Topics()


def test_the_seed_gives_the_schedule() -> None:
    assert plan(7, 2) == plan(7, 2)
    assert plan(7, 2) != plan(8, 2)
    assert {fault.kind for fault in plan(7, 2)} == set(Kind) == set(MEANING)
    times = [fault.at_s for fault in plan(7, 5)]
    assert times == sorted(times)
    assert times[0] >= 4
    assert times[-1] < 300


def test_the_seed_gives_the_input() -> None:
    def sent(seed: int) -> list[Record]:
        return list(records(seed, 6_000, 1_790_000_000_000, TOPICS, 4))

    found = sent(7)
    assert found == sent(7)
    assert found != sent(8)
    told = [orjson.loads(one.value or b"") for one in found if one.topic == TOPICS.erasures]
    assert {bool(one.get("consent")) for one in told if "person" in one} == {True, False}
    values = b"".join(one.value or b"" for one in found if one.topic == TOPICS.links)
    assert values.count(b'"op":"undo"') > 3


@pytest.mark.kafka
@pytest.mark.slow
def test_chaos_comes_out_exact(tmp_path: Path) -> None:
    """Half a minute of faults: every one of them seen, nothing lost, repeated or half done."""
    command = [sys.executable, "-m", "chaos", "--seed", "4", "--minutes", "0.5"]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "RAPPORT_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr[-6000:]}"
    assert "exact, and every fault was seen" in done.stdout
    told = re.search(r"(\d+) transitions of (\d+) relationships", done.stdout)
    assert told, done.stdout
    assert int(told[1]) > 100, "there was something to compare"
    took_part = re.search(
        r"(\d+) links, (\d+) merges, (\d+) of them across partitions, (\d+) acts handed on, "
        r"(\d+) erasures, (\d+) forgotten",
        done.stdout.replace("\n", " ").replace("  ", " "),
    )
    assert took_part, done.stdout
    assert all(int(count) > 0 for count in took_part.groups()), took_part[0]
    assert len(re.findall(r"│ \w+ +│ [^│]+│ +[1-9]\d* │ +[1-9]\d* │", done.stdout)) == 8
