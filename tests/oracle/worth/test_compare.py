"""A comparison that finds nothing must be able to find something."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from .compare import differences, written
from .run import Worth, worth
from .worlds import POLICY, world

Rows = list[dict[str, Any]]


@pytest.fixture(scope="session")
def small() -> Worth:
    return worth(*world(3, 500), policy=POLICY)


def as_published(found: Worth) -> tuple[Rows, Rows]:
    moves: Rows = [
        {
            "brand": m.brand,
            "person": m.person,
            "sequence": m.sequence,
            "from": m.from_,
            "to": m.to,
            "at": written(m.at_ms),
            "reason": m.reason,
            "cause": {"id": m.cause_id} if m.cause_id else None,
            "quality": dict(m.quality),
            "credits": None if m.credits is None else dict(m.credits),
        }
        for m in found.transitions
    ]
    return moves, copy.deepcopy(found.reports)


def test_the_oracle_agrees_with_itself(small: Worth) -> None:
    assert differences(small, *as_published(small)) == []


def first(rows: Rows, name: str) -> dict[str, Any]:
    return next(row for row in rows if row[name] is not None)


CHANGES: dict[str, Callable[[Rows, Rows], None]] = {
    "a move is missing": lambda moves, rows: moves.clear(),
    "a row is missing": lambda moves, rows: rows.__delitem__(0),
    "time": lambda moves, rows: moves[0].update(at="2022-01-01T00:00:00.000Z"),
    "no quality": lambda moves, rows: moves[0].update(quality=None),
    "trust": lambda moves, rows: moves[-1]["quality"].update(trust=0.123),
    "trust unknown": lambda moves, rows: moves[-1]["quality"].update(trust=None),
    "a millionth": lambda moves, rows: first(moves, "credits")["credits"].update(x=1),
    "a cent": lambda moves, rows: first(rows, "cost").update(cost="0.01"),
    "nothing for nothing": lambda moves, rows: first(rows, "value").update(value=None),
    "people": lambda moves, rows: rows[0].update(people=rows[0]["people"] + 2),
    "quality of a method": lambda moves, rows: first(rows, "quality").update(quality=0.00003),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_found(small: Worth, change: str) -> None:
    moves, rows = as_published(small)
    CHANGES[change](moves, rows)
    assert differences(small, moves, rows)


def test_rounding_is_forgiven(small: Worth) -> None:
    moves, rows = as_published(small)
    known = next(move for move in moves if move["quality"]["trust"] is not None)
    known["quality"]["trust"] += 1.5e-6
    assert differences(small, moves, rows) == []
