"""A change of the policy in the middle of a log: the naive rescan says the same, and so does a
relationship that is revised late."""

from __future__ import annotations

import random
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from stream_app.contracts.policy import default_policy, parse_policy
from stream_app.contracts.policy_record import write_policy
from stream_app.contracts.reading import read_line
from stream_app.contracts.writing import write_transition
from stream_app.domain.keys import relationship_key
from stream_app.domain.ledger import Journal
from stream_app.domain.partition import Partition
from stream_app.domain.policy import Policy, decide_alike
from stream_app.domain.rejects import Reject
from stream_app.domain.relationship import settle
from stream_app.domain.revision import Reign, catch_up, edition_of, follow, succeed
from stream_app.domain.state import Relationship
from stream_app.replay import Replay
from tests.domain.compare import core_outcome, outcome_of
from tests.domain.logs import logs
from tests.domain.scenario import DAY_0, DAY_MS
from tests.oracle.histories import history
from tests.oracle.rescan import rescan
from tests.oracle.rules import Condition, Rule

STRICT = """
[stages.attention]
enter = ["attention over 20 days >= 5"]
hold = ["attention over 60 days >= 2 or members >= 1"]
[stages.affinity]
enter = ["affinity over 60 days >= 30", "objections over 20 days <= 0"]
hold = ["affinity over 60 days >= 20", "objections over 20 days <= 0"]
"""
EASY = """
[stages.affinity]
enter = ["affinity over 90 days >= 4"]
hold = ["affinity over 90 days >= 2"]
"""
ORACLE: dict[str, dict[str, tuple[Rule, Rule]]] = {
    STRICT: {
        "attention": (
            [[Condition("attention", 20, ">=", 5)]],
            [[Condition("attention", 60, ">=", 2)], [Condition("members", 0, ">=", 1)]],
        ),
        "affinity": (
            [[Condition("affinity", 60, ">=", 30), Condition("objections", 20, "<=", 0)]],
            [[Condition("affinity", 60, ">=", 20), Condition("objections", 20, "<=", 0)]],
        ),
    },
    EASY: {
        "affinity": (
            [[Condition("affinity", 90, ">=", 4)]],
            [[Condition("affinity", 90, ">=", 2)]],
        ),
    },
}
HEAVY = "[points]\nreply = [1, 1, 9]\nshare = [9, 0, 1]\n[caps]\nper_day = 12\nper_verb = 2\n"
POLICIES = [parse_policy(text) for text in ("", STRICT, EASY, HEAVY)]


def line_of(text: str) -> bytes:
    return write_policy(parse_policy(text))


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "partitions"), [(31, 1), (32, 1), (33, 1), (34, 3)])
def test_core_equals_rescan(seed: int, partitions: int) -> None:
    lines = history(seed)
    third = len(lines) // 3
    lines.insert(third, line_of(STRICT))
    lines.insert(2 * third, line_of(EASY))
    changes = {third + 1: ORACLE[STRICT], 2 * third + 1: ORACLE[EASY]}
    found = rescan(lines, partitions=partitions, changes=changes)
    assert core_outcome(lines, partitions) == outcome_of(found)
    assert found.seen["advance by policy"] > 5
    assert found.seen["lapse by policy"] > 5


# -- late is the same as at once


class Lazy:
    """Relationships that are revised when they are next touched, as the service does it."""

    def __init__(self, dice: random.Random) -> None:
        self.partition = Partition(default_policy(), None, Journal())
        self.reigns = [Reign(default_policy(), 0, None)]
        self.states: dict[str, Relationship] = {}
        self.moves: list[bytes] = []
        self.dice = dice

    def change(self, policy: Policy) -> None:
        if policy.version == self.reigns[-1].policy.version:
            return
        edition = edition_of(policy.version, self.reigns[-1].number + 1)
        newest = follow(self.reigns[-1], replace(policy, edition=edition), self.partition.watermark)
        self.reigns.append(newest)
        succeed(self.partition, newest, 0)

    def touch(self, rel: Relationship) -> None:
        if rel.rules_version != self.reigns[-1].edition:
            self.write(catch_up(rel, self.reigns, self.partition.journal))

    def feed(self, line: bytes) -> None:
        for rel in self.states.values():
            if self.dice.random() < 0.1:
                self.touch(rel)
        read = read_line(line, self.partition.policy)
        if isinstance(read, Reject):
            return
        key = relationship_key(read[0].brand, read[0].person)
        rel = self.states.get(key)
        if rel is not None:
            self.touch(rel)
        outcome = self.partition.apply(rel, *read)
        if isinstance(outcome, tuple):
            self.states[key] = outcome[0]
            self.write(outcome[1].moves)

    def finish(self) -> None:
        for rel in self.states.values():
            self.touch(rel)
            rules = self.partition.policy.rules_for(rel.brand)
            assert self.partition.watermark is not None
            self.write(settle(rel, self.partition.watermark, rules))

    def write(self, moves: Any) -> None:
        self.moves += [write_transition(move, "app") for move in moves]


def by_person(moves: list[bytes]) -> dict[str, list[bytes]]:
    found: dict[str, list[bytes]] = {}
    for move in moves:
        found.setdefault(orjson.loads(move)["person"], []).append(move)
    return found


