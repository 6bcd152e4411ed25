"""Opening a unit. The order matters: fence, then offsets, then store, then seek."""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeVar

from aiokafka import AIOKafkaConsumer, TopicPartition

from .errors import (
    ForeignWriterError,
    NotMemberError,
    PositionMismatchError,
    SourceShorterError,
    TopicRecreatedError,
)
from .private_fetch import hand_out_as_parsed
from .private_topics import learn_topics
from .restore import Restored, Restorer
from .writer import Writer

if TYPE_CHECKING:
    from .partition import Partition
    from .settings import EngineSettings

S = TypeVar("S")
log = logging.getLogger(__name__)

_START_TIMEOUT_S = 30.0
_OFFSETS_SETTLE_TRIES = 5
_OFFSETS_SETTLE_S = 0.2
Bounds = tuple[int, int]


async def open_unit(part: Partition[S]) -> None:
    """Bring a unit from nothing to its first record. Raises what forbids it.

    0. Only a member of the group may fence others: a zombie that reopens would throw out its heir.
    1. A new producer with the stable id: every older owner is fenced, its transaction resolved,
       also where the broker has lost sight of it.
    2. Store and changelog: nobody else can write there any more.
    3. The group's offsets must be those that the state was committed with.
    4. The job rebuilds what it keeps beside the states; then seek, under a new epoch.
    """
    started = time.monotonic()
    engine = part.engine
    async with _reader(engine.settings, "read_committed") as committed:
        if not await engine.reader.is_member():
            raise NotMemberError(partition=part.number)
        await part.stop_writer()
        async with asyncio.timeout(_START_TIMEOUT_S):
            await _fence(part, committed)
        was_clean = part.trusted and part.unit.is_clean
        positions_before, position_before = part.positions, part.position
        restored = await _restore(part, committed)
        bounds = await _bounds(committed, part.tps, part.number)
    if part.moved and (restored.records or restored.wiped):
        raise ForeignWriterError(topic=engine.settings.changelog, partition=part.number)
    part.moved = False
    part.position = part.store.position()
    part.next_offset = restored.next_offset
    part.positions = await _agree(part, bounds)
    part.committed = dict(part.positions)
    kept = (
        was_clean
        and not restored.wiped
        and position_before == part.position
        and positions_before == part.positions
    )
    if not kept:
        part.drop()
    part.trusted = True
    part.idle_ms = 0
    for topic, tp in part.tps.items():
        part.epochs[topic] = await engine.reader.seek(tp, part.positions[topic])
        part.ends[topic] = bounds[topic][1]
    if restored.wiped:
        engine.observer.wiped(part.number, restored.wiped)
    engine.observer.restored(part.number, restored.records, time.monotonic() - started)


