"""A relationship with busy days is stored in pieces, and comes back whole."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest

from stream_app.contracts.panes import day_of
from stream_app.contracts.policy import default_policy
from stream_app.contracts.state import HEAD, RelationshipCodec
from stream_app.domain.credit import TOUCHES
from stream_app.domain.events import Interaction
from stream_app.domain.identity import merge
from stream_app.domain.ledger import Journal
from stream_app.domain.linked import Linked
from stream_app.domain.memory import ACTS_PER_DAY
from stream_app.domain.pane import ACTS_PER_BLOCK
from stream_app.domain.relationship import advance
from stream_app.domain.state import Relationship

DAY_MS = 86_400_000
DAY_0 = 19_800
RULES = default_policy().rules_for("acme")
CODEC = RelationshipCodec(default_policy())
Stored = dict[bytes, bytes]


def test_a_commit_writes_what_came_and_not_the_whole_day() -> None:
    rel, stored, sizes = started(), Stored(), []
    for number in range(200):
        advance(rel, act(number, DAY_0 * DAY_MS + number), None, RULES, Journal())
        sizes.append(store(rel, stored))
    whole = sum(len(part) for part in stored.values())
    assert max(sizes) < whole / 4  # where a block is full
    assert sum(sizes[100:]) / 100 < whole / 8
    assert shown(loaded(stored)) == shown(rel)


def test_touches_are_stored_once() -> None:
    rel = started()
    for number in range(TOUCHES):
        advance(rel, act(number, DAY_0 * DAY_MS + number), None, RULES, Journal())
    head = dict(CODEC.dump(rel))[HEAD]
    assert head is not None
    assert len(head) < 300
    assert b"x a1" not in head


@pytest.mark.parametrize("seed", range(6))
def test_busy_days_come_back_as_they_were(seed: int) -> None:
    dice, journal = random.Random(seed), Journal()
    rel, stored = started(), Stored()
    for event in busy_days(dice):
        if not rel.knows(event, rel.as_of):
            advance(rel, event, None, RULES, journal)
        if dice.random() < 0.05:
            store(rel, stored)
            assert shown(loaded(stored)) == shown(rel)
        if dice.random() < 0.01:
            store(rel, stored)
            rel = loaded(stored)
    assert any(pane.blocks and pane.blocks.low for pane in rel.windows.panes.values())


def test_a_merge_into_a_busy_day_is_stored_as_it_is() -> None:
    rel, other, stored = started(), started("p2"), Stored()
    for number in range(ACTS_PER_DAY - 20):
        advance(rel, act(number, DAY_0 * DAY_MS + number), None, RULES, None)
    store(rel, stored)
    for number in range(1_000, 1_060):
        advance(other, act(number, DAY_0 * DAY_MS + number), None, RULES, None)
    merge(rel, other, Linked("p2", 0, "r", None), None, RULES, None)
    store(rel, stored)
    assert len(rel.memory.acts) == ACTS_PER_DAY
    assert shown(loaded(stored)) == shown(rel)


def test_what_has_died_leaves_nothing_in_the_store() -> None:
    rel, stored = started(), Stored()
    for number in range(100):
        advance(rel, act(number, DAY_0 * DAY_MS + number), None, RULES, None)
    store(rel, stored)
    assert len(stored) == 2 + 100 // ACTS_PER_BLOCK
    advance(rel, act(100, (DAY_0 + 200) * DAY_MS), None, RULES, None)
    store(rel, stored)
    assert set(stored) == {HEAD}


def started(person: str = "p1") -> Relationship:
    return Relationship.starting("acme", person, DAY_0 * DAY_MS, RULES)


def act(number: int, at_ms: int, verb: str = "view", **more: Any) -> Interaction:
    inbound = more.pop("inbound", True)
    undo = more.pop("undo", False)
    method = f"campaign-{number % 7}"
    more = {"method": method, **more}
    return Interaction(f"a{number}", "acme", "p1", "x", verb, inbound, undo, at_ms, **more)


def busy_days(dice: random.Random) -> Iterator[Interaction]:
    """Three days of up to 400 acts, some without a method, undone, late or offered."""
    for day in range(3):
        for number in range(day * 1_000, day * 1_000 + dice.choice((40, 300, 400))):
            at_ms = (DAY_0 + max(0, day - (dice.random() < 0.1))) * DAY_MS + number
            kind = dice.random()
            if kind < 0.1:
                named = f"a{dice.randrange(max(1, number - 300), number + 5)}"
                verb = dice.choice(("view", "reply"))
                yield act(number, at_ms, verb, undo=True, undoes=named, method=None)
            elif kind < 0.2:
                yield act(number, at_ms, "offer", inbound=False)
            elif kind < 0.4:
                yield act(number, at_ms, "reply", method=None)
            else:
                yield act(number, at_ms, dice.choice(("view", "reply", "like")))


def store(rel: Relationship, into: Stored) -> int:
    """Put what `dump` says; how many bytes that are. No part is there that nothing names."""
    size = 0
    for suffix, part in CODEC.dump(rel):
        if part is None:
            into.pop(suffix)  # it must be there
        else:
            into[suffix] = part
            size += len(part)
    days = {day for suffix in into if (day := day_of(suffix)) is not None}
    assert days <= set(rel.windows.panes)
    for day in days:
        blocks = rel.windows.panes[day].blocks
        parts = [suffix for suffix in into if day_of(suffix) == day]
        assert len(parts) == 1 + (blocks.high - blocks.low if blocks else 0)
    return size


def loaded(stored: Stored) -> Relationship:
    found = CODEC.load(stored.get)
    assert found is not None
    return found


def shown(rel: Relationship) -> dict[str, Any]:
    """All that is remembered."""
    names = ("key", "verb", "inbound", "kind", "object", "at_ms", "number", "in_effect", "answered")
    names += ("sentiment", "topics", "booked")
    return {
        "head": (rel.as_of, rel.stage, rel.sequence, rel.records, rel.credited, rel.highest),
        "sums": rel.windows.sums[:-1],
        "worth": (rel.worth.sums, rel.worth.topics),
        "touches": [(one.key, one.method, one.at_ms, one.number) for one in rel.touches],
        "forgotten": (rel.memory.forgotten, sorted(rel.memory.acts), rel.memory.undos),
        "panes": {
            day: (
                [tuple(getattr(one, name) for name in names) for one in pane.acts],
                sorted(pane.counts().items()),
                (pane.attention, pane.attraction, pane.affinity, pane.objections),
                pane.undos,
                pane.early,
            )
            for day, pane in rel.windows.panes.items()
        },
    }
