"""The service on a real broker, end to end: what is written equals a replay of the log."""

from __future__ import annotations

import asyncio
import random
from base64 import b64decode
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from prometheus_client.parser import text_string_to_metric_families

from stream_app.adapters.registry import read
from stream_app.contracts.partitioner import partition_of
from stream_app.domain.rejects import Reason
from stream_app.edge.log import KIND, RECORDED_AT, SOURCE, header
from tests.edge.service import PARTITIONS, Sent, Service, interaction, record, until
from tests.oracle.histories import history

NOW = datetime.now(UTC).replace(microsecond=0)


def published(topic: str, lines: list[bytes]) -> list[Sent]:
    """Lines of a history as their publishers would send them: bad ones under any key.

    Here the broker says when a record was made: lines that claim a time of their own are left out.
    """
    sent: list[Sent] = []
    for number, line in enumerate(line for line in lines if b'"recorded_at"' not in line):
        try:
            told = orjson.loads(line)
            key = f"{told['brand']}/{told['person']}".encode()
        except (orjson.JSONDecodeError, TypeError, KeyError):
            key = b"key-%d" % number
        sent.append((topic, key, line, {}))
    return sent


async def test_a_history_gives_what_replay_gives(service: Service) -> None:
    service.start("one")
    await service.send(published(service.topics.log, history(11, 3_000)))
    assert await service.until_exact(100) > 100
    assert service.stop("one") == 0


async def test_a_killed_worker_loses_and_repeats_nothing(service: Service) -> None:
    lines = [line for seed in (12, 13) for line in history(seed, 3_000)]
    sent = published(service.topics.log, lines)
    service.start("one")
    await service.until_ready("one")
    sending = asyncio.create_task(service.send(sent, per_second=1_500))
    for _ in range(2):
        await asyncio.sleep(1.3)
        service.kill("one")
        service.start("one")
    await sending
    assert await service.until_exact(100) > 100


async def test_two_workers_share_and_one_takes_over(service: Service) -> None:
    sent = published(service.topics.log, history(14, 3_000))
    service.start("one")
    service.start("two")
    await service.until_ready("one")
    await service.until_ready("two")
    sending = asyncio.create_task(service.send(sent, per_second=1_000))
    await asyncio.sleep(1.0)
    assert service.stop("two") == 0
    await sending
    assert await service.until_exact(50) > 50


# -- refusals


def bad_records(topic: str) -> dict[Reason, Sent]:
    """A record for every reason that a record itself can give."""
    key = b"acme/p"

    def of(**changed: Any) -> Sent:
        told = interaction("p", "x", NOW.isoformat()) | changed
        return topic, key, orjson.dumps(told), {}

    return {
        Reason.NOT_JSON: (topic, key, b'{"id": "cut off', {}),
        Reason.EMPTY: (topic, key, None, {}),
        Reason.WRONG_SHAPE: of(topics="not a list"),
        Reason.TOO_LARGE: of(note="n" * (256 * 1024)),
        Reason.UNKNOWN_VERB: of(verb="teleport"),
        Reason.BAD_BRAND: of(brand="Not A Slug"),
        Reason.BAD_PERSON: of(person="tab\there"),
        Reason.BAD_TIME: of(occurred_at="yesterday"),
        Reason.FROM_THE_FUTURE: of(occurred_at=(NOW + timedelta(minutes=30)).isoformat()),
        Reason.TOO_OLD: of(occurred_at=(NOW - timedelta(days=200)).isoformat()),
    }


async def refused_in(service: Service, count: int) -> list[dict[str, Any]]:
    """The refusals that were written, when there are so many."""
    for _ in range(120):
        found = [orjson.loads(r.value) for r in await service.read(service.topics.rejects)]
        if len(found) >= count:
            return found
        await asyncio.sleep(0.5)
    raise AssertionError(f"{len(found)} refusals, expected {count}: {service.log_of('one')}")


