"""`rapport replay` as a user runs it: a process, files and pipes."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from base64 import b64decode
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from tests.oracle.histories import history

ROOT = Path(__file__).parents[2]
DAY_MS = 86_400_000
START_MS = 1_780_012_800_000  # 2026-05-29T00:00:00Z


def rapport(
    *arguments: str | Path, stdin: bytes = b"", **options: Any
) -> subprocess.CompletedProcess[bytes]:
    """Run the command; its output is bytes."""
    return subprocess.run(
        [sys.executable, "-m", "stream_app", "replay", *map(str, arguments)],
        input=stdin,
        capture_output=True,
        check=False,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"},
        **options,
    )


def act(n: int, **more: Any) -> bytes:
    """A reply of Ann's on day n."""
    fields = {"id": f"a{n}", "brand": "acme", "person": "ann", "platform": "x", "verb": "reply"}
    fields["occurred_at"] = START_MS + n * DAY_MS  # type: ignore[assignment]
    return json.dumps({**fields, **more}, ensure_ascii=False).encode() + b"\n"


REPLIES = b"".join(act(n) for n in range(4))


def moves(run: subprocess.CompletedProcess[bytes]) -> list[dict[str, Any]]:
    """The transitions of a run that went well."""
    assert run.returncode == 0, run.stderr.decode()
    return [json.loads(line) for line in run.stdout.splitlines()]


def told(run: subprocess.CompletedProcess[bytes]) -> list[tuple[str, str]]:
    """Stage and date of each move."""
    return [(move["to"], move["at"][:10]) for move in moves(run)]


UP = [("attention", "2026-05-29"), ("attraction", "2026-05-31"), ("affinity", "2026-06-01")]


def test_a_file_and_standard_input_say_the_same(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(REPLIES)
    from_file, from_pipe = rapport(path), rapport("-", stdin=REPLIES)
    assert told(from_file) == UP
    assert from_file.stdout == from_pipe.stdout
    assert b"4 lines in" in from_file.stderr
    assert b"affinity 1" in from_file.stderr
    assert b"Traceback" not in from_file.stderr


def test_an_empty_file_has_no_transitions() -> None:
    run = rapport("-")
    assert moves(run) == []
    assert b"0 lines" in run.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["none.jsonl"], "'none.jsonl': No such file or directory"),
        (["."], "'.': Is a directory"),
        (["-", "--policy", "none.toml"], "none.toml"),
        (["-", "--until", "2026-01-31"], "say for example 2026-01-31T00:00:00Z"),
        (["-", "--until", "99999999999999999"], "after the year 9999"),
        (["-", "--partitions", "0"], "--partitions"),
        (["-", "--rejects", "no/such/folder"], "no/such/folder"),
        ([], "FILE"),
    ],
)
def test_a_wrong_call_says_what_is_wrong_and_exits_with_2(
    arguments: list[str], said: str, tmp_path: Path
) -> None:
    run = rapport(*arguments, cwd=tmp_path)
    assert run.returncode == 2
    assert said in run.stderr.decode()
    assert b"Traceback" not in run.stderr
    assert run.stdout == b""


