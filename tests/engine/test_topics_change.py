"""Topics that are deleted, created anew, cut or made wider under a worker, or while it is away."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, RecordsToDelete

from stream_app.engine import TopicSpec, ensure_topics, known
from stream_app.engine.errors import (
    ChangelogCutError,
    EngineRefusalError,
    TopicGoneError,
    TopicMismatchError,
    TopicRecreatedError,
)
from stream_app.engine.known import KnownTopics
from stream_app.engine.private_topics import Topic, ask_for_topics, learn_topics

from .bench import Bench
from .cluster import Cluster
from .test_faults import set_topic_config

Make = Callable[..., Cluster]


async def admin(c: Cluster) -> AIOKafkaAdminClient:
    client = AIOKafkaAdminClient(bootstrap_servers=c.broker)
    await client.start()
    return client


async def recreate(c: Cluster, topic: str) -> None:
    client = await admin(c)
    try:
        await client.delete_topics([topic])
        while topic in await client.list_topics():  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    finally:
        await client.close()
    await ensure_topics(c.broker, [TopicSpec(topic, c.partitions)])


async def cut(c: Cluster, topic: str, before: int) -> None:
    """As retention does: the first records of partition 0 are gone."""
    client = await admin(c)
    try:
        place = TopicPartition(topic, 0)
        await client.delete_records({place: RecordsToDelete(before_offset=before)})
    finally:
        await client.close()


async def test_a_source_recreated_is_refused(cluster: Make) -> None:
    """Also when the new one is longer by then: its first records would never be read.

    With the flag it is read from its beginning, with the state as it was.
    """
    async with cluster(partitions=1) as c:
        await c.feed_random(100, 10)
        c.start(instance_id=None)
        await c.drained()
        assert await c.stop() == 0
        await recreate(c, c.sources[0])
        await c.refresh()
        await c.feed_random(300, 10, seed=2)
        c.start(instance_id=None)
        assert await c.ended() != 0
        assert "TopicRecreatedError" in c.log()
        assert f"topic={c.sources[0]}, partition=0" in c.log()
        assert await c.lag() == 300
        c.start(rebuild=True, instance_id=None)
        await c.drained_of(0)
        assert await c.stop() == 0
        await c.check_exact()


async def test_partitions_that_are_added_stop_the_worker(cluster: Make) -> None:
    """Publishers spread keys over the new ones at once: nobody would read them, nor say so."""
    async with cluster(partitions=2) as c:
        await c.feed_random(100, 10)
        c.start()
        await c.drained()
        client = await admin(c)
        await client.create_partitions({c.sources[0]: NewPartitions(total_count=3)})
        await client.close()
        assert await c.ended() != 0
        assert "TopicMismatchError" in c.log()
        assert f"topic={c.sources[0]}, found=3, expected=2" in c.log()
        await c.check_exact()


async def test_records_that_are_gone_before_they_are_read_are_told(cluster: Make) -> None:
    """Retention overtakes a worker, at work and away: what is lost is said, with its place."""
    async with cluster(partitions=1, commit_max_records=100, max_poll_records=50) as c:
        await c.feed_random(3_000, 10)
        c.start(slow_commit_s=0.3, max_partition_fetch_bytes=2_000)
        await c.ready()
        await c.progress(100)
        await cut(c, c.sources[0], 2_500)
        await c.logged("were deleted before they could be read: they are lost")
        assert f"{c.sources[0]}/0: records " in c.log()
        assert " to 2499 were deleted" in c.log()
        assert await c.stop() == 0
        await c.feed_random(1_000, 10, seed=2)
        await cut(c, c.sources[0], 3_500)
        c.start()
        await c.drained()
        assert " to 3499 were deleted" in c.log()
        c.sent.clear()  # of what is left all is done, once
        await c.feed([b"new"] * 5)
        await c.drained()
        assert await c.stop() == 0
        await c.check_partly(b"new", 5)


async def test_a_changelog_without_its_beginning(bench: Bench, cluster: Make) -> None:
    """An empty disk would get half of the state: refused, or taken as it is with the flag."""
    await bench.commit(a="one")
    await bench.commit(b="two")
    async with cluster() as c:  # for its broker
        topic = bench.settings.changelog
        await set_topic_config(c, topic, "cleanup.policy", "compact,delete")
        await asyncio.sleep(0.5)
        await cut(c, topic, 4)
    assert (await bench.restore()).wiped == "", "this disk has all of it"
    bench.store.close()
    bench.use("empty")
    with pytest.raises(ChangelogCutError) as refusal:
        await bench.restore()
    assert refusal.value.details["changelog_begin"] == 4
    assert (await bench.restore(rebuild=True)).wiped == "absent"
    assert bench.states() == {b"b": "two"}


def judged(topics: KnownTopics, **found: Topic | None) -> type[EngineRefusalError] | None:
    refusal = topics.judge(found)
    return None if refusal is None else type(refusal)


def test_what_topics_must_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    topics = KnownTopics(["log"], "changelog", ["log", "out"], 4)
    assert topics.names == ("log", "changelog", "out")
    log, changelog, out = Topic(4, b"1"), Topic(4, b"2"), Topic(4, b"3")
    assert judged(topics, log=log, changelog=changelog, out=out) is None
    assert judged(topics, out=Topic(9, b"4")) is None, "we only write there"
    assert judged(topics, log=Topic(5, b"1")) is TopicMismatchError
    assert judged(topics, changelog=Topic(5, b"2")) is TopicMismatchError
    assert judged(topics, log=Topic(4, b"5")) is TopicRecreatedError
    assert judged(topics, log=None, out=None) is None, "a broker that has just come up"
    assert judged(topics, log=log) is None
    monkeypatch.setattr(known, "_GONE_S", 0.02)
    assert judged(topics, log=None) is None
    time.sleep(0.03)
    assert judged(topics, log=log, out=None) is None
    assert judged(topics, log=None) is None, "it was back"
    time.sleep(0.03)
    assert judged(topics, out=None) is None, "waited for"
    assert judged(topics, log=None) is TopicGoneError
    assert judged(topics) is None, "a broker that is too old to tell"


async def test_a_broker_tells_the_ids_of_topics(cluster: Make) -> None:
    async with cluster(partitions=3) as c:
        consumer = AIOKafkaConsumer(bootstrap_servers=c.broker)
        await consumer.start()
        try:
            names = [c.sources[0], c.out, "no-such-topic"]
            found = await ask_for_topics(consumer, names)
            again = await ask_for_topics(consumer, names)
        finally:
            await consumer.stop()
        one, other = found[c.sources[0]], found[c.out]
        assert one is not None
        assert other is not None
        assert (one.partitions, len(one.id)) == (3, 16)
        assert one.id != other.id
        assert found["no-such-topic"] is None
        assert again == found


async def test_topics_are_looked_up_all_at_once(
    cluster: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else whoever asks for the ends of many waits for a tenth of a second for each."""
    async with cluster(sources=("in", "more")) as c:
        consumer = AIOKafkaConsumer(bootstrap_servers=c.broker)
        await consumer.start()
        topics = [*c.sources, c.out, c.rejects]
        try:
            await learn_topics(consumer, topics)
            monkeypatch.setattr(consumer._client, "add_topic", None)  # for one that is not known
            ends = await consumer.end_offsets([TopicPartition(topic, 0) for topic in topics])
        finally:
            await consumer.stop()
        assert sorted(tp.topic for tp in ends) == sorted(topics)