async def test_each_bad_record_is_refused_with_its_reason_and_kept(service: Service) -> None:
    log = service.topics.log
    bad = bad_records(log)
    first = record(log, interaction("p", "first", NOW.isoformat()))
    last = record(log, interaction("p", "last", NOW.isoformat(), verb="like"))
    await service.send([first, *bad.values(), last])
    raw = service.topics.raw("twitter")
    await service.send([(raw, b"k", b"[1, 2", {"headers": [("x-delivery", b"7")]})])
    service.start("one")
    found = await refused_in(service, len(bad) + 1)
    by_reason = {told["reason"]: told for told in found if told["source"]["topic"] == log}
    assert set(by_reason) == {reason.value for reason in bad}
    for reason, (_, key, value, _) in bad.items():
        told = by_reason[reason]
        assert told["key"] is not None
        assert b64decode(told["key"]) == key
        assert (None if told["value"] is None else b64decode(told["value"])) == value
        assert told["source"]["partition"] == partition_of(b"acme/p", PARTITIONS)
    assert sorted(told["source"]["offset"] for told in by_reason.values()) == list(range(1, 11))
    [delivery] = [told for told in found if told["source"]["topic"] == raw]
    assert (delivery["reason"], b64decode(delivery["value"])) == ("not_json", b"[1, 2")
    assert delivery["headers"] == [{"name": "x-delivery", "value": "Nw=="}]
    assert await service.until_exact(1) == 1  # the good ones around them counted


async def test_poison_among_good_records_stops_nothing(service: Service) -> None:
    log = service.topics.log
    rng = random.Random(5)
    sent: list[Sent] = []
    for number in range(600):
        person = f"p{rng.randrange(40)}"
        sent.append(record(log, interaction(person, f"a{number}", NOW.isoformat())))
        poison = rng.choice([b"\xff\xfe", b"null", b"[", b"", None, b'"x"', "\u0000😀".encode()])
        key = rng.choice(["emoji 😀\u0000".encode(), b"acme/p1", None if poison else b"k"])
        sent.append((log, key, poison, {"partition": rng.randrange(PARTITIONS)}))
    await service.send(sent)
    service.start("one")
    assert len(await refused_in(service, 600)) == 600
    assert await service.until_exact(40) == 40


POISON_OF_OURS = """
import stream_app.edge.job as job
sound = job.read_record
def broken(*record):
    event = sound(*record)
    if event.id == "boom": raise ZeroDivisionError("a bug of ours with " + event.person)
    return event
job.read_record = broken
"""


async def test_a_record_that_our_own_code_cannot_bear_is_set_aside(service: Service) -> None:
    log = service.topics.log
    sent = [
        record(log, interaction("secret-person", f"a{number}", NOW.isoformat()))
        for number in range(20)
    ]
    sent.insert(10, record(log, interaction("secret-person", "boom", NOW.isoformat())))
    await service.send(sent)
    service.start("one", patch=POISON_OF_OURS)
    [told] = await refused_in(service, 1)
    assert (told["reason"], told["source"]["offset"]) == ("processing_failed", 10)
    assert "ZeroDivisionError" in told["detail"]
    assert "secret-person" not in told["detail"] + service.log_of("one")
    written = await service.transitions()
    assert len(written[b"acme/secret-person"]) == 1


async def test_unknown_accounts_are_refused_when_the_policy_lists_ours(
    service: Service, tmp_path: Any
) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text('[accounts]\nmode = "listed"\n[accounts.twitter]\n"42" = "acme"\n')
    raw = service.topics.raw("twitter")
    like = {
        "for_user_id": "7",
        "favorite_events": [
            {
                "id": "f00d",
                "timestamp_ms": 1_700_000_000_000,
                "user": {"id_str": "9"},
                "favorited_status": {"id_str": "11", "user": {"id_str": "7"}},
            }
        ],
    }
    assert read("twitter", orjson.dumps(like), {})  # an act, if only the account were known
    await service.send([(raw, b"7", orjson.dumps(like), {})])
    service.start("one", "--policy", str(policy))
    [told] = await refused_in(service, 1)
    assert told["reason"] == "unknown_account"


# -- the one log


async def test_wrongly_keyed_records_are_appended_again_under_their_key(service: Service) -> None:
    log = service.topics.log
    right = partition_of(b"acme/p", PARTITIONS)
    wrong = (right + 1) % PARTITIONS
    told = [interaction("p", f"a{n}", NOW.isoformat(), verb="follow") for n in range(3)]
    await service.send(
        [
            record(log, told[0], partition=wrong),
            (log, b"elsewhere", orjson.dumps(told[1]), {"headers": [("trace", b"t1")]}),
            (log, None, orjson.dumps(told[2]), {"partition": right}),
        ]
    )
    service.start("one")
    assert await service.until_exact(1) == 1
    again = [r for r in await service.read(log) if header(r.headers, KIND) == b"rekeyed"]
    assert sorted(orjson.loads(r.value)["id"] for r in again) == ["a0", "a1", "a2"]
    assert {(r.key, r.partition) for r in again} == {(b"acme/p", right)}
    assert all(header(r.headers, SOURCE) and header(r.headers, RECORDED_AT) for r in again)
    assert [r for r in again if header(r.headers, "trace") == b"t1"]


