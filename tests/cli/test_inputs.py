"""What commands read: gzip, byte order marks, other encodings, nothing at all; and wrong calls."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from tests.cli.test_outputs import DELIVERY, rapport
from tests.cli.test_replay import REPLIES

BOM = b"\xef\xbb\xbf"
ADS = REPLIES.replace(b'"verb"', b'"method": "ads", "verb"')
COST = (
    b'{"id": "c", "brand": "acme", "method": "ads", "occurred_at": "2026-05-29T00:00:00Z",'
    b' "amount": {"amount": "3.00", "currency": "EUR"}}\n'
)


@pytest.mark.parametrize("content", [gzip.compress(REPLIES), BOM + REPLIES])
def test_a_replay_reads_gzip_and_marks(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "events"
    path.write_bytes(content)
    run = rapport("replay", path)
    assert (run.returncode, run.stdout.count(b'"to":')) == (0, 3), run.stderr.decode()
    with path.open("rb") as file:
        assert rapport("replay", "-", stdin=file).stdout == run.stdout


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        (REPLIES.decode().encode("utf-16"), 2, "UTF-16. Do: save it as UTF-8"),
        (gzip.compress(REPLIES)[:-9], 2, "gzip that is broken or cut off"),
        (b"\x28\xb5\x2f\xfd....", 2, "Do: zstd -dc"),
        (b"\x00\x01\x02\n\x03\n", 1, "refused: not_json 2"),
        (b"hello\n" + REPLIES, 0, "refused: not_json 1"),
        (b"", 0, "0 lines"),
    ],
)
def test_what_a_replay_cannot_read(tmp_path: Path, content: bytes, code: int, said: str) -> None:
    path = tmp_path / "events"
    path.write_bytes(content)
    run = rapport("replay", path)
    assert run.returncode == code, run.stderr.decode()
    assert said in run.stderr.decode()
    assert b"Traceback" not in run.stderr


def test_refused_costs_are_no_refused_lines(tmp_path: Path) -> None:
    (tmp_path / "events").write_bytes(ADS)
    (tmp_path / "costs").write_bytes(b"hello\n" * 4)
    run = rapport("replay", tmp_path / "events", "--costs", tmp_path / "costs")
    assert run.returncode == 0
    assert b"refused: not_json 4" in run.stderr


def test_normalize_reads_gzip_and_says_what_it_cannot_read(tmp_path: Path) -> None:
    packed, wide = tmp_path / "a.json", tmp_path / "b.json"
    packed.write_bytes(gzip.compress(BOM + Path(DELIVERY).read_bytes()))
    wide.write_bytes("{}".encode("utf-16"))
    run = rapport("normalize", "--platform", "bluesky", wide, packed)
    assert run.returncode == 1
    assert b"b.json: UTF-16" in run.stderr
    assert json.loads(run.stdout)["verb"] == "reply"


def test_a_folder_without_deliveries_is_told(tmp_path: Path) -> None:
    run = rapport("normalize", "--platform", "bluesky", tmp_path)
    assert run.returncode == 2
    assert b"no deliveries in it" in run.stderr


@pytest.mark.parametrize("command", ["normalize", "replay"])
def test_a_policy_that_is_binary(tmp_path: Path, command: str) -> None:
    (tmp_path / "bin").write_bytes(b"\xff\xfe\x00")
    more = ("--platform", "bluesky") if command == "normalize" else ()
    run = rapport(command, DELIVERY, "--policy", tmp_path / "bin", *more)
    assert run.returncode == 2
    assert b"Traceback" not in run.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("--file events --model linear", "--file and --model exclude each other"),
        ("--file events --person ann", "--file and --person"),
        ("--file events --log events", "--file and --log"),
        ("--file events --broker a:1", "--file and --broker"),
        ("--log events --broker a:1", "--log and --broker"),
        ("--person ann --model linear --log events", "--person and --model"),
        ("--person ann --stage audience --log events", "--person and --stage"),
        ("--costs events", "--costs needs --log"),
        ("--file events --since 2026-99-99", "a UTC day"),
        ("--file events --since yesterday", "a UTC day"),
        ("--file events", "a row is no method-report/v1"),
    ],
)
def test_a_wrong_call_of_methods(tmp_path: Path, arguments: str, said: str) -> None:
    (tmp_path / "events").write_bytes(ADS)
    run = rapport("methods", "acme", *arguments.split(), cwd=tmp_path)
    assert run.returncode == 2
    assert said in run.stderr.decode()
    assert b"Traceback" not in run.stderr


@pytest.mark.parametrize("how", [(), ("--model", "shapley"), ("--person", "ann")])
def test_methods_tells_what_was_refused(tmp_path: Path, how: tuple[str, ...]) -> None:
    (tmp_path / "events").write_bytes(gzip.compress(b"hello\n" + ADS))
    (tmp_path / "costs").write_bytes(BOM + COST + b'{"id": 1}\n')
    run = rapport(
        *("methods", "acme", "--json", "--log", "events", "--costs", "costs", *how), cwd=tmp_path
    )
    assert run.returncode == 0, run.stderr.decode()
    assert b"refused: not_json 1, wrong_shape 1\n" in run.stderr
    assert b'"cost":"3.00"' in run.stdout
