"""Links and erasures in the service: several partitions, a real broker, real workers."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

import orjson

from stream_app.contracts.handed import MERGE_BYTES, handed_on, root_of_circle
from stream_app.contracts.partitioner import partition_of
from stream_app.contracts.policy import default_policy
from stream_app.contracts.reading import read_interaction
from stream_app.contracts.state import RelationshipCodec
from stream_app.domain.partition import Partition
from stream_app.domain.rejects import Reject
from stream_app.domain.state import Relationship
from stream_app.edge.reading import replay_line
from stream_app.replay import Replay
from tests.edge.service import PARTITIONS, Sent, Service, interaction, record

DAYS = [f"2026-11-{day:02d}T10:00:00Z" for day in range(1, 25)]


def elsewhere(than: str, name: str = "p") -> str:
    """A person whose partition is another one."""
    home = partition_of(f"acme/{than}".encode(), PARTITIONS)
    for number in range(100):
        person = f"{name}{number}"
        if partition_of(f"acme/{person}".encode(), PARTITIONS) != home:
            return person
    raise AssertionError


def link(service: Service, source: str, to: str, **more: Any) -> Sent:
    told = {"brand": "acme", "from": source, "to": to, **more}
    return service.topics.links, f"acme/{source}".encode(), orjson.dumps(told), {}


def erasure(service: Service, person: str, brand: str = "acme", **more: Any) -> Sent:
    told = {"brand": brand, "person": person, **more}
    return service.topics.erasures, f"{brand}/{person}".encode(), orjson.dumps(told), {}


def acts(service: Service, person: str, days: list[str], verb: str = "reply") -> list[Sent]:
    log = service.topics.log
    return [
        record(log, interaction(person, f"{person}-{verb}-{day}", day, verb=verb)) for day in days
    ]


async def views(service: Service) -> dict[str, dict[str, Any]]:
    """The latest view of each person; those with a tombstone are gone."""
    found: dict[str, dict[str, Any]] = {}
    for one in await service.read(service.topics.states):
        person = one.key.decode().partition("/")[2]
        if one.value is None:
            found.pop(person, None)
        else:
            found[person] = orjson.loads(one.value)
    return found


async def moves(service: Service, person: str) -> list[dict[str, Any]]:
    written = await service.transitions()
    return [orjson.loads(move) for move in written[f"acme/{person}".encode()]]


async def eventually(
    service: Service, done: Callable[[], Awaitable[bool]], timeout_s: float = 60
) -> None:
    deadline = time.monotonic() + timeout_s
    while not await done():
        logs = "".join(service.log_of(name)[-3000:] for name in service.ports)
        assert time.monotonic() < deadline, f"{await views(service)}\n{logs}"
        await asyncio.sleep(0.3)


async def test_two_ids_become_one_person(service: Service) -> None:
    old, new = "ann", elsewhere("ann")
    service.start("one")
    await service.until_ready("one")
    await service.send(acts(service, old, DAYS[:6]) + acts(service, new, DAYS[:1]))
    await eventually(service, lambda: _stages(service, {old: "affinity", new: "attention"}))
    await service.send([link(service, old, new), link(service, old, new)])
    await eventually(service, lambda: _stages(service, {new: "affinity"}))
    # what comes for the old id is the new one's; a follow makes it visible
    await service.send(acts(service, old, DAYS[6:7], "follow"))
    await eventually(service, lambda: _stages(service, {new: "audience"}))
    view = (await views(service))[new]
    shown = await command(service, "explain", "acme", new)
    assert f"acme / {new}: audience" in shown
    assert f"{old} since " in shown
    assert orjson.loads(await command(service, "explain", "acme", new, "--json")) == view
    assert "linked to another one" in await command(service, "explain", "acme", old, status=1)
    assert [one["person"] for one in view["ids"]] == [old]
    assert view["ids"][0]["record"].startswith(service.topics.links)
    ended = (await moves(service, old))[-1]
    assert (ended["to"], ended["reason"], ended["credits"]) == ("none", "merge", None)
    assert [(m["sequence"], m["reason"]) for m in await moves(service, new)] == [
        (1, "evidence"),
        (2, "merge"),
        (3, "membership"),
    ]
    await service.send([link(service, old, new, op="undo")])

    async def unlinked() -> bool:
        return (await views(service))[new]["ids"][0]["until"] is not None

    await eventually(service, unlinked)
    await service.send(acts(service, old, DAYS[8:9]))
    await eventually(service, lambda: _stages(service, {new: "audience", old: "attention"}))
    assert (await moves(service, old))[-1]["sequence"] == ended["sequence"] + 1


async def command(service: Service, *arguments: str, status: int = 0) -> str:
    """What a command says, on standard output or, if it fails, on standard error."""
    settings = service.settings
    place = ("--broker", settings.broker, "--topic-prefix", settings.topic_prefix)
    run = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "stream_app", *arguments, *place],
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert run.returncode == status, run.stderr.decode()
    return (run.stderr if status else run.stdout).decode()


async def _stages(service: Service, expected: dict[str, str]) -> bool:
    return {person: view["stage"] for person, view in (await views(service)).items()} == expected


async def test_chains_and_circles_end_at_one_id(service: Service) -> None:
    first, second = "ann", elsewhere("ann")
    third = elsewhere(second, "q")
    service.start("one")
    service.start("two")
    await service.until_ready("one")
    await service.until_ready("two")
    people = (first, second, third)
    sent = [one for number, p in enumerate(people) for one in acts(service, p, DAYS[number:2])]
    await service.send(sent)
    await service.send(
        [link(service, first, second), link(service, second, first), link(service, second, third)]
    )

    async def one_left() -> bool:
        return len([v for v in (await views(service)).values() if v["stage"] != "none"]) == 1

    await eventually(service, one_left)
    await service.send(acts(service, first, DAYS[3:4], "follow"))
    await service.send(acts(service, second, DAYS[4:5], "subscribe"))

    async def both_counted() -> bool:
        found = await views(service)
        return len(found) == 1 and next(iter(found.values()))["members"] == 2

    await eventually(service, both_counted)


async def test_a_worker_killed_between_merges_once(service: Service) -> None:
    pairs = [(f"old{number}", f"new{number}") for number in range(40)]
    for old, new in pairs:
        await service.send(acts(service, old, DAYS[:3]) + acts(service, new, DAYS[3:4]))
    await service.send([link(service, old, new) for old, new in pairs])
    service.start("one")
    await service.until_ready("one")
    await asyncio.sleep(0.4)
    service.kill("one")
    service.start("two")
    await service.send([link(service, old, new) for old, new in pairs])

    async def all_merged() -> bool:
        found = await views(service)
        return set(found) == {new for _, new in pairs} and all(v["ids"] for v in found.values())

    await eventually(service, all_merged, 90)
    for old, new in pairs:
        told = await moves(service, new)
        assert [m["sequence"] for m in told] == list(range(1, len(told) + 1))
        assert (await views(service))[new]["evidence"][0]["value"] == 16, (old, new)


async def test_a_person_is_forgotten_under_every_id(service: Service) -> None:
    old, new = "ann", elsewhere("ann")
    service.start("one")
    await service.until_ready("one")
    await service.send(acts(service, old, DAYS[:6]) + acts(service, new, DAYS[:1]))
    await service.send([link(service, old, new)])
    await eventually(service, lambda: _stages(service, {new: "affinity"}))
    status = orjson.loads(await command(service, "erase", "acme", old, "--json"))
    assert "90 days" in status["held"][service.topics.transitions]
    assert "a brand is a slug" in await command(service, "erase", "Acme Inc.", old, status=1)
    await eventually(service, lambda: _stages(service, {}))
    await service.send(acts(service, old, DAYS[7:9]) + acts(service, new, DAYS[7:9]))

    async def kept_out() -> bool:
        return b'outcome="erased"} 4' in service.get("one", "/metrics")

    await eventually(service, kept_out)
    assert await views(service) == {}
    await service.send([erasure(service, new, consent=True)])

    async def let_in() -> bool:
        return b'outcome="erasure"} 3' in service.get("one", "/metrics")

    await eventually(service, let_in)
    await service.send(acts(service, new, DAYS[9:10]))
    await eventually(service, lambda: _stages(service, {new: "attention"}))
    again = (await moves(service, new))[-1]
    assert (again["epoch"], again["sequence"]) == (1, 1)
    assert (await views(service))[new]["ids"] == []


async def test_all_brands_forget_and_bad_records_are_refused(service: Service) -> None:
    service.start("one")
    await service.until_ready("one")
    log = service.topics.log
    brands = ("acme", "bolt", "c.o")
    await service.send(
        record(log, interaction("ann", f"{brand}-1", DAYS[0], brand=brand)) for brand in brands
    )
    await service.send(record(log, interaction("anna", f"x-{brand}", DAYS[0])) for brand in brands)
    await eventually(service, lambda: _stages(service, {"ann": "attention", "anna": "attention"}))
    bad = orjson.dumps({"brand": "acme", "from": "a", "to": "a"})
    await service.send(
        [
            erasure(service, "ann", "*"),
            (service.topics.links, b"acme/a", bad, {}),
            (service.topics.erasures, b"x", b"{", {}),
        ]
    )

    async def only_anna() -> bool:
        told = [
            one.key
            for one in await service.read(service.topics.states)
            if one.value is None and one.key.endswith(b"/ann")
        ]
        return sorted(told) == [f"{brand}/ann".encode() for brand in brands]

    await eventually(service, only_anna)
    await eventually(service, lambda: _stages(service, {"anna": "attention"}))
    await service.send(record(log, interaction("ann", "late", DAYS[1], brand="new")) for _ in "1")

    async def refused() -> bool:
        told = await service.read(service.topics.rejects)
        reasons = [orjson.loads(one.value)["reason"] for one in told]
        return sorted(reasons) == ["not_json", "wrong_shape"]

    await eventually(service, refused)
    await asyncio.sleep(1)
    assert await _stages(service, {"anna": "attention"})


async def test_a_platform_says_that_an_account_is_gone(service: Service) -> None:
    did = "did:plc:zqgone"
    service.start("one")
    await service.until_ready("one")
    await service.send(acts(service, f"bluesky:{did}", DAYS[:1]) + acts(service, "x", DAYS[:1]))
    await eventually(
        service, lambda: _stages(service, {f"bluesky:{did}": "attention", "x": "attention"})
    )
    account = {"active": False, "did": did, "seq": 1, "status": "deleted", "time": DAYS[1]}
    told = {"did": did, "time_us": 1_764_000_000_000_000, "kind": "account", "account": account}
    raw = service.topics.raw("bluesky")
    await service.send([(raw, did.encode(), orjson.dumps(told), {})])
    await eventually(service, lambda: _stages(service, {"x": "attention"}))


async def test_the_log_replays_to_the_same(service: Service) -> None:
    old, new, gone = "ann", elsewhere("ann"), "bob"
    service.start("one")
    await service.until_ready("one")
    for person in (old, new, gone):
        await service.send(acts(service, person, DAYS[:4]))
    await service.send([link(service, old, new), erasure(service, gone)])
    await eventually(service, lambda: _stages(service, {new: "affinity"}))
    await service.send(acts(service, old, DAYS[4:5], "follow") + acts(service, gone, DAYS[4:5]))
    await eventually(service, lambda: _stages(service, {new: "audience"}))
    core = Replay(default_policy(), service.settings.application_id, PARTITIONS)
    replayed: dict[bytes, list[bytes]] = {}
    by_time = sorted(await service.read(service.topics.log), key=lambda one: one.timestamp)
    for one in by_time:
        line = replay_line(one, PARTITIONS)
        written = [] if line is None else core.feed(line)
        assert not isinstance(written, Reject), written
        for move in written:
            told = orjson.loads(move)
            replayed.setdefault(f"acme/{told['person']}".encode(), []).append(move)
    assert core.tally.links == 1
    assert core.tally.erased == 1
    assert replayed == await service.transitions()


def test_a_state_that_is_too_large_travels_without_its_oldest_identities() -> None:
    policy, key = default_policy(), "k" * 190
    rel: Relationship | None = None
    partition = Partition(policy)
    for number in range(4_000):
        told = interaction("ann", f"{key}{number}", DAYS[0], object="o" * 200)
        told["occurred_at"] = 1_760_000_000_000 + number // 200 * 86_400_000 + number
        event = read_interaction(orjson.dumps(told), told["occurred_at"], policy)
        assert not isinstance(event, Reject)
        outcome = partition.apply(rel, event, told["occurred_at"])
        assert isinstance(outcome, tuple)
        rel = outcome[0]
    assert rel is not None
    codec = RelationshipCodec(policy)
    counts = {day: pane.counts() for day, pane in rel.windows.panes.items()}
    parts = handed_on(codec, rel)
    assert 500_000 < sum(map(len, parts.values())) <= MERGE_BYTES + 10_000
    again = codec.load(parts.get)
    assert again is not None
    assert {day: pane.counts() for day, pane in again.windows.panes.items()} == counts
    assert 0 < sum(len(pane.acts) for pane in again.windows.panes.values()) < 4_000


def test_the_smallest_id_of_a_circle_takes_its_place_again() -> None:
    assert root_of_circle(("a",), "b") is None
    assert root_of_circle(("b", "a"), "b") == "a"
    assert root_of_circle(("x", "c", "b"), "c") == "b"  # x leads into the circle only
    assert root_of_circle(("x", "c", "b", "c"), "b") == "b"
