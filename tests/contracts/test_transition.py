"""transition/v1 as it is written."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from stream_app.contracts import writing
from stream_app.contracts.policy import default_policy
from stream_app.contracts.writing import transition_id, write_transition
from stream_app.domain.outcome import Transition
from stream_app.domain.partition import Partition
from tests.contracts.support import NOW, applied, record
from tests.oracle.histories import history


def moves_of(lines: list[bytes]) -> list[Transition]:
    """The moves of the lines."""
    partition = Partition(default_policy())
    return [move for _, moves in applied(lines, partition, {}) for move in moves]


@pytest.fixture(scope="session")
def moves() -> list[Transition]:
    found = moves_of(history(2, 2_000))
    assert len(found) > 100
    return found


def test_the_evidence_of_those_who_begin_alike_is_written_once() -> None:
    """Not a number equals nothing, not even itself: a topic fit that is not known hid them all."""
    anna, ben = moves_of([record(), record(id="2", person="mastodon:2")])
    assert writing._evidence(anna.evidence) is writing._evidence(ben.evidence)


def test_a_transition_in_full() -> None:
    (move,) = moves_of([record(method="care")])
    written: dict[str, Any] = json.loads(write_transition(move, "app"))
    assert written == {
        "id": transition_id("app", move),
        "epoch": 0,
        "sequence": 1,
        "brand": "acme",
        "person": "mastodon:1093",
        "from": "none",
        "to": "attention",
        "move": "advance",
        "at": "2026-05-28T20:26:40.000Z",
        "reason": "evidence",
        "cause": {
            "id": "113998215502",
            "verb": "reply",
            "platform": "mastodon",
            "method": "care",
        },
        "evidence": [
            finding("attention", "attention", 30, 4, 3, met=True),
            finding("attraction", "attraction", 120, 3, 6, met=False),
            finding("attraction", "active_days", 120, 1, 3, met=False),
        ],
        "quality": {
            "trust": 0.6,  # (0.5 + 1) / (0.5 + 0 + 2)
            "sincerity": 1.0,
            "common_values": None,
            "value_exchanged": None,
            "overall": 0.622333,  # (0.6 * 1.0 * 0.5 * 0.5) ** (1 / 4)
        },
        "credits": {"care": 1_000_000},
        "policy": default_policy().version,
    }


def finding(
    stage: str, measure: str, days: int | None, value: float, threshold: float, *, met: bool
) -> dict[str, Any]:
    """One term of a condition to enter."""
    return {
        "stage": stage,
        "rule": "enter",
        "measure": measure,
        "days": days,
        "value": value,
        "bound": "at_least",
        "threshold": threshold,
        "met": met,
    }


def test_the_evidence_on_the_wire_is_the_findings(moves: list[Transition]) -> None:
    for move in moves:
        written = json.loads(write_transition(move, "app"))
        assert written["evidence"] == list(msgspec.to_builtins(move.evidence.findings()))


def test_the_evidence_says_why(moves: list[Transition]) -> None:
    """All that is met carries the stage reached; what is above it, or ended it, is not met."""
    for move in moves:
        findings = move.evidence.findings()
        missed = [f for f in findings if not f.met]
        if move.to_stage < 4:
            assert missed, move
        if move.evidence.blocks:
            assert [f.measure for f in findings] == ["blocks"]


def test_an_id_is_of_the_application_the_relationship_and_the_sequence(
    moves: list[Transition],
) -> None:
    ids = {transition_id("app", move) for move in moves}
    assert len(ids) == len(moves)
    assert all(len(name) == 32 for name in ids)
    assert ids.isdisjoint(transition_id("other", move) for move in moves)
    moves[0].epoch = 1
    assert transition_id("app", moves[0]) not in ids


def test_no_time_of_our_own_is_written() -> None:
    """The same log gives the same bytes."""
    lines = [record(), record(id="2", occurred_at=NOW + 90 * 86_400_000)]
    first, second = ([write_transition(move, "app") for move in moves_of(lines)] for _ in range(2))
    assert first == second
