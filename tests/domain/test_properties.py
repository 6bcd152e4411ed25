"""What must hold of every log, tried on logs that hypothesis makes up."""

from __future__ import annotations

import json
import random
import re
from typing import Any

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from stream_app.contracts.policy import default_policy, parse_policy
from stream_app.contracts.reading import read_line
from stream_app.domain.events import Interaction
from stream_app.domain.outcome import Seen, Transition
from stream_app.domain.partition import Partition
from stream_app.domain.policy import Policy
from stream_app.domain.rejects import Reject
from stream_app.domain.relationship import advance, settle
from stream_app.domain.state import Relationship
from tests.domain.compare import core_outcome, oracle_outcome
from tests.domain.logs import PLAIN, interactions, logs
from tests.domain.scenario import DAY_0, DAY_MS
from tests.oracle.rules import Condition, Rule

ODD_POLICIES = {
    "attention must be held by more than it is entered with": {
        "attention": ("attention over 30 days >= 3", "attention over 30 days >= 5"),
    },
    "attraction is entered by few acts and held by no objection": {
        "attraction": ("attraction over 20 days >= 2", "objections over 5 days <= 0"),
    },
    "affinity is held over a shorter window than it is entered over": {
        "affinity": ("affinity over 60 days >= 4", "affinity over 3 days >= 4"),
    },
}


def _rule(text: str) -> Rule:
    """A condition of a policy file as the oracle writes it."""
    match = re.fullmatch(r"(\w+) over (\d+) days (>=|<=) (\d+)", text)
    assert match
    measure, days, sign, limit = match.groups()
    return [[Condition(measure, int(days), sign, int(limit))]]


def odd(name: str) -> tuple[Policy, dict[str, tuple[Rule, Rule]]]:
    """An odd policy for the core, and the same for the oracle."""
    stages = ODD_POLICIES[name]
    toml = "".join(
        f'[stages.{stage}]\nenter = ["{enter}"]\nhold = ["{hold}"]\n'
        for stage, (enter, hold) in stages.items()
    )
    rules = {stage: (_rule(enter), _rule(hold)) for stage, (enter, hold) in stages.items()}
    return parse_policy(toml), rules


def events(lines: list[bytes]) -> list[tuple[Interaction, int]]:
    """The interactions of lines that are all acceptable to the reader."""
    read = [read_line(line, default_policy()) for line in lines]
    assert not any(isinstance(event, Reject) for event in read)
    return [event for event in read if not isinstance(event, Reject)]


