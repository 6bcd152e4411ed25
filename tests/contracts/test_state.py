"""Stored and loaded again, a relationship goes on as if nothing had happened."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_app.contracts.panes import NewerFormatError
from stream_app.contracts.policy import default_policy
from stream_app.contracts.state import HEAD, RelationshipCodec
from stream_app.contracts.writing import write_transition
from stream_app.domain.partition import Partition
from stream_app.domain.relationship import settle
from stream_app.domain.state import Relationship
from tests.contracts.support import applied
from tests.domain.logs import logs
from tests.oracle.histories import history

Stored = dict[bytes, bytes]


def told(lines: list[bytes], dice: random.Random | None) -> list[bytes]:
    """All transitions; with dice, states are stored and loaded again now and then."""
    policy = default_policy()
    codec = RelationshipCodec(policy)
    states: dict[str, Relationship] = {}
    stored: dict[str, Stored] = {}
    written: list[bytes] = []
    for key, moves in applied(lines, Partition(policy), states):
        written += [write_transition(move, "app") for move in moves]
        if dice is not None and dice.random() < 0.7:
            store(codec, states[key], stored.setdefault(key, {}))
            loaded = codec.load(stored[key].get)
            assert loaded is not None
            states[key] = loaded
    for rel in states.values():
        moves = settle(rel, rel.as_of + 400 * 86_400_000, policy.rules_for(rel.brand))
        written += [write_transition(move, "app") for move in moves]
    return written


def store(codec: RelationshipCodec, rel: Relationship, into: Stored) -> None:
    """Put what `dump` says."""
    for suffix, part in codec.dump(rel):
        if part is None:
            into.pop(suffix, None)
        else:
            into[suffix] = part


@given(logs(), st.randoms(use_true_random=False))
@settings(max_examples=100)
def test_storing_changes_nothing(lines: list[bytes], dice: random.Random) -> None:
    assert told(lines, dice) == told(lines, None)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_storing_changes_nothing_in_a_long_history(seed: int) -> None:
    lines = history(seed)
    assert told(lines, random.Random(seed)) == told(lines, None)


def test_what_a_newer_release_wrote_stops_us() -> None:
    codec = RelationshipCodec(default_policy())
    assert codec.load(lambda _: None) is None
    with pytest.raises(NewerFormatError):
        codec.load(lambda suffix: b"\xff" if suffix == HEAD else None)
