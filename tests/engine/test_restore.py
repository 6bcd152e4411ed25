"""From changelog to store: ancestors, strangers, damage."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from stream_app.engine import EngineSettings, Unit, ensure_topics
from stream_app.engine.admin import changelog_spec
from stream_app.engine.errors import BadStateRecordError, ChangelogShorterError, FencedError
from stream_app.engine.restore import Restored, Restorer
from stream_app.engine.store import Store, StoreMemory
from stream_app.engine.wire import Position, state_prefix
from stream_app.engine.writer import Writer

from .cluster import Cluster
from .test_unit import TextCodec

Make = Callable[..., Cluster]


class Bench:
    """One partition without Faust: unit, store, transactions, restores."""

    def __init__(self, broker: str, prefix: str, folder: Path) -> None:
        self.folder = folder
        self.settings = EngineSettings(
            app_id=f"{prefix}app", broker=broker, partitions=1, data_dir=folder
        )
        self.bad: list[int] = []
        self.position: Position | None = None
        self.next_offset = 0
        self.writer: Writer | None = None
        self.use("store")

    def use(self, name: str) -> None:
        """Work on the store of this name."""
        self.store = Store(self.folder / name, StoreMemory(1 << 20, 8 << 20, 1))
        self.store.open()
        self.unit: Unit[str] = Unit(0, self.store, TextCodec())

    async def commit(self, **states: str | None) -> None:
        for key, state in states.items():
            if state is None:
                self.unit.delete(key.encode())
            else:
                self.unit.put(key.encode(), state)
        if self.writer is None:
            self.writer = Writer(self.settings, 0)
            await self.writer.start()
        snapshot = self.unit.snapshot({}, self.position)
        offsets = {self.settings.changelog: snapshot.position.commit}  # any topic will do
        written = await self.writer.commit(snapshot, offsets, self.next_offset)
        self.store.write(snapshot.changelog, written.next_offset, written.position_offset)
        self.unit.written()
        self.position, self.next_offset = snapshot.position, written.next_offset

    async def restore(self, **changes: object) -> Restored:
        settings = EngineSettings(
            **{
                **{n: getattr(self.settings, n) for n in EngineSettings.__slots__},
                **changes,  # type: ignore[arg-type]
            }
        )
        consumer = AIOKafkaConsumer(
            bootstrap_servers=settings.broker,
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="none",
            fetch_max_wait_ms=50,
        )
        await consumer.start()
        try:
            restorer = Restorer(
                consumer,
                self.store,
                settings,
                0,
                on_progress=lambda done, total: None,
                on_bad=self.bad.append,
            )
            restored = await restorer.run(trusted=False)
        finally:
            await consumer.stop()
        self.unit.reset(b"")
        self.position, self.next_offset = self.store.position(), restored.next_offset
        return restored

    def states(self) -> dict[bytes, str]:
        return dict(self.unit.scan())

    async def damage(self, key: bytes, value: bytes) -> int:
        """Somebody writes into the changelog; gives the offset."""
        producer = AIOKafkaProducer(bootstrap_servers=self.settings.broker)
        await producer.start()
        sent = await producer.send_and_wait(self.settings.changelog, value, key, partition=0)
        await producer.stop()
        return int(sent.offset)

    async def recreate(self) -> None:
        """Delete the changelog and create it anew."""
        await self.close()
        client = AIOKafkaAdminClient(bootstrap_servers=self.settings.broker)
        await client.start()
        await client.delete_topics([self.settings.changelog])
        while self.settings.changelog in await client.list_topics():  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        await client.close()
        await ensure_topics(self.settings.broker, [changelog_spec(self.settings)])
        self.next_offset, self.position = 0, None

    async def close(self) -> None:
        writer, self.writer = self.writer, None
        if writer is not None:
            await writer.stop()


@pytest.fixture
async def bench(broker: str, topic_prefix: str, tmp_path: Path) -> AsyncIterator[Bench]:
    bench = Bench(broker, topic_prefix, tmp_path)
    await ensure_topics(broker, [changelog_spec(bench.settings)])
    yield bench
    await bench.close()
    bench.store.close()


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


@pytest.mark.parametrize("key", [b"", b"person", b"\x00p", b"\x00l"])
async def test_a_record_that_is_not_ours(bench: Bench, key: bytes) -> None:
    await bench.damage(key, b"nonsense")
    with pytest.raises(BadStateRecordError):
        await bench.restore()


async def test_an_old_store_is_rebuilt(bench: Bench) -> None:
    """Tombstones that it has not seen may be gone by now."""
    await bench.commit(a="one")
    await asyncio.sleep(0.05)
    assert (await bench.restore(tombstone_retention_ms=10)).wiped == "old"
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
