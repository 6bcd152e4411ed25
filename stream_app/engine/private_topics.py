"""Which topics there are, and their ids: so one is told that was deleted and created anew.

aiokafka asks in an older version of the protocol, which has no ids, and for one topic at a time.
"""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import IncompatibleBrokerVersion, for_code
from aiokafka.protocol.abstract import AbstractType
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.metadata import MetadataRequest
from aiokafka.protocol.types import (
    Boolean,
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Schema,
    TaggedFields,
)

_KEY = 3
_VERSION = 11  # since Kafka 2.8
_UNKNOWN_TOPIC = 3
_SERVES = (0, 5)  # 5: a partition has no leader just now


class Topic(NamedTuple):
    """A topic as a broker knows it."""

    partitions: int
    id: bytes
    """Drawn when it was created."""


class _Id(AbstractType[bytes]):  # type: ignore[misc]
    @classmethod
    def encode(cls, value: bytes) -> bytes:
        return value

    @classmethod
    def decode(cls, data: BytesIO) -> bytes:
        return data.read(16)


_TAGS = ("tags", TaggedFields)
_TEXT = CompactString("utf-8")


class _Answer(Response):  # type: ignore[misc]
    API_KEY = _KEY
    API_VERSION = _VERSION
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "brokers",
            CompactArray(
                ("node_id", Int32), ("host", _TEXT), ("port", Int32), ("rack", _TEXT), _TAGS
            ),
        ),
        ("cluster_id", _TEXT),
        ("controller_id", Int32),
        (
            "topics",
            CompactArray(
                ("error_code", Int16),
                ("name", _TEXT),
                ("topic_id", _Id),
                ("is_internal", Boolean),
                (
                    "partitions",
                    CompactArray(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", CompactArray(Int32)),
                        ("isr", CompactArray(Int32)),
                        ("offline", CompactArray(Int32)),
                        _TAGS,
                    ),
                ),
                ("authorized_operations", Int32),
                _TAGS,
            ),
        ),
        _TAGS,
    )


class _Question(RequestStruct):  # type: ignore[misc]
    API_KEY = _KEY
    API_VERSION = _VERSION
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = _Answer
    SCHEMA = Schema(
        ("topics", CompactArray(("topic_id", _Id), ("name", _TEXT), _TAGS)),
        ("allow_auto_topic_creation", Boolean),
        ("include_topic_authorized_operations", Boolean),
        _TAGS,
    )


class _Ask(Request[_Question]):  # type: ignore[misc]
    API_KEY = _KEY

    def __init__(self, names: Iterable[str]) -> None:
        self._names = list(names)

    def build(self, request_struct_class: type[_Question]) -> _Question:
        return request_struct_class(
            [(bytes(16), name, {}) for name in self._names], False, False, {}
        )


async def ask_for_topics(
    consumer: AIOKafkaConsumer, names: Iterable[str]
) -> dict[str, Topic | None]:
    """Those that exist, and None for those that do not; nothing of what may not be seen.

    Empty if the broker is too old to know ids. Raises aiokafka's KafkaError.
    """
    client: Any = consumer._client
    try:
        answer = await client.send(client.get_random_node(), _Ask(names))
    except (IncompatibleBrokerVersion, NotImplementedError):
        return {}
    found: dict[str, Topic | None] = {}
    for code, name, topic_id, _internal, partitions, *_rest in answer.topics:
        if code in _SERVES:
            found[name] = Topic(len(partitions), topic_id)
        elif code == _UNKNOWN_TOPIC:
            found[name] = None
    return found


async def ask_for_partitions(
    admin: AIOKafkaAdminClient, names: Iterable[str]
) -> dict[str, int | None]:
    """How many partitions each has, None for those that do not exist. None is made by asking.

    By default Kafka makes what it is asked for, and aiokafka does not tell it not to. Raises
    KafkaError, also for a topic that may not be seen and for a name that is none.
    """
    asked = MetadataRequest(list(names), allow_auto_topic_creation=False)
    answer: Any = await admin._send_request(asked)
    found: dict[str, int | None] = {}
    for one in answer.to_object()["topics"]:
        code, name = one["error_code"], one["topic"]
        if code not in (*_SERVES, _UNKNOWN_TOPIC):
            raise for_code(code)(name)
        found[name] = None if code == _UNKNOWN_TOPIC else len(one["partitions"])
    return found


async def learn_topics(consumer: AIOKafkaConsumer, names: Iterable[str]) -> None:
    """Look all of them up at once, and know them until the next `assign`.

    Asked for offsets of topics that it does not know, aiokafka learns of one and waits for 100 ms,
    and so on. With seven topics that was three quarters of the time in which a unit opens.
    """
    client: Any = consumer._client
    await client.set_topics(list(names))
