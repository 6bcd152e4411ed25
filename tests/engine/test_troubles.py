"""More faults of ours, and of those who deploy: each ends well or with a word, never in a loop."""

from __future__ import annotations

import asyncio
import signal
import time
from collections import Counter
from collections.abc import Callable

from .cluster import Cluster

Make = Callable[..., Cluster]


async def test_open_and_tick_raise(cluster: Make) -> None:
    """Once each, then they succeed: nothing is lost. Always: the worker stops and says so."""
    async with cluster(partitions=1) as c:
        await c.feed_random(300, 20)
        c.start(open_fails=1, tick_fails=1)
        await c.drained()
        await c.logged("processing failed")  # ticks come once a second
        await asyncio.sleep(1.5)
        await c.feed_random(100, 20, seed=2)
        await c.drained()
        assert c.log().count("processing failed") == 1
        assert await c.stop() == 0
        c.start(open_fails=1_000)
        assert await c.ended() != 0
        c.start(tick_fails=1_000)
        assert await c.ended(within_s=25) != 0
        assert c.log().count("ProcessingFailedError") >= 2
        await c.check_exact()


async def test_batch_fails_fifty_times(cluster: Make) -> None:
    """Small batches, some fifty of which fail once: all is applied once, in order."""
    async with cluster(partitions=4, max_poll_records=8) as c:
        for turn in range(50):
            await c.feed([b"k%d" % n for n in range(12)])
            await c.feed([b"k%d" % (turn % 12)], value=b"fail 1 %d" % turn)
        c.start()
        await c.drained(within_s=60)
        await c.feed([b"k%d" % n for n in range(8)])
        await c.drained()
        assert c.log().count("processing failed") > 40  # the rest while looking for one of them
        assert await c.stop() == 0
        await c.check_exact()


async def test_oversized_state_is_no_crash_loop(cluster: Make) -> None:
    """What would make a state too large is refused, again and again; everybody else goes on."""
    async with cluster(partitions=1, max_record_bytes=20_000, max_failed_in_a_row=3) as c:
        await c.feed([b"a", b"b", b"hot"])
        c.start()
        await c.drained()
        await c.feed([b"hot"] * 12, value=b"grow 30000", counted=False)
        await c.drained()
        await c.feed([b"hot"] * 4, value=b"grow 30000", counted=False)
        await c.feed([b"a", b"hot", b"b"])
        await c.drained()
        assert await c.stop() == 0, "it went on"
        await c.check_exact()
        refused = (await c.read([c.rejects]))[c.rejects]
        assert Counter(record.key for record in refused) == {b"hot": 16}
        assert {dict(r.headers)["error"] for r in refused} == {b"RecordTooLargeError"}


async def test_sigterm_during_restore(cluster: Make) -> None:
    """It ends at once, and the next one begins where it must."""
    async with cluster(partitions=1) as c:
        await c.feed_random(3_000, 1_500)
        c.start("a")
        await c.drained()
        assert await c.stop("a") == 0
        c.start("b", slow_restore_s=0.5)  # another disk: an empty one
        deadline = time.monotonic() + 20
        while c.health("b").get("partitions", {}).get("0", {}).get("phase") != "restoring":
            assert time.monotonic() < deadline, c.log("b")
            await asyncio.sleep(0.05)
        assert c.health("b")["state"] == "restoring"
        started = time.monotonic()
        assert await c.stop("b") == 0
        assert time.monotonic() - started < 10
        c.start("b")
        await c.feed_random(200, 1_500, seed=2)
        await c.drained()
        c.signal(signal.SIGTERM, "b")
        assert await c.ended("b") == 0
        await c.check_exact()


async def test_split_partitions_stay_closed(cluster: Make) -> None:
    """An upgrade adds a topic: a number that two workers share in parts is opened by neither."""
    async with cluster(sources=("in", "more")) as c:
        c.start("old", sources=c.sources[:1])
        await c.ready("old", partitions=4)
        await c.feed_random(200, 40)
        await c.drained_of(0)
        c.start("new")
        await c.ready("new", partitions=2)
        await c.logged("are split between workers: kept closed", "new")
        await c.feed_random(200, 40, seed=2)
        await c.feed_random(200, 40, seed=3, topic=1)
        await asyncio.sleep(1)
        assert await c.stop("old") == 0
        await c.ready("new", partitions=4)
        await c.drained()
        assert await c.stop("new") == 0
        await c.check_exact()
