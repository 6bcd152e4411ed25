"""docs/domain.md says what the code does."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

from stream_app.contracts.policy import default_policy
from stream_app.domain.rejects import Reason
from stream_app.domain.transitions import MoveReason
from stream_app.domain.verbs import INBOUND_VERBS, OUTBOUND_VERBS
from tests.domain.scenario import check

TEXT = (Path(__file__).parents[2] / "docs" / "domain.md").read_text("utf-8")


def test_its_story_is_true() -> None:
    (table,) = re.findall(r"(?m)^    day  \| event.*\n(?:    .*\n)+", TEXT)
    assert len(check(table).moves) == 6


def test_its_points_are_those_of_the_default_policy() -> None:
    cells = [
        cell.strip() for line in TEXT.splitlines() if line[:1] == "|" for cell in line.split("|")
    ]
    told: dict[str, tuple[int, ...]] = {}
    for verbs, points in pairwise(cells):
        if re.fullmatch(r"\d+/\d+/\d+", points):
            for verb in verbs.split(", "):
                told[verb] = tuple(map(int, points.split("/")))
    assert told == {verb: default_policy().default.points[verb] for verb in INBOUND_VERBS}


def test_it_names_every_verb_and_reason() -> None:
    for name in (*OUTBOUND_VERBS, *Reason, *MoveReason):
        assert f"`{name}`" in TEXT, name
