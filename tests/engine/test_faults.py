"""Faults of ours: processing that raises, hangs, or whose output is refused."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAuthorizationFailedError, TransactionalIdAuthorizationFailed

from stream_app.engine.errors import RightMissingError, SettingsError
from stream_app.engine.watchdog import EXIT_CODE
from stream_app.engine.writer import Writer

from .bench import Bench
from .cluster import Cluster

Make = Callable[..., Cluster]


async def test_handler_raises(cluster: Make) -> None:
    """Twice, then succeeds: applied once. Always: refused alone, and the rest flows."""
    async with cluster(partitions=2, sources=("in", "more")) as c:
        await c.feed([b"k%d" % n for n in range(40)])
        await c.feed([b"k5"], value=b"fail 2 once")
        await c.feed([b"k%d" % n for n in range(40)] * 3)
        await c.feed([b"k5"], value=b"fail always 1", counted=False)
        await c.feed([b"k%d" % n for n in range(40)] * 20)
        await c.feed([b"k7", b"k8"], value=b"fail always 2", counted=False)
        await c.feed([b"k%d" % n for n in range(40)], topic=1)
        c.start()
        await c.drained()
        await c.feed([b"k9"], value=b"fail always 3", counted=False)
        await c.feed([b"k9"])
        await c.drained()
        assert await c.stop() == 0
        await c.check_exact()
        found = await c.read([c.rejects])
        refused = Counter((record.key, record.value) for record in found[c.rejects])
        assert refused == {
            (b"k5", b"fail always 1"): 1,
            (b"k7", b"fail always 2"): 1,
            (b"k8", b"fail always 2"): 1,
            (b"k9", b"fail always 3"): 1,
        }
        assert all(dict(r.headers) == {"error": b"RuntimeError"} for r in found[c.rejects])


async def test_everything_fails(cluster: Make) -> None:
    """The worker stops, says so, and has committed nothing of it; no key stands in the log."""
    async with cluster(partitions=1) as c:
        await c.feed([b"person"])
        c.start(max_failed_in_a_row=4)
        await c.drained()
        await c.feed([b"person"] * 30, value=b"fail always", counted=False)
        assert await c.ended(within_s=25) != 0
        assert "ProcessingFailedError" in c.log()
        assert "Do: " in c.log()
        assert "person" not in c.log()
        assert await c.lag() == 30
        await c.check_exact()
        assert (await c.read([c.rejects]))[c.rejects] == []


async def test_hung_handler_ends_the_process(cluster: Make) -> None:
    async with cluster(partitions=1) as c:
        await c.feed([b"k"], value=b"hang", counted=False)
        c.start(hang_timeout_ms=1_500)
        assert await c.ended() == EXIT_CODE
        assert "_maybe_fail" in c.log(), "the stack dump names the place"
        assert await c.lag() == 1


async def test_no_record_is_blamed_for_a_lack_of_memory(cluster: Make) -> None:
    """The process ends, and whoever starts it anew gives it more; nothing is refused."""
    async with cluster(partitions=1) as c:
        await c.feed([b"k"], value=b"memory", counted=False)
        c.start()
        assert await c.ended() != 0
        assert "OutOfMemoryError" in c.log()
        assert await c.lag() == 1
        assert (await c.read([c.rejects]))[c.rejects] == []


async def test_refused_output(cluster: Make) -> None:
    """The offset stays and health says so; when the broker takes it, it appears once."""
    async with cluster(partitions=1, sources=("in",)) as c:
        await set_topic_config(c, c.out, "max.message.bytes", "150")  # room for a marker
        await c.feed_random(500, 10)
        c.start()
        for _ in range(100):
            await asyncio.sleep(0.1)
            partitions = c.health().get("partitions", {})
            if partitions and partitions["0"]["failures_in_a_row"] >= 3:
                break
        else:
            raise AssertionError(c.log())
        assert await c.lag() == 500
        assert "SendRefusedError" in c.log()
        assert f"topic={c.out}, partition=0, error=MessageSizeTooLargeError" in c.log()
        assert (await c.read([c.out]))[c.out] == []
        await set_topic_config(c, c.out, "max.message.bytes", "1000000")
        await c.drained()
        for _ in range(50):  # the worker writes its health now and then, and behind the commit
            if c.health()["partitions"]["0"]["failures_in_a_row"] == 0:
                break
            await asyncio.sleep(0.1)
        else:
            raise AssertionError(c.log())
        assert await c.stop() == 0
        await c.check_exact()


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (TopicAuthorizationFailedError("out"), "TopicAuthorizationFailedError: out"),
        (TransactionalIdAuthorizationFailed(), "TransactionalIdAuthorizationFailed"),
    ],
)
async def test_a_right_that_is_missing_is_told(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, error: Exception, told: str
) -> None:
    """aiokafka raises it where the offsets are sent, whatever was refused."""

    async def refused(*args: object) -> None:
        raise error

    await bench.commit(a="one")
    assert bench.writer is not None
    producer = vars(bench.writer)["_producer"]
    monkeypatch.setattr(producer, "send_offsets_to_transaction", refused)
    with pytest.raises(RightMissingError) as refusal:
        await bench.commit(a="two")
    assert told in str(refusal.value)
    assert "Do: give it Write" in str(refusal.value)


async def test_a_timeout_beyond_the_brokers_is_told(bench: Bench) -> None:
    settings = replace(bench.settings, transaction_timeout_ms=86_400_000)
    writer = Writer(settings, 0)
    with pytest.raises(SettingsError) as refusal:
        await writer.start()
    await writer.stop()
    assert "must_be=<= transaction.max.timeout.ms of the brokers" in str(refusal.value)


async def test_a_producer_that_cannot_send_is_ended(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As to a topic that is gone. It would stay at work behind every commit that is given up."""

    async def not_now(*args: object) -> None:
        await asyncio.sleep(0.02)

    await bench.commit(a="one")
    writer, bench.writer = bench.writer, None
    producer = vars(writer)["_producer"]
    monkeypatch.setattr(producer._sender, "_do_add_partitions_to_txn", not_now)
    snapshot = bench.unit.snapshot({}, bench.position)
    assert writer is not None
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(writer.commit(snapshot, {"in": 1}, bench.next_offset), 0.2)
    assert writer.unsent == bench.settings.changelog
    started = asyncio.get_running_loop().time()
    await writer.stop()
    assert asyncio.get_running_loop().time() - started < 2
    assert producer._sender.sender_task.done()
    assert not any(connection.connected() for connection in producer.client._conns.values())