@given(
    logs(max_size=60),
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 3)), max_size=5),
    st.randoms(use_true_random=False),
)
@settings(max_examples=150)
def test_late_is_the_same_as_at_once(
    lines: list[bytes], changes: list[tuple[int, int]], dice: random.Random
) -> None:
    eager, lazy = Replay(default_policy(), "app"), Lazy(dice)
    written: list[bytes] = []
    for number, line in enumerate(lines):
        for at, which in changes:
            if at == number:
                answer = eager.feed(write_policy(POLICIES[which]))
                assert not isinstance(answer, Reject)
                written += answer
                lazy.change(POLICIES[which])
        answer = eager.feed(line)
        written += [] if isinstance(answer, Reject) else answer
        lazy.feed(line)
    written += eager.finish()
    if lazy.partition.watermark is not None:
        lazy.finish()
    assert by_person(written) == by_person(lazy.moves)


# -- what a change does to one relationship


def act(number: int, verb: str, day: int, **more: Any) -> bytes:
    told = {
        "id": f"i{number}",
        "brand": "acme",
        "person": "p",
        "platform": "web",
        "verb": verb,
        "occurred_at": (DAY_0 + day) * DAY_MS,
    }
    return orjson.dumps(told | more)


def told(lines: list[bytes], policy: Policy | None = None) -> list[dict[str, Any]]:
    core = Replay(policy or default_policy(), "app")
    moves: list[bytes] = []
    for line in lines:
        answer = core.feed(line)
        assert not isinstance(answer, Reject), answer
        moves += answer
    moves += core.finish()
    return [orjson.loads(move) for move in moves]


def test_a_move_by_policy_is_dated_as_of_and_credited_to_nobody() -> None:
    lines = [act(1, "reply", 0, method="m"), act(2, "reply", 1, method="m"), line_of(EASY)]
    lines.insert(2, act(3, "reply", 2, method="m"))
    first, *_, last = told(lines)
    assert (first["reason"], first["credits"]) == ("evidence", {"m": 1_000_000})
    assert (last["from"], last["to"], last["reason"]) == ("attraction", "affinity", "policy")
    assert last["at"] == first["at"].replace(first["at"][8:10], f"{int(first['at'][8:10]) + 2:02}")
    assert (last["cause"], last["credits"]) == (None, None)
    assert last["policy"] == parse_policy(EASY).version
    assert {finding["measure"] for finding in last["evidence"]} >= {"affinity"}


def test_midnights_before_the_record_pass_under_the_old_policy() -> None:
    """The first one's silence of 40 days is walked as it was then; the other one takes W there."""
    lines = [
        *(act(n, "complain", n) for n in range(3)),
        orjson.dumps({**orjson.loads(act(9, "view", 190)), "person": "other"}),
        line_of("[stages.attention]\nhold = ['attention over 10 days >= 1']\n"),
    ]
    moves = [(m["to"], m["reason"]) for m in told(lines) if m["person"] == "p"]
    assert moves == [("attention", "evidence"), ("none", "expiry")]


def test_what_does_not_decide_stages_moves_nothing() -> None:
    rest = "[brand]\ntopics = ['tea']\n[credit]\nmodel = 'first'\n[money]\nhourly_rate = '3'\n"
    assert decide_alike(default_policy(), parse_policy(rest))
    for text in (
        STRICT,
        HEAVY,
        "[time]\nlateness_hours = 1\n",
        "[sentiment]\nnegative_below = 0\n",
    ):
        assert not decide_alike(default_policy(), parse_policy(text))
    lines = [act(n, "reply", n) for n in range(5)]
    assert told([*lines, line_of(rest)]) == told(lines)


def test_an_undo_takes_back_what_the_act_weighs_now() -> None:
    """Quality after an undo is that of a log which never had the act, whatever was changed."""
    heavy = line_of(HEAVY)
    undo = act(99, "share", 3, op="undo", undoes="i1")
    last = [act(n, "reply", n) for n in range(4, 9)]
    with_it = told([act(1, "share", 1), act(2, "share", 2), heavy, undo, *last])
    without = told([act(2, "share", 2), heavy, *last])
    assert with_it[-1]["quality"] == without[-1]["quality"]
    assert with_it[-1]["evidence"] == without[-1]["evidence"]


def test_there_and_back_again() -> None:
    """A policy that comes back is another edition, for who stood under it the first time, too."""
    hard = line_of("[stages.attention]\nenter = ['members >= 1']\nhold = ['members >= 1']\n")
    lines = [act(n, "reply", n) for n in range(3)]
    moves = told([*lines, hard, line_of(""), hard, line_of("")])
    by_policy = [m["to"] for m in moves if m["reason"] == "policy"]
    assert by_policy == ["none", "attraction", "none", "attraction"]


def test_a_policy_for_one_partition_only() -> None:
    core = Replay(default_policy(), "app", 4)
    line = orjson.dumps({**orjson.loads(line_of(EASY)), "partition": 4})
    answer = core.feed(line)
    assert isinstance(answer, Reject)
    assert answer.detail == "$.partition: there is none of that number"
    people = [f"p{n}" for n in range(40)]
    for number in range(3):
        for person in people:
            fields = {**orjson.loads(act(number, "reply", number)), "person": person}
            assert not isinstance(core.feed(orjson.dumps(fields)), Reject)
    moved = core.feed(orjson.dumps({**orjson.loads(line_of(EASY)), "partition": 2}))
    assert isinstance(moved, list)
    assert 0 < len(moved) < 40
    rest = core.feed(line_of(EASY))
    assert isinstance(rest, list)
    assert len(moved) + len(rest) == 40
