"""The check of `rapport demo --once` finds whatever is not as a replay says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import orjson
import pytest

from stream_app.contracts.partitioner import partition_of
from stream_app.contracts.policy import load_policy
from stream_app.contracts.times import parse_time
from stream_app.demo.check import Expected, Moves, compare, expect, line, lines
from stream_app.demo.community import history
from stream_app.demo.mischief import records
from stream_app.edge.log import KIND, RECORDED_AT, Kind, write_tick

END_MS = parse_time("2026-11-25T10:00:00Z")
POLICY = load_policy(None)


@dataclass
class Record:
    key: bytes | None
    value: bytes | None
    timestamp: int = END_MS
    headers: Sequence[tuple[str, bytes]] = ()


def act(person: str = "p", **fields: object) -> bytes:
    said = {"id": "1", "brand": "b", "person": person, "platform": "x", "verb": "reply"}
    return orjson.dumps(said | fields)


@pytest.fixture(scope="session")
def expected() -> Expected:
    sent = records(history(3, 150, END_MS), 3)
    log = [Record(one.key, one.value) for one in sent]
    return expect([lines(log, 0, 1, POLICY)[0]], POLICY, "test")


def copy(moves: Moves) -> Moves:
    return {key: list(texts) for key, texts in moves.items()}


def test_what_equals_is_equal(expected: Expected) -> None:
    verdict = compare(expected, copy(expected.moves), dict(expected.refused))
    assert verdict.equal
    assert verdict.relationships == len(expected.moves) > 50
    assert verdict.first == ""


def lost(moves: list[bytes]) -> None:
    moves.pop()


def repeated(moves: list[bytes]) -> None:
    moves.append(moves[-1])


def swapped(moves: list[bytes]) -> None:
    moves[0], moves[1] = moves[1], moves[0]


def changed(moves: list[bytes]) -> None:
    moves[1] = moves[1].replace(b'"reason":"', b'"reason":"x', 1)


@pytest.mark.parametrize("falsify", [lost, repeated, swapped, changed])
def test_one_false_transition_is_found(
    expected: Expected, falsify: Callable[[list[bytes]], None]
) -> None:
    found = copy(expected.moves)
    key = next(key for key, moves in found.items() if len(moves) > 1)
    falsify(found[key])
    verdict = compare(expected, found, dict(expected.refused))
    assert not verdict.equal
    assert verdict.differing == 1
    assert "sequence" in verdict.first
    assert key.decode().partition("/")[2] not in verdict.first, "no person in an error message"


def test_a_relationship_too_many_or_too_few_is_found(expected: Expected) -> None:
    found = copy(expected.moves)
    key, moves = found.popitem()
    assert compare(expected, found, dict(expected.refused)).differing == 1
    found[key] = moves
    found[b"b/nobody"] = moves
    assert compare(expected, found, dict(expected.refused)).differing == 1


def test_another_number_of_refusals_is_found(expected: Expected) -> None:
    refused = dict(expected.refused)
    refused["not_json"] -= 1
    verdict = compare(expected, copy(expected.moves), refused)
    assert (verdict.differing, verdict.equal) == (0, False)


def test_ticks_and_records_in_a_wrong_place_are_no_lines() -> None:
    home = partition_of(b"b/p", 4)
    log = [
        Record(b"b/p", act()),
        Record(b"p", act(id="2")),
        Record(b"", write_tick(END_MS), headers=[(KIND, Kind.TICK.encode())]),
        Record(b"whatever", b"no json"),
    ]
    kept, astray = lines(log, home, 4, POLICY)
    assert [text.startswith(b'{"id":"1"') for text in kept] == [True, False]
    assert astray == 1
    assert lines(log[:1], (home + 1) % 4, 4, POLICY) == ([], 1)


def test_a_line_has_the_timestamp_of_the_first_append() -> None:
    again = Record(b"b/p", act(), headers=[(RECORDED_AT, b"%d" % (END_MS - 7))])
    (text,), _ = lines([again], 0, 1, POLICY)
    assert orjson.loads(text)["recorded_at"] == END_MS - 7
    assert line(None, END_MS) == b""
    assert line(b"{}", END_MS) == b"{}"