async def test_silent_relationships_lapse_when_the_watermark_passes(service: Service) -> None:
    """Nobody speaks of the silent ones again: only the index of silence finds them."""
    log = service.topics.log
    past, rng = NOW - timedelta(days=300), random.Random(3)
    sent = [
        record(log, interaction(f"p{n % 100}", f"a{n}", (past + timedelta(hours=n)).isoformat()))
        for n in range(1_000)
    ]
    # one busy person per partition takes the watermark on to today
    busy: dict[int, str] = {}
    while len(busy) < PARTITIONS:
        name = f"busy{rng.randrange(10_000)}"
        busy[partition_of(f"acme/{name}".encode(), PARTITIONS)] = name
    for name in busy.values():
        sent.extend(
            record(log, interaction(name, f"b{d}", (past + timedelta(days=d)).isoformat()))
            for d in range(42, 300)
        )
    await service.send(sent)
    service.start("one")
    await service.until_exact(200)
    written = await service.transitions()
    last = [orjson.loads(written[b"acme/p%d" % n][-1]) for n in range(100)]
    assert {(told["to"], told["reason"]) for told in last} == {("none", "expiry")}


async def test_deliveries_become_interactions_of_the_log(service: Service) -> None:
    raw = service.topics.raw("bluesky")
    did, brand = "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa", "did:plc:bbbbbbbbbbbbbbbbbbbbbbbb"
    commit = {"collection": "app.bsky.graph.follow", "rkey": "3k2la", "rev": "r", "cid": "c"}
    follow = {"did": did, "time_us": int(NOW.timestamp() * 1e6), "kind": "commit"}
    subject = {"subject": brand, "createdAt": NOW.isoformat()}
    create = {**follow, "commit": {**commit, "operation": "create", "record": subject}}
    delete = {**follow, "commit": {**commit, "operation": "delete"}}
    await service.send([(raw, did.encode(), orjson.dumps(create), {})])
    service.start("one")
    assert await service.until_exact(1) == 1
    service.kill("one")  # what was seen must survive: the removal names only its object
    await service.send([(raw, did.encode(), orjson.dumps(delete), {})])
    service.start("one")
    for _ in range(60):
        log = [orjson.loads(r.value) for r in await service.read(service.topics.log)]
        if len(log) == 2:
            break
        await asyncio.sleep(0.5)
    assert [(told["verb"], told["op"]) for told in log] == [
        ("follow", "create"),
        ("follow", "undo"),
    ]
    assert log[1]["undoes"] == log[0]["id"]
    assert (log[0]["person"], log[0]["platform"]) == (f"bluesky:{did}", "bluesky")


# -- pages and refusals to start


async def test_metrics_and_health_tell_the_truth(service: Service) -> None:
    log = service.topics.log
    await service.send(
        record(log, interaction(f"person-{n}", "a", NOW.isoformat())) for n in range(50)
    )
    service.start("one")
    assert await service.until_exact(50) == 50

    def applied() -> dict[str | None, float]:
        text = service.get("one", "/metrics").decode()
        families = {family.name: family for family in text_string_to_metric_families(text)}
        samples = families["stream_app_events_processed"].samples
        return {sample.labels.get("outcome"): sample.value for sample in samples}

    # The transitions are seen at their commit; the worker counts a moment later.
    await until(lambda: applied()["applied"] == 50, 20, lambda: str(applied()))
    assert applied()["duplicate"] == 0
    assert b"person-1" not in service.get("one", "/metrics")
    assert orjson.loads(service.get("one", "/health"))["state"] == "running"


async def test_topics_of_another_shape_are_refused_with_what_to_do(service: Service) -> None:
    service.start("one", "--partitions", "3")
    assert await asyncio.to_thread(service.workers["one"].wait, 60) == 2
    told = service.log_of("one")
    assert service.settings.topic_prefix in told
    assert "Do:" in told


@pytest.mark.parametrize("options", [("--broker", "nonsense"), ("--platforms", "myspace")])
async def test_nonsense_is_refused_at_start(service: Service, options: tuple[str, ...]) -> None:
    service.start("one", *options)
    assert await asyncio.to_thread(service.workers["one"].wait, 60) == 2
    assert options[1] in service.log_of("one")
