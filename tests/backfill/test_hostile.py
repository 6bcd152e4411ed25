"""Files that are odd, broken or hostile end in refusals and messages, never in a traceback."""

from __future__ import annotations

import json
import random
import re
import resource
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from stream_app.backfill.errors import ImportFailure, MappingError, UnreadableFileError
from tests.backfill.support import ROOT, SAMPLES, Result

SEED: Final = 7
EACH: Final = 150
"""Mutants of each sample."""
FILES: Final = (
    ("bluesky", "jetstream.jsonl"),
    ("github", "gharchive.jsonl"),
    ("wordpress", "site.xml"),
    ("stumbleupon", "stumbles.jsonl"),
    ("x", "x/tweets.js"),
    ("x", "x/direct-messages.js"),
    ("x", "x/follower.js"),
    ("discourse", "discourse/posts.json"),
    ("discourse", "discourse/users.csv"),
    ("discourse", "discourse/archive/user_archive.csv"),
    ("csv", "csv/orders.csv"),
)
VALUES: Final = re.compile(rb'(?<=[:\[,])\s*("[^"]*"|-?\d+|true|false|null|\{\}|\[\])')
ODD: Final = (
    *(b"null", b"-1", b"1e999", b"9" * 30, b'"\\ud800"', b"[]", b"{}", b"true", b'""', b"\x00"),
    *(b"\xff", b'"9999-12-31T23:59:59Z"', b'"0001-01-01T00:00:00Z"', b"\r\n", b'"', b",", b"NaN"),
)


def mutant(dice: random.Random, content: bytes) -> bytes:
    """One value replaced, bytes cut out, or something put in."""
    spans = [match.span(1) for match in VALUES.finditer(content)]
    kind = dice.random()
    at = dice.randrange(len(content))
    if kind < 0.6 and spans:
        start, end = dice.choice(spans)
        return content[:start] + dice.choice(ODD) + content[end:]
    if kind < 0.8:
        return content[:at] + content[at + dice.randrange(1, 30) :]
    return content[:at] + dice.choice(ODD) + content[at:]


@pytest.mark.parametrize(("platform", "name"), FILES)
def test_mutants_end_in_refusals_or_messages(tmp_path: Path, platform: str, name: str) -> None:
    dice, content = random.Random(SEED), (SAMPLES / name).read_bytes()
    path = tmp_path / Path(name).name
    read = 0
    for _ in range(EACH):
        path.write_bytes(mutant(dice, content))
        try:
            Result(
                (platform, path),
                account="12" if platform == "x" else "https://forum.tea.example",
                person="7",
                mapping=SAMPLES / "csv" / "orders.toml" if platform == "csv" else None,
                undated_ms=1_700_000_000_000,
            )
            read += 1
        except ImportFailure:
            pass
    assert 0 < read < EACH or platform in ("bluesky", "github")


def test_a_text_cut_within_a_pair_is_an_act_all_the_same(tmp_path: Path) -> None:
    tweet = {
        "id_str": "1770000000000000001",
        "full_text": "cut \ud83d",
        "created_at": "Wed Mar 20 12:00:00 +0000 2024",
        "in_reply_to_user_id_str": "99",
        "in_reply_to_status_id_str": "5",
    }
    path = tmp_path / "tweets.js"
    path.write_text(f"window.YTD.tweets.part0 = {json.dumps([{'tweet': tweet}])}", "utf-8")
    assert Result(("x", path), account="12").lines() == [
        "2024-03-20T12:00:00 x:99 reply (outbound) x-12 1770000000000000001"
    ]
    line = {"type": "like", "url": "https://t.example/\ud83d", "timestamp": 1_300_000_000}
    path.write_text(json.dumps([line]), "utf-8")
    assert [act["person"] for act in Result(("stumbleupon", path), person="ann").acts] == [
        "stumbleupon:ann"
    ]


MAPPING: Final = """
id_of = ["day", "who"]
[time]
format = "%Y-%m-%d %H:%M"
zone = "America/New_York"
[columns]
person = "who"
occurred_at = "day"
[constants]
brand = "tea"
platform = "shop"
verb = "purchase"
"""


def test_a_day_that_never_comes_is_refused_and_stops_nothing(tmp_path: Path) -> None:
    mapping, table = tmp_path / "map.toml", tmp_path / "t.csv"
    mapping.write_text(MAPPING, "utf-8")
    table.write_text("day,who\n9999-12-31 23:59,1\n0001-01-01 00:00,2\n2026-10-01 10:00,3\n")
    got = Result(("csv", table), mapping=mapping)
    assert [act["person"] for act in got.acts] == ["3"]
    assert [(line, str(no.reason)) for _, line, no, _ in got.refused] == [
        (2, "bad_time"),
        (3, "bad_time"),
    ]


def test_the_first_row_of_a_file_without_a_header_is_not_told(tmp_path: Path) -> None:
    mapping, table = tmp_path / "map.toml", tmp_path / "t.csv"
    mapping.write_text(MAPPING, "utf-8")
    table.write_text("2026-10-01 10:00,ann@far.example\n", "utf-8")
    with pytest.raises(MappingError, match="is its first line the header") as told:
        Result(("csv", table), mapping=mapping)
    assert "ann" not in str(told.value)


@pytest.mark.parametrize(
    ("begin", "said"), [(b"\x28\xb5\x2f\xfd", "zstd -dc"), (b"PK\x03\x04", "unzip -p")]
)
def test_what_is_packed_otherwise_says_how_to_unpack_it(
    tmp_path: Path, begin: bytes, said: str
) -> None:
    path = tmp_path / "t.jsonl"
    path.write_bytes(begin + b"\x00" * 20)
    with pytest.raises(UnreadableFileError, match=said):
        Result(("bluesky", path))


FULL: Final = """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
from stream_app.backfill.errors import NoSpaceError
from stream_app.backfill.sorting import Sorter
sorter = Sorter(memory=1)
try:
    for number in range(100):
        sorter.add(number, bytes(1000))
except NoSpaceError as error:
    raise SystemExit(str(error))
"""


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="no limit of file sizes here")
def test_a_full_disk_is_not_blamed_on_the_file_that_is_read() -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL], capture_output=True, check=False, timeout=60, cwd=ROOT
    )
    assert b"Do: set TMPDIR" in done.stderr
