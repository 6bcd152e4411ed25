"""Erasures and consents of one brand and of all: the last one that speaks of a brand counts."""

from __future__ import annotations

import itertools
import json

import pytest

from stream_app.contracts.policy import default_policy
from stream_app.domain.rejects import Reject
from stream_app.replay import Replay

NOW = 1_704_153_600_000
SAID = [("erasure", "acme"), ("erasure", "*"), ("consent", "acme"), ("consent", "*")]


def own(kind: str, brand: str) -> bytes:
    line = {"record": "erasure", "brand": brand, "person": "p", "recorded_at": NOW}
    return json.dumps(line | ({"consent": True} if kind == "consent" else {})).encode()


def act(number: int) -> bytes:
    line = {"id": f"e{number}", "brand": "acme", "person": "p", "platform": "x", "verb": "reply"}
    return json.dumps(line | {"occurred_at": NOW, "recorded_at": NOW}).encode()


@pytest.mark.parametrize("is_known", [True, False])
@pytest.mark.parametrize("said", list(itertools.product(SAID, repeat=3)))
def test_the_last_word_counts(said: tuple[tuple[str, str], ...], *, is_known: bool) -> None:
    core = Replay(default_policy(), "test")
    if is_known:
        core.feed(act(0))
    for one in said:
        core.feed(own(*one))
    told = core.feed(act(1))
    assert not isinstance(told, Reject)
    erased = [kind == "erasure" for kind, _ in said]
    if erased[-1]:
        assert told == []
        assert core.tally.erased == 1
    elif is_known and not any(erased):
        assert told == []  # it is at attention already
    else:
        [move] = map(json.loads, told)
        assert (move["to"], move["epoch"] > 0, move["sequence"]) == ("attention", any(erased), 1)