@asynccontextmanager
async def _reader(settings: EngineSettings, isolation: str) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer without a group; if read_committed, its ends are last stable offsets."""
    consumer = AIOKafkaConsumer(
        **settings.client(),
        isolation_level=isolation,
        enable_auto_commit=False,
        auto_offset_reset="none",
        max_partition_fetch_bytes=4 << 20,
        fetch_max_wait_ms=50,
        check_crcs=False,
    )
    try:
        async with asyncio.timeout(_START_TIMEOUT_S):
            await consumer.start()
        yield consumer
    finally:
        await consumer.stop()


async def _fence(part: Partition[S], committed: AIOKafkaConsumer) -> None:
    settings = part.engine.settings
    part.writer = Writer(settings, part.number)
    await part.writer.start()
    shared = itertools.product(part.engine.job.outputs, range(settings.partitions))
    own = (settings.changelog, part.number)
    places = [TopicPartition(*one) for one in (own, *shared)]
    unfinished = await _unfinished(settings, places, committed)
    if not unfinished:
        return
    await part.writer.end_what_hangs(unfinished)
    await part.writer.stop()
    part.writer = Writer(settings, part.number)
    await part.writer.start()


async def _unfinished(
    settings: EngineSettings, places: list[TopicPartition], committed: AIOKafkaConsumer
) -> list[TopicPartition]:
    """Where a transaction is open: ours, if it hangs, or at times one that another unit is at."""
    topics = {place.topic for place in places}
    await learn_topics(committed, topics)
    async with _reader(settings, "read_uncommitted") as uncommitted:
        await learn_topics(uncommitted, topics)
        written = await uncommitted.end_offsets(places)
    decided = await committed.end_offsets(places)  # in this order: what ended is told
    return [place for place in places if decided[place] < written[place]]


async def _restore(part: Partition[S], committed: AIOKafkaConsumer) -> Restored:
    engine = part.engine

    def on_progress(done: int, total: int) -> None:
        part.phase = "restoring"
        part.restore_done, part.restore_total = done, total
        engine.observer.restoring(part.number, done, total)

    def on_bad(offset: int) -> None:
        engine.observer.bad_state(part.number, offset)

    part.store.open()
    hand_out_as_parsed(committed)
    restorer = Restorer(
        committed,
        part.store,
        engine.settings,
        part.number,
        on_progress=on_progress,
        on_bad=on_bad,
    )
    async with engine.restoring:
        return await restorer.run(trusted=part.trusted)


async def _bounds(
    consumer: AIOKafkaConsumer, topics: Iterable[str], partition: int
) -> dict[str, Bounds]:
    tps = [TopicPartition(topic, partition) for topic in topics]
    await learn_topics(consumer, {tp.topic for tp in tps})
    begins = await consumer.beginning_offsets(tps)
    ends = await consumer.end_offsets(tps)
    return {tp.topic: (begins[tp], ends[tp]) for tp in tps}


async def _agree(part: Partition[S], bounds: dict[str, Bounds]) -> dict[str, int]:
    """Where to start each topic. The state's own position wins; a contradiction is refused."""
    state = part.position.positions if part.position else {}
    recreated = await _recreated(part)
    group = await _settled_offsets(part, state)
    positions: dict[str, int] = {}
    part.group_differs = False
    for topic, (begin, end) in bounds.items():
        mine, theirs = state.get(topic), group.get(topic)
        if theirs is not None and theirs != (mine or 0) and not part.engine.settings.rebuild:
            raise PositionMismatchError(
                topic=topic, partition=part.number, group_offset=theirs, state_position=mine
            )
        position = begin if mine is None or topic in recreated else mine
        if position > end:
            if not part.engine.settings.rebuild:
                raise SourceShorterError(
                    topic=topic, partition=part.number, position=position, end=end
                )
            position = begin
        if position < begin:
            log.error(
                "%s/%d: records %d to %d were deleted before they could be read: they are lost",
                *(topic, part.number, position, begin - 1),
            )
            part.engine.observer.skipped(topic, part.number, begin - position)
            position = begin
        positions[topic] = position
        if mine is not None and theirs != position:
            part.group_differs = True  # expired, or set aside: replaced with the next commit
    return positions


async def _recreated(part: Partition[S]) -> set[str]:
    """Topics that are not those that the state was made of: refused without the flag."""
    known = part.engine.known
    found = await part.engine.reader.topics(part.tps)
    refusal = known.judge(found)
    if refusal is not None:
        raise refusal
    before = part.position.topics if part.position else {}
    ids = {topic: facts.id for topic, facts in found.items() if facts is not None}
    recreated = {topic for topic, now in ids.items() if before.get(topic, now) != now}
    if recreated and not part.engine.settings.rebuild:
        raise TopicRecreatedError(topic=", ".join(sorted(recreated)), partition=part.number)
    part.topics = before | ids
    return recreated


async def _settled_offsets(part: Partition[S], state: dict[str, int]) -> dict[str, int]:
    """The group's offsets. They can follow the end of a transaction by a moment: wait for them."""
    found: dict[str, int] = {}
    for _ in range(1 if part.engine.settings.rebuild else _OFFSETS_SETTLE_TRIES):
        offsets = await part.engine.reader.committed(part.tps.values())
        found = {tp.topic: offset for tp, offset in offsets.items()}
        if all(offset == state.get(topic, 0) for topic, offset in found.items()):
            break
        await asyncio.sleep(_OFFSETS_SETTLE_S)
    return found
