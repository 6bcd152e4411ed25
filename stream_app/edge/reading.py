"""Whole topics read once, from their beginning to where they end now; committed records only."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, Protocol

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition

from stream_app.contracts.logged import LoggedLine, write_logged
from stream_app.contracts.partitioner import partition_of
from stream_app.contracts.policy_record import policy_line
from stream_app.edge.counts import partition_counts
from stream_app.edge.log import (
    KIND,
    NO_INTERACTIONS,
    PATH,
    PERSON,
    Kind,
    header,
    recorded_ms,
)
from stream_app.engine import Record
from stream_app.engine.private_fetch import hand_out_as_parsed

FETCH_BYTES = 4 << 20
OWN: Final = NO_INTERACTIONS | {Kind.FORWARDED.encode()}
"""Kinds of records that are no interactions as a publisher sent them."""


class ReadRecord(Record, Protocol):
    """A record and its partition, as a consumer gives it."""

    @property
    def partition(self) -> int: ...


class _Placed(NamedTuple):
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


async def read_topic(
    broker: str, topic: str, client: Mapping[str, Any] | None = None
) -> AsyncIterator[tuple[int, ReadRecord]]:
    """Partition count and record, in order within each partition.

    `client`: keyword arguments of aiokafka's clients, encryption and credentials. Raises
    NoSuchTopicError, aiokafka's KafkaError if there is no broker, or the engine's
    BatchDamagedError.
    """
    client = client or {}
    count = (await partition_counts(broker, [topic], client))[topic]
    reader = AIOKafkaConsumer(
        bootstrap_servers=broker,
        isolation_level="read_committed",
        enable_auto_commit=False,
        max_partition_fetch_bytes=FETCH_BYTES,
        **client,
    )
    try:
        await reader.start()
        hand_out_as_parsed(reader)
        places = [TopicPartition(topic, number) for number in range(count)]
        reader.assign(places)
        await reader.seek_to_beginning(*places)
        ends = await reader.end_offsets(places)
        waiting = {place for place, end in ends.items() if end > 0}
        while waiting:
            for place, records in (await reader.getmany(timeout_ms=200)).items():
                number, end = place.partition, ends[place]
                for one in records:
                    if one.offset < end:
                        yield (
                            count,
                            _Placed(
                                number, one.offset, one.timestamp, one.key, one.value, one.headers
                            ),
                        )
            waiting = {p for p in waiting if await reader.position(p) < ends[p]}
    finally:
        await reader.stop()


def own_line(record: ReadRecord) -> bytes | None:
    """A record that the service appended as a line for a replay; None for a tick."""
    headers: Any = record.headers or ()
    kind = header(headers, KIND) or b""
    if kind == Kind.TICK.encode():
        return None
    value, number = record.value or b"", record.partition
    if kind == Kind.POLICY.encode():
        return policy_line(value, number, record.timestamp)
    line = LoggedLine(kind.decode(), number, record.offset, record.timestamp, value)
    if kind == Kind.FORWARDED.encode():
        line.recorded_at = recorded_ms(headers, record.timestamp)
        line.headers = [pair for pair in headers if pair[0] not in (KIND, PERSON, PATH)]
        line.person = (header(headers, PERSON) or b"").decode()
        line.path = tuple(orjson.loads(header(headers, PATH) or b"[]"))
    return write_logged(line)


def replay_line(record: ReadRecord, partitions: int, last: str = "person") -> bytes | None:
    """A record as a line for a replay; None for a tick or what was appended again.

    `last` is the field that its key ends with: `person` in the log, `method` of costs.
    """
    headers: Any = record.headers or ()
    kind = header(headers, KIND)
    if kind in OWN:
        return own_line(record)
    try:
        told = orjson.loads(record.value or b"")
        key = f"{told['brand']}/{told[last]}".encode()
    except (orjson.JSONDecodeError, TypeError, KeyError):
        return record.value
    if record.key != key or partition_of(key, partitions) != record.partition:
        return None
    return orjson.dumps({**told, "recorded_at": recorded_ms(headers, record.timestamp)})
