"""The check of links and erasures finds what is missing, repeated or left behind."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chaos import people_check
from chaos.again import Again
from chaos.kept import Kept, read_changelog
from stream_app.config import ServiceSettings
from stream_app.edge.log import KIND, Kind, header
from stream_app.edge.names import name_key
from stream_app.edge.offline import Record
from stream_app.engine.wire import STATE_TAG, seal
from tests.edge.lanes import TOPICS, Lanes
from tests.edge.test_links_in_any_order import much

PARTITIONS = 4
BEGIN_MS = 1_790_000_000_000
DAY_MS = 86_400_000
SOURCES = (TOPICS.log, TOPICS.links, TOPICS.erasures, TOPICS.raw("bluesky"))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Lanes]:
    """Links across partitions, acts behind them, an unlinking, an erasure of two ids."""
    lanes = Lanes(tmp_path / "lanes", PARTITIONS, random.Random(3))
    lanes.now_ms = BEGIN_MS + 30 * DAY_MS
    for person in ("ann", "bob", "cat", "dan", "eve"):
        for day in range(3):
            lanes.act(person, f"{person}-{day}", BEGIN_MS + day * DAY_MS)
    lanes.run()
    for source, to in (("ann", "bob"), ("bob", "cat"), ("dan", "eve")):
        lanes.link(source, to)
        lanes.run()
    lanes.act("ann", "later", BEGIN_MS + 5 * DAY_MS)
    lanes.link("dan", "eve", op="undo")
    lanes.link("x", "x")
    lanes.run()
    lanes.erase("bob")
    lanes.erase("dan")
    lanes.run()
    yield lanes
    lanes.close()


def topic(world: Lanes, name: str) -> list[list[Record]]:
    return [list(world.topics[name, number]) for number in range(PARTITIONS)]


def kept(world: Lanes) -> list[Kept]:
    every: list[Kept] = []
    for store in world.stores:
        records = [
            Record("changelog", 0, place, 0, raw, seal(raw, value))
            for place, (raw, value) in enumerate(store.items())
            if raw[:1] == STATE_TAG
        ]
        every.append(read_changelog(records))
    return every


def differences(world: Lanes, tmp_path: Path, log: list[list[Any]]) -> list[str]:
    settings = ServiceSettings(broker="none:1", platforms=("bluesky",), partitions=PARTITIONS)
    again = Again(settings, tmp_path / "again")
    try:
        again.read({name: topic(world, name) for name in SOURCES} | {TOPICS.log: log})
        return people_check.appended(again, log, topic(world, TOPICS.rejects))
    finally:
        again.close()


def test_all_is_as_it_must_be(world: Lanes, tmp_path: Path) -> None:
    log = topic(world, TOPICS.log)
    assert differences(world, tmp_path, log) == []
    counts = people_check.count(log)
    assert (counts.links, counts.merges) == (4, 3)
    assert counts.across > 0
    assert counts.handed_on > 0
    assert counts.erasures > PARTITIONS
    states = topic(world, TOPICS.states)
    assert people_check.left_behind(log, kept(world), states) == (4, [])


@pytest.mark.parametrize("kind", [Kind.LINK, Kind.MERGE, Kind.UNLINK, Kind.FORWARDED, Kind.ERASE])
@pytest.mark.parametrize("copies", [0, 2])
def test_a_lost_or_repeated_record_is_found(
    world: Lanes, tmp_path: Path, kind: Kind, copies: int
) -> None:
    log = topic(world, TOPICS.log)
    for number, records in enumerate(log):
        for place, one in enumerate(records):
            if header(one.headers, KIND) == kind.encode():
                log[number] = [*records[:place], *[one] * copies, *records[place + 1 :]]
                [found] = differences(world, tmp_path, log)
                missing, _, too_many = found.partition("too many")
                assert f"'{kind}': " in (too_many if copies else missing)
                return
    raise AssertionError


@pytest.mark.parametrize("seed", range(40))
def test_no_forgotten_name_is_left_whatever_comes_first(tmp_path: Path, seed: int) -> None:
    """Links, unlinkings, erasures and consent of few persons, in any order of the partitions."""
    lanes = Lanes(tmp_path, PARTITIONS, random.Random(seed))
    lanes.now_ms = BEGIN_MS + 30 * DAY_MS
    much(lanes)
    every = kept(lanes)
    _, told = people_check.left_behind(topic(lanes, TOPICS.log), every, topic(lanes, TOPICS.states))
    assert told == []
    for one in every:
        assert {key: set(holders.keys) for key, holders in one.named.items()} == names_in(one)
    lanes.close()


def names_in(one: Kept) -> dict[bytes, set[bytes]]:
    """Where each id is named, as it must stand in the index."""
    found: dict[bytes, set[bytes]] = defaultdict(set)
    linked = {key: rel.linked or () for key, rel in one.relationships.items()}
    linked |= {key: alias.linked for key, alias in one.aliases.items()}
    for key, ids in linked.items():
        for name in ids:
            found[name_key("acme", name.person)].add(key)
    return dict(found)


def test_who_was_not_forgotten_everywhere_is_found(world: Lanes) -> None:
    log, states = topic(world, TOPICS.log), topic(world, TOPICS.states)
    shown = [[one for one in records if one.value is not None] for records in states]
    _, told = people_check.left_behind(log, kept(world), shown)
    assert len(told) == 1
    assert "views show a forgotten person" in told[0]


def test_a_state_that_still_names_somebody_is_found(world: Lanes) -> None:
    """As if `eve`, who has the past of `dan`, had never been told that `dan` is forgotten."""
    log, states = topic(world, TOPICS.log), topic(world, TOPICS.states)
    every = kept(world)
    [eve] = [rel for one in every for rel in one.relationships.values() if rel.person == "eve"]
    [place] = [one for one in every if b"acme/eve" in one.parts]
    assert eve.linked is None
    place.parts[b"acme/eve"].append(b"\xa3dan")
    assert people_check.left_behind(log, every, states)[1] == [
        "1 states know of a forgotten person"
    ]
