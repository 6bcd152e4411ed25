"""The worked examples of the contract: two years each, default policy, exact days."""

from __future__ import annotations

import pytest

from tests.domain.compare import oracle_outcome
from tests.domain.scenario import DAY_0, DAY_MS, World, moments

EXAMPLES = """
person                                           | days      | acts             | moves
buys every 30 days                               | 0..690/30 | purchase         | attention 0, affinity 60
buys every 42 days                               | 0..672/42 | purchase         | attention 0, affinity 84
views and likes once a week                      | 0..729/7  | view, like       | attention 0, attraction 14
subscribes, views and clicks once a week         | 0..0      | subscribe        | attention 0, attraction 14, audience 42
                                                 | 0..729/7  | view, click      |
subscribes, never acts                           | 0..0      | subscribe        | attention 0
replies for 60 days, follows on day 31, is quiet | 0..59     | reply            | attention 0, attraction 2, affinity 3, audience 31, attraction 148, attention 179
                                                 | 31..31    | follow           |
40 shares and a follow within one day            | 0..0      | share x40        | attention 0
                                                 | 0..0      | follow           |
complains daily for 10 days                      | 0..9      | complain         | attention 1, none 189
two impressions a day for 30 days                | 0..29     | impression x2    | attention 1, none 209
"""  # noqa: E501

Example = tuple[list[tuple[str, str]], str]


def _examples() -> dict[str, Example]:
    found: dict[str, Example] = {}
    for line in EXAMPLES.strip().splitlines()[1:]:
        person, days, acts, moves = (cell.strip() for cell in line.split("|"))
        if person:
            found[person] = ([], moves)
        list(found.values())[-1][0].append((days, acts))
    return found


def play(rows: list[tuple[str, str]]) -> World:
    """Two years of it, in the order of the days, then silence to their end."""
    world = World()
    days = sorted(
        (at_ms, n, acts) for n, (days, acts) in enumerate(rows) for at_ms in moments(days)
    )
    for at_ms, _, acts in days:
        world.send(at_ms, acts)
    world.wait((DAY_0 + 730) * DAY_MS)
    return world


@pytest.mark.parametrize("person", _examples())
def test_worked_example(person: str) -> None:
    rows, expected = _examples()[person]
    moves = play(rows).moves
    assert all(move.at_ms % DAY_MS == 0 for move in moves)
    told = ", ".join(f"{move.to_stage.label} {move.at_ms // DAY_MS - DAY_0}" for move in moves)
    assert told == expected


@pytest.mark.parametrize("person", _examples())
def test_the_rescan_says_the_same(person: str) -> None:
    world = play(_examples()[person][0])
    told = oracle_outcome(world.lines, until_ms=(DAY_0 + 730) * DAY_MS)["moves"]
    assert [(move[4], move[5], move[6]) for move in told] == [
        (move.to_stage.label, move.at_ms, move.reason) for move in world.moves
    ]


def test_all_nine_examples_are_here() -> None:
    assert len(_examples()) == 9
