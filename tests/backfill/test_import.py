"""`rapport import` as a user runs it: a process, files, a real broker, kills."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import subprocess
import sys
import time
from base64 import b64decode
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from aiokafka import ConsumerRecord

from stream_app.contracts.partitioner import partition_of
from tests.backfill.support import ROOT, SAMPLES
from tests.backfill.test_files import like
from tests.edge.service import PARTITIONS, Service

DAY_S = 86_400


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "stream_app", "import", *map(str, arguments)]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"}


def imported(
    *arguments: str | Path, stdin: bytes = b"", cwd: Path = ROOT
) -> subprocess.CompletedProcess[bytes]:
    """Run the command."""
    return subprocess.run(
        command(*arguments),
        input=stdin,
        capture_output=True,
        check=False,
        timeout=120,
        env=environment(),
        cwd=cwd,
    )


def killed(state: Path, *arguments: str | Path) -> None:
    """Run the command and kill -9 it some batches after its state began."""
    process = subprocess.Popen(command(*arguments), env=environment(), cwd=ROOT)
    try:
        deadline = time.monotonic() + 30
        while not state.is_file() and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.7)
    finally:
        process.kill()
        process.wait()


def to(service: Service) -> tuple[str, ...]:
    """Where to publish."""
    return "--broker", service.settings.broker, "--topic-prefix", service.settings.topic_prefix


def many(path: Path, count: int, start_s: int) -> Path:
    """A file of likes, the newest first."""
    path.write_bytes(b"".join(like(n, start_s + n) for n in reversed(range(count))))
    return path


def values(records: list[ConsumerRecord]) -> list[dict[str, Any]]:
    return [json.loads(record.value or b"") for record in records]


# -- without a broker


def test_a_dry_run_needs_no_kafka_and_tells_all() -> None:
    run = imported(
        *(
            "github",
            SAMPLES / "gharchive.jsonl",
            "--also",
            f"bluesky={SAMPLES / 'jetstream.jsonl'}",
        ),
        *("--dry-run", "--json", "--broker", "127.0.0.1:1"),
    )
    assert run.returncode == 1, run.stderr.decode()  # something is refused
    told = json.loads(run.stdout)
    assert told["publish"]["bluesky"] == {"follow": 1, "like": 1, "like (undo)": 1}
    assert sum(told["publish"]["github"].values()) == 5
    assert told["refused"] == {"wrong_shape": 1}
    assert told["ignored"] == {"bluesky": {"handle": 1}, "github": {"no_act": 1}}
    assert (told["first"][:16], told["last"][:16]) == ("2026-03-02T10:00", "2026-03-03T13:00")


def test_rejects_have_reason_place_and_bytes(tmp_path: Path) -> None:
    path = tmp_path / "rejects"
    source = SAMPLES / "jetstream.jsonl"
    assert imported("bluesky", source, "--dry-run", "--rejects", path).returncode == 1
    told = json.loads(path.read_text("utf-8"))
    assert (told["reason"], told["source"]["offset"]) == ("wrong_shape", 4)
    assert told["detail"].startswith(f"{source}:5: $.commit.rkey")
    assert b64decode(told["value"]) == source.read_bytes().splitlines()[4]


def test_standard_input_is_a_file() -> None:
    run = imported("github", "-", "--dry-run", stdin=(SAMPLES / "gharchive.jsonl").read_bytes())
    assert (run.returncode, run.stdout.splitlines()[-1]) == (
        0,
        b"dry run: 5 records would be published",
    )


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("bluesky", "nowhere", "--dry-run"), 2, "nowhere: No such file"),
        (("bluesky", SAMPLES / "site.xml", "--dry-run"), 2, "site.xml:1: expected Jetstream"),
        (("bluesky", SAMPLES / "jetstream.jsonl", "--also", "what"), 2, "expected PLATFORM=FILE"),
        (("github", SAMPLES / "gharchive.jsonl", "--raw", "--dry-run"), 2, "hold no deliveries"),
        (("github", SAMPLES / "gharchive.jsonl", "--broker", "127.0.0.1:1"), 3, "127.0.0.1:1: "),
        (
            ("github", SAMPLES / "gharchive.jsonl", "--security-protocol", "SASL_SSL"),
            2,
            "sasl_username, sasl_password",
        ),
    ],
)
def test_what_cannot_be_done_is_told(arguments: tuple[str, ...], code: int, said: str) -> None:
    run = imported(*arguments)
    assert run.returncode == code
    assert said in run.stderr.decode()


def test_the_help_names_every_platform() -> None:
    told = imported("--help").stdout.decode()
    for word in ("bluesky", "wordpress", "stumbleupon", "x, twitter", "Exit status", "--state"):
        assert word in told


def test_the_commands_of_the_page_work() -> None:
    page = (ROOT / "docs" / "import.md").read_text("utf-8")
    commands = [
        line for line in re.findall(r"(?m)^    rapport import (.*)$", page) if "dry" in line
    ]
    assert len(commands) >= 7
    for line in commands:
        run = imported(*shlex.split(line))
        assert run.returncode in (0, 1), (line, run.stderr.decode())
        assert b"would be published" in run.stdout, line


# -- with one


async def test_acts_are_in_the_log_by_time_under_their_keys(service: Service) -> None:
    run = imported(
        *("wordpress", SAMPLES / "site.xml", "--also", f"github={SAMPLES / 'gharchive.jsonl'}"),
        *("--also", f"stumbleupon={SAMPLES / 'stumbles.jsonl'}", *to(service)),
    )
    assert run.returncode == 0, run.stderr.decode()
    assert run.stdout.splitlines()[-1] == b"published: 9 of 9 records"
    records = await service.read(service.topics.log)
    by_partition = defaultdict(list)
    for record, act in zip(records, values(records), strict=True):
        assert record.key == f"{act['brand']}/{act['person']}".encode()
        assert record.partition == partition_of(record.key, PARTITIONS)
        by_partition[record.partition].append(act["occurred_at"])
    assert sum(map(len, by_partition.values())) == 9
    for moments in by_partition.values():
        assert moments == sorted(moments)
    assert {act["occurred_at"][:7] for act in values(records)} == {"2026-03"}  # nobody is new today


async def test_a_killed_import_goes_on_where_the_broker_was(
    service: Service, tmp_path: Path
) -> None:
    source = many(tmp_path / "likes", 6_000, 1_772_452_800)
    state = tmp_path / "state.json"
    arguments = ("bluesky", source, "--state", state, *to(service))
    await asyncio.to_thread(killed, state, *arguments, "--rate", "2000")
    before = json.loads(state.read_text("utf-8"))["acknowledged"]
    assert 0 < before < 6_000, "killed too early or too late: the test tests nothing"
    run = imported(*arguments)
    assert run.returncode == 0, run.stderr.decode()
    assert (
        f"published: {6_000 - before:,} of 6,000 records, {before:,} before" in run.stdout.decode()
    )
    ids = [act["id"] for act in values(await service.read(service.topics.log))]
    assert len(set(ids)) == 6_000
    assert len(ids) <= 7_000  # at most one batch came twice: duplicates for the service
    again = imported(*arguments)
    assert again.stdout.splitlines()[-1] == b"published: 0 of 6,000 records, 6,000 before"
    source.write_bytes(like(7_000, 1_772_452_800 + 7_000) + source.read_bytes())
    grown = imported(*arguments)
    assert grown.stdout.splitlines()[-1] == b"published: 1 of 6,001 records, 6,000 before"


async def test_a_state_of_other_files_is_refused(service: Service, tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    assert (
        imported("github", SAMPLES / "gharchive.jsonl", "--state", state, *to(service)).returncode
        == 0
    )
    count = len(await service.read(service.topics.log))
    run = imported("wordpress", SAMPLES / "site.xml", "--state", state, *to(service))
    assert (run.returncode, count) == (2, 5)
    assert "of another import" in run.stderr.decode()
    assert len(await service.read(service.topics.log)) == count


async def test_a_state_that_cannot_be_kept_is_told_before_anything_is_read(
    service: Service, tmp_path: Path
) -> None:
    state = tmp_path / "nowhere" / "state.json"
    run = imported("github", "-", "--state", state, *to(service), stdin=b"no event\n")
    assert run.returncode == 2
    assert f"{state}: there is no such folder" in run.stderr.decode()


async def test_a_missing_log_is_told_and_not_created(broker: str) -> None:
    prefix = "never-prepared-"
    for _ in range(2):
        run = imported(
            *("github", SAMPLES / "gharchive.jsonl", "--broker", broker, "--topic-prefix", prefix)
        )
        assert run.returncode == 2
        assert f"{prefix}social.interactions: A topic is not there" in run.stderr.decode()


async def test_the_rate_is_kept(service: Service, tmp_path: Path) -> None:
    source = many(tmp_path / "likes", 300, 1_772_452_800)
    quick = time.monotonic()
    assert imported("bluesky", source, *to(service)).returncode == 0
    quick = time.monotonic() - quick
    slow = time.monotonic()
    assert imported("bluesky", source, "--rate", "100", *to(service)).returncode == 0
    assert time.monotonic() - slow > 3 + quick / 4


async def test_the_service_makes_relationships_of_it_and_counts_repeats_once(
    service: Service, tmp_path: Path
) -> None:
    """Both ways: as interactions, and as raw deliveries; each twice."""
    start = int(time.time()) - 20 * DAY_S
    path = tmp_path / "likes"
    path.write_bytes(b"".join(like(50 * day, start + day * DAY_S) for day in reversed(range(8))))
    service.start("one")
    await service.until_ready("one")
    for extra in ((), (), ("--raw",), ("--raw",)):
        run = imported("bluesky", path, *extra, *to(service))
        assert run.returncode == 0, run.stderr.decode()
    moves: list[dict[str, Any]] = []
    for _ in range(60):
        moves = values(await service.read(service.topics.transitions))
        if len(await service.read(service.topics.log)) >= 4 * 8 and len(moves) >= 2:
            break
        await asyncio.sleep(0.5)
    await asyncio.sleep(1)
    moves = values(await service.read(service.topics.transitions))
    days = [time.strftime("%Y-%m-%d", time.gmtime(start + day * DAY_S)) for day in (0, 2)]
    assert [(move["to"], move["at"][:10]) for move in moves] == [
        ("attention", days[0]),
        ("attraction", days[1]),
    ]
    assert moves[-1]["person"] == "bluesky:did:plc:p0"
    assert await service.read(service.topics.rejects) == []
