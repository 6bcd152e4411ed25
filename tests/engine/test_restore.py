"""From changelog to store: ancestors, strangers, damage."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Callable
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from stream_app.engine.errors import (
    BadStateRecordError,
    BatchDamagedError,
    ChangelogShorterError,
    FencedError,
)
from stream_app.engine.wire import state_prefix

from .bench import Bench
from .cluster import Cluster

Make = Callable[..., Cluster]


async def test_from_nothing_and_from_the_marker(bench: Bench) -> None:
    await bench.commit(a="one", b="two")
    await bench.commit(b=None, c="three")
    bench.store.close()
    shutil.copytree(bench.folder / "store", bench.folder / "copy")
    bench.use("store")
    await bench.commit(a="1", d="four")
    expected = {b"a": "1", b"c": "three", b"d": "four"}
    bench.use("empty")
    assert (await bench.restore()).wiped == "absent"
    assert bench.states() == expected
    bench.store.close()
    bench.use("copy")
    restored = await bench.restore()
    assert (restored.wiped, restored.records) == ("", 5), "only what came since"
    assert bench.states() == expected
    assert (await bench.restore()).records == 0
    await bench.commit(e="five")
    assert bench.states()[b"e"] == "five"


async def test_changelog_recreated(bench: Bench) -> None:
    """Shorter than the store: refused, or rebuilt with the flag. Longer: the store is foreign."""
    await bench.commit(a="one")
    await bench.commit(a="two")
    await bench.recreate()
    with pytest.raises(ChangelogShorterError) as refusal:
        await bench.restore()
    text = str(refusal.value)
    assert "Do: " in text
    assert f"topic={bench.settings.changelog}, partition=0, store_offset=8" in text
    assert "changelog_end=0" in text
    bench.store.close()
    bench.use("stranger")
    for number in range(6):
        await bench.commit(b=str(number))
    bench.store.close()
    bench.use("store")
    assert (await bench.restore()).wiped == "foreign"
    assert bench.states() == {b"b": "5"}
    await bench.recreate()
    assert (await bench.restore(rebuild=True)).wiped == "rebuild"
    assert bench.states() == {}


async def test_damage_is_named_or_counted(bench: Bench) -> None:
    await bench.commit(a="one", b="two")
    offset = await bench.damage(state_prefix(b"a"), b"\xff")
    bench.use("empty")
    with pytest.raises(BadStateRecordError) as refusal:
        await bench.restore()
    assert refusal.value.details["partition"] == 0
    assert refusal.value.details["offset"] == offset
    restored = await bench.restore(skip_bad_state=True)
    assert bench.bad == [offset]
    assert restored.records == 6
    assert bench.states() == {b"a": "one", b"b": "two"}


async def test_a_batch_that_cannot_be_read_is_named_or_counted(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Damaged on the broker's disk: neither its records nor their number can be told."""
    await bench.commit(a="one")
    await bench.commit(b="two")
    getmany = AIOKafkaConsumer.getmany

    async def read(self: AIOKafkaConsumer, *tps: TopicPartition, **limits: Any) -> Any:
        if (offset := await self.position(*tps)) < 4:
            raise BatchDamagedError(bench.settings.changelog, 0, offset=offset, next_offset=4)
        return await getmany(self, *tps, **limits)

    monkeypatch.setattr(AIOKafkaConsumer, "getmany", read)
    bench.store.close()
    bench.use("empty")
    with pytest.raises(BadStateRecordError) as refusal:
        await bench.restore()
    assert refusal.value.details["offset"] == 0
    await bench.restore(skip_bad_state=True)
    assert bench.bad == [0]
    assert bench.states() == {b"b": "two"}


@pytest.mark.parametrize("key", [b"", b"person", b"\x00p", b"\x00l"])
async def test_a_record_that_is_not_ours(bench: Bench, key: bytes) -> None:
    await bench.damage(key, b"nonsense")
    with pytest.raises(BadStateRecordError):
        await bench.restore()


async def test_an_old_store_is_rebuilt(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tombstones that it has not seen may be gone by now."""
    await bench.commit(a="one")
    await asyncio.sleep(0.05)
    assert (await bench.restore(tombstone_retention_ms=10)).wiped == "old"
    assert bench.states() == {b"a": "one"}
    assert (await bench.restore()).wiped == ""
    year_s = 366 * 86_400.0
    monkeypatch.setattr(time, "time", lambda: year_s + time.time_ns() / 1e9)  # a clock that is fast
    local = bench.store.local()
    assert local is not None
    bench.store.write((), local.next_offset, local.position_offset)
    monkeypatch.undo()
    assert (await bench.restore()).wiped == "old", "who knows how old it is"
    assert bench.states() == {b"a": "one"}


async def test_an_older_producer_is_fenced(bench: Bench) -> None:
    await bench.commit(a="one")
    older, bench.writer = bench.writer, None
    await bench.commit(a="two")
    newer, bench.writer = bench.writer, older
    with pytest.raises(FencedError):
        await bench.commit(a="three")
    assert newer is not None
    await newer.stop()
    bench.use("empty")
    await bench.restore()
    assert bench.states() == {b"a": "two"}


async def test_group_offset_moved(cluster: Make) -> None:
    """An operator resets the group: refused with both positions; the flag continues from state."""
    async with cluster(partitions=1) as c:
        await c.feed_random(100, 10)
        c.start(instance_id=None)  # a member without a name leaves the group when it stops
        await c.drained()
        assert await c.stop() == 0
        await reset_group(c, 40)
        c.start(instance_id=None)
        assert await c.ended() != 0
        assert "PositionMismatchError" in c.log()
        assert "group_offset=40, state_position=100" in c.log()
        c.start(rebuild=True, instance_id=None)
        await c.drained()
        assert await c.stop() == 0
        await c.check_exact()


async def reset_group(c: Cluster, offset: int) -> None:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=c.broker, group_id=c.app_id, enable_auto_commit=False
    )
    await consumer.start()
    try:
        tp = TopicPartition(c.sources[0], 0)
        consumer.assign([tp])
        for _ in range(100):  # the group must be empty: its static member's session must end
            try:
                await consumer.commit({tp: offset})
                return
            except Exception:
                await asyncio.sleep(0.1)
        raise AssertionError("the offset could not be set")
    finally:
        await consumer.stop()
