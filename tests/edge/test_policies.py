"""A change of the policy on a real broker: in the log once, and decided by it alone."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import orjson
from aiokafka import ConsumerRecord
from prometheus_client.parser import text_string_to_metric_families

from stream_app.contracts.policy import default_policy, parse_policy
from stream_app.contracts.policy_record import write_policy
from stream_app.edge.log import KIND, header
from tests.edge.service import PARTITIONS, Sent, Service, interaction, record, until
from tests.edge.test_service import NOW, published, refused_in
from tests.oracle.histories import history

EASY = """
[stages.attraction]
enter = ["attraction over 120 days >= 2"]
hold = ["attraction over 120 days >= 1"]
[stages.affinity]
enter = ["affinity over 90 days >= 4"]
hold = ["affinity over 90 days >= 2"]
"""
STRICT = """
[points]
reply = [1, 1, 1]
[stages.affinity]
enter = ["affinity over 60 days >= 30"]
hold = ["affinity over 60 days >= 20"]
"""


async def policies(service: Service) -> list[ConsumerRecord]:
    """The records of the log that change the policy."""
    log = await service.read(service.topics.log)
    return [one for one in log if header(one.headers, KIND) == b"policy"]


async def versions(service: Service) -> dict[int, list[str]]:
    """The policies that each partition has in its log, in order."""
    found: dict[int, list[str]] = {}
    for one in await policies(service):
        found.setdefault(one.partition, []).append(orjson.loads(one.value)["version"])
    return found


async def until_in_log(service: Service, version: str) -> None:
    for _ in range(120):
        found = await versions(service)
        if len(found) == PARTITIONS and all(one[-1] == version for one in found.values()):
            return
        await asyncio.sleep(0.5)
    raise AssertionError(f"{found}: {service.log_of('one')}")


def file(folder: Path, text: str) -> tuple[str, str]:
    path = folder / f"{abs(hash(text))}.toml"
    path.write_text(text)
    return "--policy", str(path)


async def reasons(service: Service) -> Counter[str]:
    return Counter(
        orjson.loads(move)["reason"]
        for moves in (await service.transitions()).values()
        for move in moves
    )


async def test_changes_in_the_middle_of_a_log(service: Service, tmp_path: Path) -> None:
    """Three policies, with a kill during the walk and records that come meanwhile."""
    sent = published(service.topics.log, history(24, 3_000))
    third = len(sent) // 3
    service.start("one")
    await service.send(sent[:third])
    await service.until_exact(10)
    assert await policies(service) == []  # the default one need not be told
    assert service.stop("one") == 0

    # so small turns that the walk is under way for long
    slow = "import stream_app.edge.policies as p; p.STATES_PER_TURN = 3"
    service.start("one", *file(tmp_path, EASY), patch=slow)
    sending = asyncio.create_task(service.send(sent[third : 2 * third], per_second=800))
    await until_in_log(service, parse_policy(EASY).version)
    service.kill("one")
    service.start("one", *file(tmp_path, EASY))
    await sending
    await service.until_exact(50)
    assert (await reasons(service))["policy"] > 2
    assert service.stop("one") == 0

    service.start("one", *file(tmp_path, STRICT))
    await until_in_log(service, parse_policy(STRICT).version)
    await service.send(sent[2 * third :])
    assert await service.until_exact(100) > 100
    expected = [parse_policy(text).version for text in (EASY, STRICT)]
    assert await versions(service) == dict.fromkeys(range(PARTITIONS), expected)
    assert service.stop("one") == 0


async def test_the_first_policy_decides_from_the_beginning(
    service: Service, tmp_path: Path
) -> None:
    """What was published before any worker started is decided by the first worker's file."""
    service.policy = parse_policy(EASY)
    await service.send(published(service.topics.log, history(22, 1_500)))
    service.start("one", *file(tmp_path, EASY))
    assert await service.until_exact(50) > 50
    await until_in_log(service, service.policy.version)
    await service.until_exact(50)
    assert (await reasons(service))["policy"] == 0


async def test_workers_of_different_files_do_not_fight(service: Service, tmp_path: Path) -> None:
    """Of two, the one that started last decides; the older one never goes back to its own."""
    sent = published(service.topics.log, history(23, 2_000))
    half = len(sent) // 2
    service.policy = parse_policy(EASY)
    service.start("one", *file(tmp_path, EASY))
    await service.until_ready("one")
    await service.send(sent[:half])
    await until_in_log(service, parse_policy(EASY).version)
    service.start("two", *file(tmp_path, STRICT))
    await service.until_ready("two")
    await asyncio.sleep(3)
    assert service.stop("two") == 0  # the older one takes over what the newer one had
    await service.send(sent[half:])
    assert await service.until_exact(50) > 50
    await asyncio.sleep(3)
    easy, strict = (parse_policy(text).version for text in (EASY, STRICT))
    found = await versions(service)
    assert {one for told in found.values() for one in told} == {easy, strict}
    assert all(told in ([easy], [easy, strict]) for told in found.values()), found


def forged(topic: str, value: bytes) -> Sent:
    return topic, b"acme/p", value, {"headers": [(KIND, b"policy")]}


async def test_what_is_no_policy_is_refused_and_changes_nothing(service: Service) -> None:
    log = service.topics.log
    good = orjson.loads(write_policy(default_policy()))
    bad = [
        b"{",
        b'{"record": "policy"}',
        orjson.dumps({**good, "version": "0" * 12}),
        orjson.dumps({"record": "policy", "policy": {"caps": {"per_day": 0}}}),
        orjson.dumps({"record": "policy", "policy": {"team": {"acme": ["p"]}}}),
    ]
    acts = [
        record(log, interaction("p", f"a{n}", f"{NOW.replace(day=1 + n).isoformat()}"))
        for n in range(3)
    ]
    await service.send([acts[0], *(forged(log, value) for value in bad), *acts[1:]])
    service.start("one")
    found = await refused_in(service, len(bad))
    assert [told["reason"] for told in found] == ["not_json", *["wrong_shape"] * 4]
    assert "caps.per_day" in found[3]["detail"]
    assert await service.until_exact(2) == 2
    assert (await reasons(service))["policy"] == 0


async def test_the_team_has_no_relationships(service: Service, tmp_path: Path) -> None:
    """By brand and for all brands; accounts of a brand are the brand itself. Deliveries, too."""
    text = '[accounts.twitter]\n"77" = "acme"\n[team]\nacme = ["anna"]\n"*" = ["ben"]\n'
    service.policy = parse_policy(text)
    assert service.policy.version == default_policy().version
    log = service.topics.log
    people = {"anna": "acme", "ben": "other", "twitter:77": "acme", "cara": "acme"}
    sent = [
        record(log, interaction(person, f"{person}-{n}", NOW.isoformat(), brand=brand))
        for person, brand in people.items()
        for n in range(3)
    ]
    sent.append(record(log, interaction("anna", "elsewhere", NOW.isoformat(), brand="other")))
    await service.send(sent)
    service.start("one", *file(tmp_path, text))
    assert await service.until_exact(2) == 2
    assert set(await service.transitions()) == {b"acme/cara", b"other/anna"}

    def of_the_team() -> list[float]:
        page = service.get("one", "/metrics").decode()
        return [
            sample.value
            for family in text_string_to_metric_families(page)
            for sample in family.samples
            if sample.name.endswith("events_processed_total") and sample.labels["outcome"] == "team"
        ]

    await until(lambda: of_the_team() == [9], 20, lambda: str(of_the_team()))