def test_a_wrong_policy_names_its_line(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text("[caps]\nper_day = 0\n", "utf-8")
    run = rapport("-", "--policy", path)
    assert run.returncode == 2
    assert f"{path}, line 2: caps.per_day: expected a number from 1" in run.stderr.decode()
    path.write_bytes(b"\xff")
    assert rapport("-", "--policy", path).returncode == 2


def test_a_policy_counts(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text("[stages.affinity]\nenter = ['affinity over 90 days >= 17']\n", "utf-8")
    assert told(rapport("-", "--policy", path, stdin=REPLIES)) == UP[:2]


LAPSE_MS = START_MS + 92 * DAY_MS
"""Three of the four replies have left the window of 90 days by then."""


@pytest.mark.parametrize(
    "until", ["2026-08-29T00:00:00Z", "2026-08-29T02:00:00+02:00", str(LAPSE_MS)]
)
def test_until_lets_time_pass(until: str) -> None:
    down = ("attraction", "2026-08-29")
    assert told(rapport("-", "--until", until, stdin=REPLIES)) == [*UP, down]


@pytest.mark.parametrize("until", ["2026-08-28T23:59:59.999Z", str(LAPSE_MS - 1)])
def test_until_a_millisecond_before_the_lapse(until: str) -> None:
    assert told(rapport("-", "--until", until, stdin=REPLIES)) == UP


def test_partitions_have_their_own_watermarks() -> None:
    late = act(0, person="ben", id="late")
    log = act(400) + late
    assert len(moves(rapport("-", stdin=log))) == 1
    assert len(moves(rapport("-", "--partitions", "5", stdin=log))) == 2


def test_the_application_id_makes_the_ids_and_nothing_else() -> None:
    first, again, other = (
        moves(rapport("-", "--application-id", name, stdin=REPLIES)) for name in ("a", "a", "b")
    )
    assert first == again
    assert {move["id"] for move in first}.isdisjoint(move["id"] for move in other)
    for move in (*first, *other):
        del move["id"]
    assert first == other


def test_rejects_are_kept_whole_and_valid(tmp_path: Path) -> None:
    bad = [b"hello\n", b'{"id": "\xff"}\n', act(1, verb="poke"), b"\r\n", act(2)[:-9] + b"\n"]
    path, source = tmp_path / "refused.jsonl", tmp_path / "events.jsonl"
    source.write_bytes(act(0) + b"".join(bad) + act(3))
    run = rapport(source, "--rejects", path)
    assert run.returncode == 0
    assert b"refused: not_json 3, empty 1, unknown_verb 1\n" in run.stderr
    written = [json.loads(line) for line in path.read_bytes().splitlines()]
    schema = json.loads((ROOT / "schemas/reject/v1.json").read_text("utf-8"))
    for number, (reject, line) in enumerate(zip(written, bad, strict=True), 1):
        jsonschema_rs.validate(schema, reject)
        assert b64decode(reject["value"]) == line.rstrip(b"\r\n")
        assert reject["source"] == {
            "topic": str(source),
            "partition": 0,
            "offset": number,
            "timestamp": None,
        }
    assert [r["reason"] for r in written][:3] == ["not_json", "not_json", "unknown_verb"]


def test_refused_lines_without_rejects_are_counted_and_said() -> None:
    run = rapport("-", stdin=b"hello\n" + REPLIES)
    assert told(run) == UP
    assert b"refused: not_json 1 (--rejects FILE keeps them)" in run.stderr


def test_each_relationships_moves_come_in_their_order() -> None:
    log = b"".join(line + b"\n" for line in history(7, 2_000))
    last: dict[tuple[str, str], int] = {}
    for move in moves(rapport("-", "--partitions", "3", stdin=log)):
        key = move["brand"], move["person"]
        assert move["sequence"] == last.get(key, 0) + 1
        last[key] = move["sequence"]
    assert len(last) > 10


def test_head_ends_it_quietly(tmp_path: Path) -> None:
    """As `rapport replay ... | head -1`: far more output than a pipe holds, and nobody reads."""
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"".join(act(n % 9, person=f"p{n}") for n in range(3_000)))
    with subprocess.Popen(
        [sys.executable, "-m", "stream_app", "replay", str(path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as run:
        assert run.stdout is not None
        assert run.stderr is not None
        assert run.stdout.readline().startswith(b'{"id":')
        run.stdout.close()
        said = run.stderr.read()
        assert run.wait(30) != 0
    assert b"Traceback" not in said
    assert b"Exception ignored" not in said


def test_persons_are_written_in_utf_8() -> None:
    people = ["Zo\u00eb", "\u043f\u0430\u043d", "\U0001f600"]
    log = b"".join(act(n, person=person) for n, person in enumerate(people))
    run = rapport("-", stdin=log)
    assert [move["person"] for move in moves(run)] == people
    assert all(person.encode() in run.stdout for person in people)


def test_the_last_line_needs_no_line_feed_and_carriage_returns_do_no_harm() -> None:
    assert told(rapport("-", stdin=REPLIES[:-1])) == UP
    assert told(rapport("-", stdin=REPLIES.replace(b"\n", b"\r\n"))) == UP


def test_a_line_of_any_length_is_refused_and_never_held(tmp_path: Path) -> None:
    def little_memory() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (512 << 20, 512 << 20))

    long = b'{"note": "' + b"n" * (10 << 20) + b'"}\n'
    run = rapport("-", stdin=act(0) + long + REPLIES[len(act(0)) :])
    assert told(run) == UP
    assert b"5 lines in" in run.stderr
    assert b"refused: too_large 1" in run.stderr
    path = tmp_path / "events.jsonl"
    with path.open("wb") as file:
        file.seek(600 << 20)  # a line of more than the process may have; a hole on the disk
        file.write(b"\n" + REPLIES)
    run = rapport(path, preexec_fn=little_memory)
    assert told(run) == UP
    assert b"refused: too_large 1" in run.stderr
