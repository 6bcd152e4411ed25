"""A broker that goes away, in order or not, with work pending or not."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path

import pytest

from stream_app.embedded import EmbeddedBroker, Silent
from stream_app.embedded.settings import free_ports

from .cluster import Cluster

EXIT_LIMIT_S = 30.0


@pytest.mark.kafka
@pytest.mark.slow
async def test_broker_away(own_broker: EmbeddedBroker, tmp_path: Path) -> None:
    """Restarted under load, at another address; killed, and a worker is asked to end meanwhile.

    aiokafka knows the addresses that brokers have told; when none of these is right any more it
    must ask at those again that it was given.
    """
    [other] = free_ports(1)
    addresses = f"{own_broker.address},127.0.0.1:{other}"
    async with Cluster(addresses, "away-", tmp_path, partitions=2, instance_id=None) as c:
        c.start("a", commit_interval_ms=1_000, stop_timeout_ms=3_000)
        await c.ready("a", partitions=2)
        await c.feed_random(2_000, 50)
        await c.progress(1)
        await asyncio.to_thread(own_broker.stop)
        await asyncio.sleep(1)
        vars(own_broker)["_port"] = other
        await asyncio.to_thread(own_broker.start, Silent())
        await c.refresh()
        await c.feed_random(500, 50, seed=2)
        await c.drained()
        # with work pending and nobody to give it to
        await c.feed_random(2_000, 50, seed=3)
        os.kill(own_broker.pid, signal.SIGKILL)
        while own_broker.is_alive():  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        started = time.monotonic()
        await c.stop("a", within_s=EXIT_LIMIT_S)
        took_s = time.monotonic() - started
        assert took_s < EXIT_LIMIT_S
        await asyncio.to_thread(own_broker.stop)
        c.start("a")  # it waits for the broker
        await asyncio.to_thread(own_broker.start, Silent())
        await c.feed_random(500, 50, seed=5)
        await c.drained()
        assert await c.stop("a") == 0
        await c.check_exact()
        lines = c.log("a").count("\n")
        assert lines < 400, "the client's log is kept readable"
