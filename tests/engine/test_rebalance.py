"""Workers that come, go, die and sleep."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import (
    InvalidSessionTimeoutError,
    KafkaError,
    TopicAuthorizationFailedError,
)

from stream_app.embedded.settings import free_ports
from stream_app.engine.errors import BatchDamagedError
from stream_app.engine.private_consumer import fetch_refusal

from .cluster import Cluster, feed_slowly

Make = Callable[..., Cluster]


async def test_join_and_leave(cluster: Make) -> None:
    """Two workers on one disk: each has its own folder; a leaver hands over what it did."""
    async with cluster(sources=("in", "more")) as c:
        c.start("a", data_dir=str(c.disk("shared")))
        await c.ready("a", partitions=4)
        feeding = asyncio.create_task(feed_slowly(c, 70))
        c.start("b", data_dir=str(c.disk("shared")))
        await c.ready("a", partitions=2)
        await c.ready("b", partitions=2)
        loop = asyncio.get_running_loop()
        started = loop.time()
        assert await c.stop("a", within_s=10) == 0
        assert loop.time() - started < 10
        await c.ready("b", partitions=4)
        c.start("a", data_dir=str(c.disk("shared")))
        await c.ready("a", partitions=2)
        c.kill("b")
        c.start("b", data_dir=str(c.disk("shared")))
        await c.ready("b", partitions=2)
        await feeding
        await c.drained()
        assert await c.stop("a") == 0
        assert await c.stop("b") == 0
        await c.check_exact()


async def test_a_worker_that_had_no_work_for_long_takes_over(cluster: Make) -> None:
    """aiokafka leaves the group when nothing was fetched for minutes, and does not come back.

    A worker more than needed fetches nothing, nor does one that restores for long.
    """
    async with cluster(partitions=1) as c:
        c.start("a", long_idle=True, instance_id=None)
        await c.ready("a", partitions=1)
        await c.feed_random(100, 10)
        c.start("b", long_idle=True, instance_id=None)
        await c.ready("b", partitions=0)
        await asyncio.sleep(2)  # some heartbeats
        assert await c.stop("a") == 0
        await c.feed_random(100, 10, seed=2)
        await c.drained()
        assert await c.stop("b") == 0
        await c.check_exact()


async def test_zombie_is_fenced_and_rejoins(cluster: Make) -> None:
    """A worker stopped for longer than its session; meanwhile another has its partitions."""
    async with cluster(session_timeout_ms=6_000, commit_interval_ms=1_000) as c:
        c.start("a")
        await c.ready("a", partitions=4)
        feeding = asyncio.create_task(feed_slowly(c, 110))
        await c.progress(100)
        await asyncio.sleep(0.5)  # between two commits: it has something that is not committed
        c.signal(signal.SIGSTOP, "a")
        c.start("b")
        await c.ready("b", partitions=4)
        await c.progress(len(c.sent))
        c.signal(signal.SIGCONT, "a")
        await c.ready("b", partitions=2)
        await c.ready("a", partitions=2)
        await feeding
        await c.drained()
        assert await c.stop("a") == 0
        assert await c.stop("b") == 0
        await c.check_exact()
        assert "fenced, another worker has it" in c.log("a")


async def test_a_named_member_comes_back_at_another_address(cluster: Make) -> None:
    """Killed, and started at another port within its session: it has its partitions at once."""
    first, second = free_ports(2)
    async with cluster(partitions=2) as c:
        c.start("a", web_port=first)
        await c.ready("a", partitions=2)
        await c.feed_random(200, 20)
        await c.drained()
        c.kill("a")
        c.start("a", web_port=second)
        await c.ready("a", partitions=2)
        await c.feed_random(200, 20, seed=2)
        await c.drained()
        assert await c.stop("a") == 0
        await c.check_exact()


async def test_a_client_that_gives_up_its_group_ends_the_process(cluster: Make) -> None:
    """Else it would look alive, and never have any work again."""
    async with cluster(partitions=1) as c:
        c.start("a", break_assignments=True)
        assert await c.ended("a", within_s=25) != 0
        assert "CoordinationError" in c.log("a")


async def test_two_workers_of_one_name_are_told(cluster: Make) -> None:
    """The one throws the other out, or both each other: it is said why; nothing is lost."""
    async with cluster(partitions=1) as c:
        c.start("a", instance_id="same")
        await c.ready("a", partitions=1)
        feeding = asyncio.create_task(feed_slowly(c, 60))
        c.start("b", instance_id="same", clashes=3)
        deadline = asyncio.get_running_loop().time() + 40
        while all(worker.poll() is None for worker in c.workers.values()):
            assert asyncio.get_running_loop().time() < deadline, c.log("a")
            await asyncio.sleep(0.1)
        ended = next(name for name, worker in c.workers.items() if worker.poll() is not None)
        assert await c.ended(ended) != 0
        assert "--instance-id of its own" in c.log(ended)
        (other,) = c.workers
        c.kill(other)
        c.start(other, instance_id="same")
        await c.ready(other)
        await feeding
        await c.drained()
        assert await c.stop(other) == 0
        await c.check_exact()


async def test_a_stranger_in_the_group_is_told(cluster: Make) -> None:
    """Somebody looks at a topic in the group's name: the worker cannot join, and says so."""
    async with cluster(partitions=1) as c:
        stranger = AIOKafkaConsumer(
            c.sources[0], bootstrap_servers=c.broker, group_id=c.app_id, enable_auto_commit=False
        )
        await stranger.start()
        try:
            c.start("a")
            assert await c.ended("a") != 0
        finally:
            await stranger.stop()
        assert "every other member of the group is a worker of this application" in c.log("a")
        assert "InconsistentGroupProtocolError" in c.log("a")


async def test_two_installations_of_one_application_are_told(cluster: Make, tmp_path: Path) -> None:
    """Other topics, the same id: they fence each other with every commit. None is lost, yet."""
    async with cluster(partitions=1) as c:
        other = Cluster(c.broker, "other-", tmp_path / "other", partitions=1)
        other.settings["app_id"] = other.app_id = c.app_id
        other.settings["changelog_topic"] = other.changelog
        async with other:
            c.start("a", clashes=3)
            other.start("b", clashes=3)
            workers = (c.workers["a"], other.workers["b"])
            for turn in range(120):
                await c.feed_random(5, 5, seed=turn)
                await other.feed_random(5, 5, seed=turn)
                await asyncio.sleep(0.25)
                if any(worker.poll() is not None for worker in workers):
                    break
            assert "--application-id of its own" in c.log("a") + other.log("b")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (TopicAuthorizationFailedError("log"), "may not read a source topic. Do: give it"),
        (KafkaError("UnknownError()"), "given up on its consumer group"),
        (InvalidSessionTimeoutError(), "must_be=from group.min.session.timeout.ms to"),
        (BatchDamagedError("log", 1, 5, 9), "partition=1, offset=5, next_offset=9"),
    ],
)
def test_errors_of_a_fetch_are_told_in_a_sentence(error: Exception, told: str) -> None:
    assert told in str(fetch_refusal(error))
