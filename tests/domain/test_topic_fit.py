"""Conditions on what changes no window: topic fit, and what holds for somebody unknown."""

from __future__ import annotations

import json
from typing import Any

from stream_app.contracts.policy import parse_policy
from stream_app.domain.rejects import Reject
from stream_app.replay import Replay

DAY_0 = 1_704_067_200_000
DAY = 86_400_000

AFFINITY = """
[brand]
topics = [{topics}]

[stages.affinity]
enter = [{enter}]
hold = [{hold}]
"""
FITS = AFFINITY.format(
    topics='"a"',
    enter='"affinity over 90 days >= 16", "topic_fit >= 0.5"',
    hold='"affinity over 90 days >= 6", "topic_fit >= 0.9"',
)
OFTEN = '"affinity over 90 days >= 16"'


def moves(policy: str, *acts: tuple[int, str, list[str]]) -> list[tuple[str, str, str | None]]:
    """Of acts at a time, on topics: from, to and the cause of each transition."""
    core, found = Replay(parse_policy(policy), "test"), list[bytes]()
    for number, (at_ms, verb, topics) in enumerate(acts):
        line: dict[str, Any] = {"id": f"e{number}", "brand": "acme", "person": "p"}
        line |= {"platform": "x", "verb": verb, "occurred_at": DAY_0 + at_ms, "topics": topics}
        line |= {"recorded_at": DAY_0 + at_ms}
        told = core.feed(json.dumps(line).encode())
        assert not isinstance(told, Reject)
        found += told
    said = [json.loads(move) for move in found]
    return [(one["from"], one["to"], (one["cause"] or {}).get("id")) for one in said]


def test_a_late_act_beyond_the_caps_may_bring_the_fit() -> None:
    acts = [(day * DAY + 9, "contribute", ["c"]) for day in range(3)]
    policy = FITS.replace(">= 0.9", ">= 0.1")
    assert moves(policy, *acts)[-1][1] == "attraction"
    late = [*acts, (2, "contribute", ["a"]), (1, "contribute", ["a"])]
    assert moves(policy, *late)[-1] == ("attraction", "affinity", "e4")


def test_an_act_beyond_the_caps_may_cost_the_fit() -> None:
    acts = [(day * DAY + 1, "contribute", ["a"]) for day in range(4)]
    assert moves(FITS, *acts)[-1][1] == "affinity"
    more = [(3 * DAY + 2 + number, "contribute", ["c"]) for number in range(4)]
    assert moves(FITS, *acts, *more)[-1][:2] == ("affinity", "attraction")


def test_a_fit_of_one_half_is_one_half() -> None:
    policy = AFFINITY.format(
        topics='"a", "b"',
        enter=f'{OFTEN}, "topic_fit >= 0.5"',
        hold='"affinity over 90 days >= 6"',
    )
    acts = [(day * DAY, "contribute", ["zz", "a"]) for day in range(4)]
    assert moves(policy, *acts)[-1][1] == "affinity"


def test_conditions_that_hold_for_anybody_hold_at_the_first_act() -> None:
    policy = '[stages.attention]\nenter = ["members <= 2"]\nhold = ["members <= 2"]\n'
    assert moves(policy, (0, "impression", []))[:1] == [("none", "attention", "e0")]
