"""A transaction whose end the broker has lost: nothing of it may become part of a later one."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from stream_app.engine import EngineSettings
from stream_app.engine.wire import seal, state_prefix
from stream_app.engine.writer import Writer
from tests.together import held

from .bench import Bench
from .cluster import Cluster
from .odd_commits import commit_and_lose

Make = Callable[..., Cluster]


@pytest.fixture
async def unverified(broker: str, session_folder: Path) -> AsyncIterator[None]:
    """The broker takes records of transactions without asking whether they have begun.

    It is the same one for all processes, so the last one to leave sets it back.
    """
    name = "transaction.partition.verification.enable"
    client = AIOKafkaAdminClient(bootstrap_servers=broker)
    await client.start()
    ids = [str(each["node_id"]) for each in (await client.describe_cluster())["brokers"]]
    asked = [ConfigResource(ConfigResourceType.BROKER, ids[0], {name: None})]

    async def set_to(configs: dict[str, str]) -> None:
        await client.alter_configs(
            [ConfigResource(ConfigResourceType.BROKER, each, configs) for each in ids]
        )

    with held(session_folder / "unverified.lock", fcntl.LOCK_SH) as lock:
        await set_to({name: "false"})
        while "false" not in str(await client.describe_configs(asked)):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        yield
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            await set_to({})
    await client.close()


async def leave_hanging(c: Cluster, partition: int, places: list[TopicPartition]) -> None:
    """Records of a unit's producer in places that its transaction does not know of."""
    settings = EngineSettings(**c.settings, data_dir=c.folder)
    producer = AIOKafkaProducer(
        bootstrap_servers=c.broker, transactional_id=settings.transactional_id(partition)
    )
    await producer.start()
    await producer.begin_transaction()
    for place in places:
        producer._txn_manager._txn_partitions.add(place)
        await producer.send_and_wait(place.topic, b"999", key=b"lost", partition=place.partition)
    producer._txn_manager._txn_partitions.clear()
    await producer.commit_transaction()  # of nothing, as the coordinator sees it
    await producer.stop()


async def feed_in_turns(c: Cluster, turns: int) -> None:
    """So that there are several commits."""
    for number in range(turns):
        await c.feed_random(50, 20, seed=number)
        await c.ready()
        await asyncio.sleep(0.4)


@pytest.mark.usefixtures("unverified")
async def test_what_hangs_is_aborted(cluster: Make) -> None:
    async with cluster(partitions=2, sources=("in",)) as c:
        await c.feed_random(200, 20)
        c.start()
        await c.drained()
        assert await c.stop() == 0
        places = [TopicPartition(c.out, 0), TopicPartition(c.out, 1)]
        await leave_hanging(c, 0, [*places, TopicPartition(c.changelog, 0)])
        hanging = (await c.read([c.out], isolation="read_uncommitted"))[c.out]
        assert sum(record.key == b"lost" for record in hanging) == 2
        await c.feed_random(400, 20)
        c.start()
        await c.drained()
        assert await c.stop() == 0
        await c.check_exact()


@pytest.mark.usefixtures("unverified")
async def test_a_confirmed_commit_is_lost_under_a_living_worker(cluster: Make) -> None:
    """Its next commit sees it; what was confirmed is undone as a whole, and done again."""
    async with cluster(partitions=1, sources=("in",)) as c:
        c.start(lost_end=2)
        await feed_in_turns(c, 6)
        await c.logged("LostCommitError")
        await c.drained()
        assert await c.stop() == 0
        assert "store is rebuilt: foreign" in c.log()
        await c.check_exact()


async def test_a_marker_too_many_is_no_foreign_writer(cluster: Make) -> None:
    """A broker that was stopped ends a transaction twice (seen with Kafka 4.3): nothing is lost."""
    async with cluster(partitions=1, sources=("in",)) as c:
        c.start(misplaced=2)
        await feed_in_turns(c, 4)
        await c.logged("ChangelogMovedError")
        await c.drained()
        assert await c.stop() == 0
        await c.check_exact()


async def test_a_foreign_writer_ends_the_worker(cluster: Make) -> None:
    async with cluster(partitions=1, sources=("in",)) as c:
        await c.feed_random(50, 20)
        c.start()
        await c.drained()
        producer = AIOKafkaProducer(bootstrap_servers=c.broker)
        await producer.start()
        raw = state_prefix(b"k1")
        await producer.send_and_wait(c.changelog, seal(raw, b"7"), raw, partition=0)
        await producer.stop()
        await c.feed_random(50, 20)
        assert await c.ended() != 0
        assert "ForeignWriterError" in c.log()


@pytest.mark.usefixtures("unverified")
async def test_a_store_does_not_keep_what_was_taken_back(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The abort's marker stands where the commit's should: the place alone proves nothing."""
    await bench.commit(a="one")
    monkeypatch.setattr(Writer, "commit", commit_and_lose)
    await bench.commit(a="two")
    confirmed = bench.next_offset
    await bench.close()
    heir = Writer(bench.settings, 0)
    await heir.start()
    await heir.end_what_hangs([TopicPartition(bench.settings.changelog, 0)])
    await heir.stop()
    restored = await bench.restore(trusted=True)
    assert restored.next_offset == confirmed
    assert (restored.wiped, bench.states()) == ("foreign", {b"a": "one"})
