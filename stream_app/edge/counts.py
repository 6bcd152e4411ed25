"""How many partitions topics have, for who publishes to them or reads them from outside."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import NoError, UnknownTopicOrPartitionError, for_code

from stream_app.errors import OperatorError

PATIENCE_S: Final = 3.0
"""How long a broker may take to hear of a topic that was just created, or of its new leader."""


class NoSuchTopicError(OperatorError):
    """A topic is not there.
    Do: check --broker and --topic-prefix, or start the service (rapport worker): it makes them."""

    def __init__(self, topic: str) -> None:
        super().__init__(f"{topic}:")


async def partition_counts(
    broker: str, topics: Iterable[str], client: Mapping[str, Any]
) -> dict[str, int]:
    """Partitions of each topic; none is created by asking for it.

    `client`: keyword arguments of aiokafka's clients, encryption and credentials. Raises
    NoSuchTopicError, or aiokafka's KafkaError for what else the broker says or if there is none.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=broker, **client)
    deadline = time.monotonic() + PATIENCE_S
    try:
        await admin.start()
        while True:
            found = await admin.describe_topics(list(topics))
            errors = {one["topic"]: for_code(one["error_code"]) for one in found}
            failed = {topic: error for topic, error in errors.items() if error is not NoError}
            if not failed:
                return {one["topic"]: len(one["partitions"]) for one in found}
            late = time.monotonic() > deadline
            for topic, error in failed.items():
                if late and error is UnknownTopicOrPartitionError:
                    raise NoSuchTopicError(topic)
                if late or not error.retriable:
                    raise error(topic)
            await asyncio.sleep(0.1)
    finally:
        await admin.close()
