"""One partition without Faust: unit, store, transactions, restores."""

from __future__ import annotations

import asyncio
from pathlib import Path

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

from stream_app.engine import EngineSettings, Unit, ensure_topics
from stream_app.engine.admin import changelog_spec
from stream_app.engine.positions import Position
from stream_app.engine.restore import Restored, Restorer
from stream_app.engine.store import Store, StoreMemory
from stream_app.engine.writer import Writer

from .test_unit import TextCodec


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

    async def restore(self, *, trusted: bool = False, **changes: object) -> Restored:
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
            restored = await restorer.run(trusted=trusted)
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