async def test_input_waits_while_too_much_is_uncommitted(cluster: Make) -> None:
    """A slow broker: what waits for its commit stays within bounds, however long the backlog."""
    most, slice_ = 100, 50
    async with cluster(partitions=1, commit_max_records=most, max_poll_records=slice_) as c:
        await c.feed_random(4_000, 30)
        c.start(slow_commit_s=0.3)
        await c.ready(partitions=1)
        await c.progress(500)
        waiting = []
        for _ in range(20):
            part = c.health()["partitions"]["0"]
            waiting.append(part["positions"][c.sources[0]] - part["committed"][c.sources[0]])
            await asyncio.sleep(0.1)
        assert most < max(waiting) <= 4 * most + slice_  # in flight, and not yet
        c.kill()
        c.start()
        await c.drained()
        assert await c.stop() == 0
        await c.check_exact()


async def test_what_waits_behind_an_open_transaction_counts(cluster: Make) -> None:
    """A publisher that has not ended its transaction holds up the others: the lag tells."""
    async with cluster(partitions=1) as c:
        await c.feed_random(50, 10)
        c.start()
        await c.drained()
        publisher = AIOKafkaProducer(
            bootstrap_servers=c.broker, transactional_id=f"{c.app_id}-publisher"
        )
        await publisher.start()
        try:
            await publisher.begin_transaction()
            await publisher.send_and_wait(c.sources[0], b"", b"open", partition=0)
            await c.feed_random(50, 10, seed=2)
            for _ in range(100):
                part = c.health()["partitions"]["0"]
                end, at = (part[of].get(c.sources[0], 0) for of in ("ends", "positions"))
                if end - at == 51:
                    break
                await asyncio.sleep(0.1)
            else:
                raise AssertionError(c.health())
            await publisher.commit_transaction()
            c.sent.append((c.sources[0], b"open"))
        finally:
            await publisher.stop()
        await c.drained()
        assert await c.stop() == 0
        await c.check_exact()


async def set_topic_config(c: Cluster, topic: str, name: str, value: str) -> None:
    client = AIOKafkaAdminClient(bootstrap_servers=c.broker)
    await client.start()
    try:
        resource = ConfigResource(ConfigResourceType.TOPIC, topic, configs={name: value})
        await client.alter_configs([resource])
    finally:
        await client.close()


async def test_wrong_partition_count(cluster: Make) -> None:
    """Refused at the start, with both numbers."""
    async with cluster(partitions=2) as c:
        c.start(partitions=3)
        assert await c.ended() != 0
        assert "TopicMismatchError" in c.log()
        assert "found=2, expected=3" in c.log()
