"""Links and erasures between partitions, in any order that a broker could bring them."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pytest

from stream_app.contracts.policy import default_policy
from stream_app.domain.linked import Linked
from stream_app.domain.state import Relationship
from stream_app.edge.offline import APPLICATION, TOPICS
from stream_app.edge.reading import replay_line
from stream_app.replay import Replay
from tests.edge.lanes import RAW, Lanes
from tests.edge.test_people import DAYS

DAY_MS = 86_400_000
BEGIN_MS = 1_790_000_000_000
PARTITIONS = 3
MARK = "zqxw"
"""In ids, and by no chance in a hash."""
Make = Callable[[int], Lanes]


@pytest.fixture
def lanes(tmp_path: Path) -> Iterator[Make]:
    made: list[Lanes] = []

    def make(seed: int) -> Lanes:
        found = Lanes(tmp_path / str(seed), PARTITIONS, random.Random(seed))
        found.now_ms = BEGIN_MS + 30 * DAY_MS
        made.append(found)
        return found

    yield make
    for one in made:
        one.close()


def replies(lanes: Lanes, person: str, days: range) -> None:
    for day in days:
        lanes.act(person, f"{person}-{day}", BEGIN_MS + day * DAY_MS)


def attention(lanes: Lanes, person: str) -> float:
    value = lanes.views()[person]["evidence"][0]["value"]
    assert isinstance(value, int | float)
    return value


@pytest.mark.parametrize("seed", range(20))
def test_a_circle_of_links_is_one_person(lanes: Make, seed: int) -> None:
    world = lanes(seed)
    people = ["cat", "ann", "dan", "bob"]
    for number, person in enumerate(people):
        replies(world, person, range(number, number + 1))
    for person, after in zip(people, [*people[1:], people[0]], strict=True):
        world.link(person, after)
        world.link(person, after)
    world.run()
    [root] = world.views()
    for number, person in enumerate(people):
        replies(world, person, range(10 + number, 11 + number))
    world.run()  # a view tells what was known when a stage or a membership changed
    world.act("bob", "sub", BEGIN_MS + 20 * DAY_MS, "follow")
    world.run()
    assert set(world.views()) == {root}
    assert attention(world, root) == 8 * 4 + 5
    assert {one["person"] for one in world.views()[root]["ids"]} == {*people} - {root}


@pytest.mark.parametrize("seed", range(12))
def test_ids_that_were_one_leave_together(lanes: Make, seed: int) -> None:
    world = lanes(seed)
    for person in ("xan", "ann", "bob"):
        replies(world, person, range(3))
    links = [("xan", "ann"), ("ann", "bob")]
    for source, to in links if seed % 2 else links[::-1]:
        world.link(source, to)
        if seed % 3:
            world.run()
    world.run()
    assert set(world.views()) == {"bob"}
    world.link("ann", "bob", op="undo")
    world.run()
    replies(world, "xan", range(5, 6))
    world.run()
    found = world.views()
    assert set(found) == {"ann", "bob"}
    assert [one["person"] for one in found["ann"]["ids"]] == ["xan"]
    assert all(one["until"] is not None for one in found["bob"]["ids"])
    world.erase("ann")
    world.run()
    assert set(world.views()) == {"bob"}
    replies(world, "xan", range(6, 8))
    replies(world, "ann", range(6, 8))
    world.run()
    assert set(world.views()) == {"bob"}
    assert world.counts["erased"] == 4
    alias = [raw for raw in world.holds("xan") if b"bob" not in raw]
    assert not alias


@pytest.mark.parametrize("seed", range(24))
def test_an_id_that_was_unlinked_is_forgotten_where_its_past_is(lanes: Make, seed: int) -> None:
    """Its name goes from the relationship that has its past, wherever that has gone meanwhile."""
    world = lanes(seed)
    number = 0
    for person in ("x-zqxw", "a-zqxw", "bob", "dan", "eve"):
        for day in range(3):
            number += 1
            world.act(person, f"act-{number}", BEGIN_MS + day * DAY_MS)
    world.run()
    for source, to in (("x-zqxw", "a-zqxw"), ("a-zqxw", "bob"), ("eve", "bob")):
        world.link(source, to)
        world.run()
    world.link("a-zqxw", "bob", op="undo")
    if seed % 2:
        world.run()
        assert world.holds("a-zqxw")
    if seed % 3:
        world.link("bob", "dan")
    if seed % 4 == 1:
        world.run()
    world.erase("a-zqxw", "*" if seed % 5 == 0 else "acme")
    world.run()
    if seed % 2:  # else the erasure may come first, and all are one person, who is forgotten
        views = world.views()
        root = "dan" if seed % 3 else "bob"
        assert set(views) == {root, "dan"}
        assert {one["person"] for one in views[root]["ids"]} == {"eve", "bob"} - {root}
    assert world.holds(MARK) == []
    assert ids_of_units(world) == replayed(world).ids


@pytest.mark.parametrize("seed", range(20))
def test_whoever_is_linked_to_the_forgotten_is_forgotten(lanes: Make, seed: int) -> None:
    world = lanes(seed)
    for person in ("x-zqxw", "a-zqxw", "b-zqxw", "dan"):
        replies(world, person, range(3))
    world.run()
    world.link("x-zqxw", "a-zqxw")
    world.run()
    # the state of `azq` may be on its way while `bzq` is forgotten
    world.link("a-zqxw", "b-zqxw")
    world.erase("b-zqxw")
    world.run()
    for person in ("x-zqxw", "a-zqxw", "b-zqxw"):
        replies(world, person, range(5, 7))
    world.run()
    assert set(world.views()) == {"dan"}
    assert world.holds(MARK) == []


def liked(did: str, number: int) -> dict[str, object]:
    record = {
        "$type": "app.bsky.feed.like",
        "createdAt": DAYS[0],
        "subject": {"cid": "c", "uri": "at://did:plc:brand/app.bsky.feed.post/3k"},
    }
    commit = {
        "rev": "r",
        "operation": "create",
        "collection": "app.bsky.feed.like",
        "rkey": f"k{number}",
        "record": record,
        "cid": "c",
    }
    return {"did": did, "time_us": 1_790_000_000_000_000, "kind": "commit", "commit": commit}


@pytest.mark.parametrize("seed", range(8))
def test_what_adapters_saw_is_forgotten_and_not_learnt_again(lanes: Make, seed: int) -> None:
    world = lanes(seed)
    world.now_ms = 1_795_000_000_000  # what is later than its record is refused
    did, other = "did:plc:zqgone", "did:plc:other"
    for number in range(5):
        world.publish(RAW, f"{did}{number}", liked(did, number))
        world.publish(RAW, f"{other}{number}", liked(other, number))
    world.run()
    person = f"bluesky:{did}"
    assert any(b"\x00seen" in raw for raw in world.holds("zqgone"))
    [brand] = {
        record.key.decode().partition("/")[0]
        for record in world.records(TOPICS.log)
        if record.key is not None and record.key.endswith(b"zqgone")
    }
    world.erase(person, "*" if seed % 2 else brand)
    world.run()
    assert world.holds("zqgone") == []
    assert world.holds("other")
    before = len(world.records(TOPICS.log))
    for number in range(5, 9):
        world.publish(RAW, f"{did}{number}", liked(did, number))
    world.run()
    assert world.holds("zqgone") == []
    assert len(world.records(TOPICS.log)) == before
    world.erase(person, brand, consent=True)
    world.run()
    world.publish(RAW, did, liked(did, 9))
    world.run()
    assert world.holds("zqgone")
    world.erase(person, brand)
    world.run()
    assert world.holds("zqgone") == []


PEOPLE = ("ann", "bob", "cat", "dan", "eve")


def much(world: Lanes) -> None:
    """A lot happens, and is read now and then, in the end all of it."""
    for _ in range(6):
        for _ in range(30):
            anything(world)
        if world.dice.random() < 0.7:
            world.run()
    world.run()


def anything(world: Lanes) -> None:
    """Something happens: mostly acts, some of them late."""
    dice = world.dice
    person, other = dice.sample(PEOPLE, 2)
    chance = dice.random()
    if chance < 0.75:
        day = dice.randrange(25)
        act, verb = f"i{dice.randrange(60)}", dice.choice(("reply", "like", "follow", "purchase"))
        more: dict[str, Any] = {}
        if dice.random() < 0.2:
            more = {"op": "undo", "undoes": f"i{dice.randrange(60)}"}
        world.act(person, act, BEGIN_MS + day * DAY_MS + dice.randrange(DAY_MS), verb, **more)
    elif chance < 0.85:
        world.link(person, other)
    elif chance < 0.9:
        world.link(person, other, op="undo")
    elif chance < 0.95:
        world.erase(person, dice.choice(("acme", "*")))
    else:
        world.erase(person, dice.choice(("acme", "*")), consent=True)


class Replayed(NamedTuple):
    """What a replay of the log gives, every partition by itself."""

    moves: dict[bytes, list[bytes]]
    counted: Counter[str]
    ids: dict[str, list[Linked]]
    """Of each relationship the ids that it names."""


def replayed(world: Lanes) -> Replayed:
    found: dict[bytes, list[bytes]] = defaultdict(list)
    ids: dict[str, list[Linked]] = {}
    counted: Counter[str] = Counter()
    for number in range(PARTITIONS):
        core = Replay(default_policy(), APPLICATION)
        written: list[bytes] = []
        for record in world.topics[TOPICS.log, number]:
            line = replay_line(record, PARTITIONS)
            answer = [] if line is None else core.feed(line)
            written += answer if isinstance(answer, list) else ()
        written += core.finish()
        for move in written:
            told = orjson.loads(move)
            found[f"{told['brand']}/{told['person']}".encode()].append(move)
        counted["forwarded"] += core.tally.forwarded
        counted["erased"] += core.tally.erased
        ids |= {rel.person: rel.linked or [] for rel in core.relationships(0)}
    return Replayed(dict(found), counted, ids)


def ids_of_units(world: Lanes) -> dict[str, list[Linked]]:
    return {
        state.person: state.linked or []
        for unit in world.units
        for _, state in unit.scan()
        if isinstance(state, Relationship)
    }


@pytest.mark.parametrize("seed", range(60))
def test_the_log_replays_to_the_same(lanes: Make, seed: int) -> None:
    world = lanes(seed)
    much(world)
    world.settle()
    expected = replayed(world)
    assert world.moves() == expected.moves
    assert expected.counted["forwarded"] <= world.counts["forwarded"]
    assert ids_of_units(world) == expected.ids
