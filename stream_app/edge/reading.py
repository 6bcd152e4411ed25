"""Whole topics read once, from their beginning to where they end now; committed records only."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final

import msgspec
import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from stream_app.contracts.erasure import ALL_BRANDS, Erasure
from stream_app.contracts.link import Link
from stream_app.contracts.own_lines import write_own_line
from stream_app.contracts.partitioner import partition_of
from stream_app.contracts.policy_record import policy_line
from stream_app.domain.keys import relationship_key
from stream_app.edge.log import KIND, Kind, header, recorded_ms
from stream_app.engine import Record

FETCH_BYTES = 4 << 20
_SKIPPED: Final = frozenset(
    kind.encode() for kind in (Kind.TICK, Kind.MERGE, Kind.UNLINK, Kind.FORWARDED)
)
"""What a replay does by itself."""
OWN: Final = _SKIPPED | {Kind.POLICY.encode(), Kind.LINK.encode(), Kind.ERASE.encode()}
"""Kinds of records that are no interactions of a publisher."""
_DECODERS: Final[dict[bytes | None, Any]] = {
    Kind.LINK.encode(): msgspec.msgpack.Decoder(Link).decode,
    Kind.ERASE.encode(): msgspec.msgpack.Decoder(Erasure).decode,
}


class NoSuchTopicError(Exception):
    """A topic is not there.
    Do: check --broker and --topic-prefix, or start the service (rapport worker)."""

    def __init__(self, topic: str) -> None:
        text = " ".join((type(self).__doc__ or "").split())
        super().__init__(f"{topic}: {text}")


async def read_topic(broker: str, topic: str) -> AsyncIterator[tuple[int, Record]]:
    """Partition count and record, in order within each partition.

    Raises NoSuchTopicError, or aiokafka's KafkaError if there is no broker.
    """
    count = await _partitions(broker, topic)
    reader = AIOKafkaConsumer(
        bootstrap_servers=broker,
        isolation_level="read_committed",
        enable_auto_commit=False,
        max_partition_fetch_bytes=FETCH_BYTES,
    )
    await reader.start()
    try:
        places = [TopicPartition(topic, number) for number in range(count)]
        reader.assign(places)
        await reader.seek_to_beginning(*places)
        ends = await reader.end_offsets(places)
        waiting = {place for place, end in ends.items() if end > 0}
        while waiting:
            for place, records in (await reader.getmany(timeout_ms=200)).items():
                for record in records:
                    if record.offset < ends[place]:
                        yield count, record
            waiting = {p for p in waiting if await reader.position(p) < ends[p]}
    finally:
        await reader.stop()


async def _partitions(broker: str, topic: str) -> int:
    admin = AIOKafkaAdminClient(bootstrap_servers=broker)
    await admin.start()
    try:
        [found] = await admin.describe_topics([topic])
    finally:
        await admin.close()
    if found["error_code"]:
        raise NoSuchTopicError(topic)
    return len(found["partitions"])


def own_line(record: Record, partitions: int) -> bytes | None:
    """A policy, a link or an erasure of the log as a line for a replay.

    None for what a replay does by itself, and for an erasure that concerns another partition.
    """
    kind = header(record.headers or (), KIND)
    if kind == Kind.POLICY.encode():
        return policy_line(record.value or b"", record.partition, record.timestamp)
    if kind not in _DECODERS:
        return None
    said = _DECODERS[kind](record.value or b"")
    if isinstance(said, Erasure) and (said.is_done or said.path):
        return None
    if isinstance(said, Erasure) and said.brand != ALL_BRANDS:
        key = relationship_key(said.brand, said.person).encode()
        if partition_of(key, partitions) != record.partition:
            return None
    return write_own_line(said, record.timestamp, record.partition)


def replay_line(record: Record, partitions: int, last: str = "person") -> bytes | None:
    """A record as a line for a replay; None for a tick or what was appended again.

    `last` is the field that its key ends with: `person` in the log, `method` of costs.
    """
    headers: Any = record.headers or ()
    kind = header(headers, KIND)
    if kind in OWN:
        return own_line(record, partitions)
    try:
        told = orjson.loads(record.value or b"")
        key = f"{told['brand']}/{told[last]}".encode()
    except (orjson.JSONDecodeError, TypeError, KeyError):
        return record.value
    if record.key != key or partition_of(key, partitions) != record.partition:
        return None
    return orjson.dumps({**told, "recorded_at": recorded_ms(headers, record.timestamp)})
