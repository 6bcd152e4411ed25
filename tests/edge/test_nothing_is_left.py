"""After an erasure and a compaction no byte of the person is left where things are kept."""

from __future__ import annotations

import asyncio
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from tests.edge.service import Service
from tests.edge.test_people import DAYS, acts, elsewhere, erasure, eventually, link, views
from tests.engine.test_compaction import EAGER

MARK = "zqxw"
"""Part of every id of the person, and of nothing else."""


async def compact_eagerly(service: Service, topics: list[str]) -> None:
    client = AIOKafkaAdminClient(bootstrap_servers=service.settings.broker)
    await client.start()
    try:
        kind = ConfigResourceType.TOPIC
        await client.alter_configs([ConfigResource(kind, name, configs=EAGER) for name in topics])
    finally:
        await client.close()


async def left_in_topics(service: Service, topics: list[str]) -> list[str]:
    needle = MARK.encode()
    return [
        topic
        for topic in topics
        for one in await service.read(topic)
        if needle in (one.key or b"") or needle in (one.value or b"")
    ]


def left_in_files(folder: Path) -> list[str]:
    needle = MARK.encode()
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert any(path.suffix == ".sst" for path in files)
    return [path.name for path in files if needle in path.read_bytes()]


async def test_no_byte_is_left_after_compaction(service: Service, tmp_path: Path) -> None:
    old = f"{MARK}-old"
    new = elsewhere(old, f"{MARK}-new")
    settings = service.settings
    changelog = f"{settings.topic_prefix}{settings.application_id}-state-changelog"
    compacted = [changelog, service.topics.states]
    service.start("one")
    await service.until_ready("one")
    others = [f"other{number}" for number in range(12)]
    await service.send(one for person in others for one in acts(service, person, DAYS[:2]))
    await service.send(acts(service, old, DAYS[:9]) + acts(service, new, DAYS[:2]))
    await service.send([link(service, old, new)])

    async def merged() -> bool:
        found = await views(service)
        return old not in found and bool(found.get(new, {}).get("ids"))

    await eventually(service, merged)
    assert set(await left_in_topics(service, compacted)) == set(compacted)
    assert service.stop("one") == 0  # which writes all to disk
    assert left_in_files(tmp_path / "one")
    service.start("one")
    await service.until_ready("one")
    await service.send([erasure(service, old)])

    async def erased() -> bool:
        return set(await views(service)) == set(others)

    await eventually(service, erased)
    await compact_eagerly(service, compacted)
    for turn in range(60):  # segments are rolled by what is written
        verb = ("like", "click", "view", "mention")[turn % 4]
        day = [DAYS[5 + turn % 15]]
        for person in others:
            await service.send(acts(service, person, day, verb))
            await service.send(acts(service, f"{person}-{turn}", DAYS[:1]))
        await asyncio.sleep(0.5)
        if not await left_in_topics(service, compacted):
            break
    assert await left_in_topics(service, compacted) == []
    for _ in range(30):  # a second purge waits for a while
        if not left_in_files(tmp_path / "one"):
            break
        await asyncio.sleep(1)
    assert left_in_files(tmp_path / "one") == []
    assert service.stop("one") == 0
    assert left_in_files(tmp_path / "one") == []
