"""Every rule of the domain as a table that a marketer can read (see `scenario` for its words)."""

from __future__ import annotations

import pytest

from tests.domain.compare import oracle_outcome
from tests.domain.scenario import check, moment, rows
from tests.domain.tables import SCENARIOS


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario(name: str) -> None:
    check(SCENARIOS[name])


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_rescan_tells_the_same_story(name: str) -> None:
    table = SCENARIOS[name]
    world = check(table)
    last_days, last_event, *_ = list(rows(table))[-1]
    until_ms = moment(last_days) if last_event == "(silence)" else None
    world.wait(until_ms or world.partition.watermark or 0)
    told = oracle_outcome(world.lines, until_ms=until_ms)["moves"]
    assert [move[1:] for move in told] == [
        [
            move.person,
            move.sequence,
            move.from_stage.label,
            move.to_stage.label,
            move.at_ms,
            str(move.reason),
            None if move.cause is None else move.cause.id,
        ]
        for move in sorted(world.moves, key=lambda move: (move.person, move.sequence))
    ]
