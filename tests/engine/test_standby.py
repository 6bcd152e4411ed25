"""Warm copies: who dies is replaced without a restore from the beginning."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from .cluster import Cluster

Make = Callable[..., Cluster]
SESSION_S = 6.0
TAKEOVER_S = 5.0
"""Promised for a worker that has a copy, on top of the session timeout."""


async def test_takeover_with_a_warm_copy(cluster: Make) -> None:
    async with cluster(standbys=1, session_timeout_ms=int(SESSION_S * 1000)) as c:
        c.start("a")
        await c.ready("a", partitions=4)
        await c.feed_random(3_000, 900)
        c.start("b")
        await c.ready("b", partitions=2)
        await c.drained()
        await warm(c, "b", copies=2)
        await c.feed_random(500, 900, seed=2)
        await warm(c, "b", copies=2)
        copies = c.health("b")["standbys"]
        c.kill("a")
        killed_at = time.monotonic()
        await c.ready("b", partitions=4, within_s=SESSION_S + TAKEOVER_S)
        assert time.monotonic() - killed_at < SESSION_S + TAKEOVER_S
        read = [c.health("b")["partitions"][number]["restore_total"] for number in copies]
        assert sum(read) < 100, f"it read the changelog again: {read}"
        assert c.health("b")["standbys"] == {}
        await c.feed_random(500, 900, seed=3)
        await c.drained()
        assert await c.stop("b") == 0
        await c.check_exact()


async def warm(c: Cluster, name: str, *, copies: int) -> None:
    """Wait until the copies have everything that is committed."""
    await c.drained()
    for _ in range(150):
        standbys = c.health(name).get("standbys", {}).values()
        if len(standbys) == copies and all(
            (one["phase"], one["behind"]) == ("warm", 0) for one in standbys
        ):
            await asyncio.sleep(1.2)  # the health is a moment old, and a look at the log rarer
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"no warm copies: {c.health(name)}\n{c.log(name)}")