def told(moves: list[Transition]) -> dict[str, list[tuple[Any, ...]]]:
    """All that a subscriber sees of the moves, per person."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    for m in moves:
        evidence = [finding for finding in m.evidence.findings()]  # noqa: C416
        found.setdefault(m.person, []).append(
            (m.sequence, m.from_stage, m.to_stage, m.at_ms, m.reason, m.cause, evidence)
        )
    return found


@given(logs())
@settings(max_examples=150)
def test_the_core_agrees_with_the_rescan(lines: list[bytes]) -> None:
    assert core_outcome(lines) == oracle_outcome(lines)


@pytest.mark.parametrize("name", ODD_POLICIES)
@given(lines=logs(max_size=25))
@settings(max_examples=40)
def test_it_agrees_where_entering_does_not_imply_holding(name: str, lines: list[bytes]) -> None:
    policy, rules = odd(name)
    assert core_outcome(lines, policy=policy) == oracle_outcome(lines, policy=rules)


@given(logs(), st.randoms(use_true_random=False))
@settings(max_examples=100)
def test_when_silent_relationships_are_settled_changes_nothing(
    lines: list[bytes], dice: random.Random
) -> None:
    assert _settling(lines, None) == _settling(lines, dice)


def _settling(lines: list[bytes], dice: random.Random | None) -> object:
    """The moves of the lines; with dice, silent relationships are settled now and then."""
    policy = default_policy()
    partition, rules = Partition(policy), policy.rules_for("acme")
    states: dict[str, Relationship] = {}
    moves: list[Transition] = []
    for event, recorded_ms in events(lines):
        outcome = partition.apply(states.get(event.person), event, recorded_ms)
        if isinstance(outcome, Reject | Seen):
            continue
        states[event.person] = outcome[0]
        moves += outcome[1].moves
        watermark = partition.watermark
        assert watermark is not None
        for rel in states.values():
            if dice is not None and dice.random() < 0.4:
                moves += settle(rel, min(watermark, rel.as_of + dice.randrange(90 * DAY_MS)), rules)
    for rel in states.values():
        moves += settle(rel, partition.watermark or 0, rules)
    return told(moves)


@pytest.mark.parametrize("name", [None, *ODD_POLICIES])
@given(lines=logs(max_size=25), days=st.integers(1, 260))
@settings(max_examples=40)
def test_walking_in_one_go_equals_walking_day_by_day(
    name: str | None, lines: list[bytes], days: int
) -> None:
    policy = default_policy() if name is None else odd(name)[0]
    rules = policy.rules_for("acme")
    at_once, daily = _built(lines, policy), _built(lines, policy)
    assume(at_once is not None)
    assert at_once is not None
    assert daily is not None
    start_ms = at_once.as_of
    moves = settle(at_once, start_ms + days * DAY_MS, rules)
    by_day = [
        move for day in range(1, days + 1) for move in settle(daily, start_ms + day * DAY_MS, rules)
    ]
    assert told(moves) == told(by_day)
    assert at_once.as_of == daily.as_of
    assert at_once.windows.sums[:-1] == daily.windows.sums[:-1]


def _built(lines: list[bytes], policy: Policy) -> Relationship | None:
    """The relationship of p1 after the lines."""
    partition = Partition(policy)
    states: dict[str, Relationship] = {}
    for event, recorded_ms in events(lines):
        outcome = partition.apply(states.get(event.person), event, recorded_ms)
        if not isinstance(outcome, Reject | Seen):
            states[event.person] = outcome[0]
    return states.get("p1")


plain_acts = st.lists(
    st.tuples(st.sampled_from((*PLAIN, "purchase")), st.integers(0, 119)), min_size=1, max_size=30
)


@given(plain_acts, st.randoms(use_true_random=False))
@settings(max_examples=100)
def test_order_inside_a_window_does_not_matter(
    acts: list[tuple[str, int]], dice: random.Random
) -> None:
    lines = [_line(f"a{n}", verb, day) for n, (verb, day) in enumerate(acts)]
    shuffled = dice.sample(lines, len(lines))
    last = _line("last", "impression", 120)
    one, other = (_built([*some, last], default_policy()) for some in (lines, shuffled))
    assert one is not None
    assert other is not None
    assert one.windows.sums[:-1] == other.windows.sums[:-1]
    assert _counts(one) == _counts(other)


def _line(act_id: str, verb: str, day: int, **more: object) -> bytes:
    fields = {"id": act_id, "brand": "acme", "person": "p1", "platform": "x", "verb": verb}
    at_ms = (DAY_0 + day) * DAY_MS
    return json.dumps({**fields, "occurred_at": at_ms, **more}).encode()


def _counts(rel: Relationship) -> dict[int, dict[int, int]]:
    return {day: pane.counts() for day, pane in rel.windows.panes.items() if pane.counts()}


@given(logs(), interactions(people=1), st.integers(0, 20), st.booleans())
@settings(max_examples=200)
def test_undo_takes_back_exactly_what_the_act_gave(
    lines: list[bytes], act: dict[str, Any], days_back: int, named: bool
) -> None:
    policy = default_policy()
    rules = policy.rules_for("acme")
    rel = _built(
        [json.dumps({**json.loads(line), "person": "p1"}).encode() for line in lines], policy
    )
    assume(rel is not None)
    assert rel is not None
    # Not the block or membership itself: who closes one stands in its register ever after.
    assume(act["verb"] not in ("follow", "subscribe", "block"))
    at_ms = rel.as_of - days_back * DAY_MS
    act = {**act, "id": "new", "op": "create", "occurred_at": at_ms, "object": "its own"}
    act.pop("undoes", None)
    back = {**act, "id": "back", "op": "undo", **({"undoes": "new"} if named else {})}
    back.pop("value", None)
    before = _measured(rel)
    for event, _ in events([json.dumps(fields).encode() for fields in (act, back)]):
        advance(rel, event, None, rules)
    assert _measured(rel) == before


def _measured(rel: Relationship) -> object:
    sums = [value for value in rel.windows.sums if value == value]
    # An offer beyond the bound of 64 is another matter: there are never so many here.
    return msgspec.to_builtins((sums, rel.offers or [])), _counts(rel)
