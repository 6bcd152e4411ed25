"""Nothing lost, repeated or half done: real broker, real processes."""

from __future__ import annotations

import asyncio
import random
import shutil
from collections.abc import Callable

from .cluster import Cluster, feed_slowly

Make = Callable[..., Cluster]


async def test_end_to_end(cluster: Make) -> None:
    """Two topics in one unit; a stop; a start from an empty disk."""
    async with cluster(sources=("in", "more")) as c:
        await c.feed_random(2_000, 100)
        c.start()
        await c.feed_random(2_000, 100, seed=2, topic=1)
        await c.drained()
        assert await c.stop() == 0
        await c.check_exact()
        shutil.rmtree(c.disk("a"))
        c.start()
        await c.feed_random(500, 150, seed=3)
        await c.ready()
        await c.drained()
        assert await c.stop() == 0
        await c.check_exact()


async def test_nothing_is_seen_before_its_commit(cluster: Make) -> None:
    """Started with nothing there; a long interval: until its end not even a dirty read sees any."""
    async with cluster(partitions=2, commit_interval_ms=60_000) as c:
        c.start()
        await c.ready(partitions=2)
        await c.feed([b"k1", b"k2", b"k3"])  # the first commit comes at once
        await c.drained()
        await c.feed([b"k1", b"k2", b"k3"] * 4)
        for _ in range(50):
            parts = c.health()["partitions"].values()
            if sum(sum(part["positions"].values()) for part in parts) >= 15:
                break
            await asyncio.sleep(0.1)
        else:
            raise AssertionError("not processed")
        assert await c.lag() == 12
        assert len((await c.read([c.out], isolation="read_uncommitted"))[c.out]) == 3
        c.kill()
        c.start(commit_interval_ms=100)
        await c.drained()
        assert await c.stop() == 0
        await c.check_exact()


async def test_kill_in_the_middle(cluster: Make) -> None:
    """kill -9 at random moments; the disk is lost, or an old one put back, now and then."""
    dice = random.Random(7)
    async with cluster() as c:
        for turn in range(4):
            before = len(c.sent)
            c.start()
            feeding = asyncio.create_task(c.feed_random(3_000, 50, seed=turn))
            await c.progress(before + 200)
            await asyncio.sleep(dice.uniform(0, 0.3))
            c.kill()
            await feeding
            if turn == 1:
                shutil.copytree(c.disk("a"), c.disk("old"))
            elif turn == 2:
                shutil.rmtree(c.disk("a"))
            elif turn == 3:
                shutil.rmtree(c.disk("a"))
                shutil.copytree(c.disk("old"), c.disk("a"))
        c.start()
        await c.ready()
        await c.drained()
        assert await c.stop() == 0
        await c.check_exact()


async def test_death_inside_commits(cluster: Make) -> None:
    """Dies or fails before, in and behind transactions and store writes."""
    async with cluster() as c:
        feeding = asyncio.create_task(feed_slowly(c, 100))
        deaths = 0
        for turn in range(4):
            c.start(fault_rate=0.03, fault_seed=turn)
            await c.ended_or("a", seconds=6)  # the first commits come after a second or two
            if c.workers["a"].poll() is None:
                c.kill()
            else:
                deaths += 1
                c.workers.pop("a")
        await feeding
        c.start()
        await c.ready()
        await c.drained()
        assert await c.stop() == 0
        assert deaths > 0, "no fault has fired"
        await c.check_exact()
