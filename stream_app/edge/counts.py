"""How many partitions topics have, for who publishes to them or reads them from outside."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient

from stream_app.engine import ask_for_partitions
from stream_app.errors import OperatorError

PATIENCE_S: Final = 3.0
"""How long a broker may take to hear of a topic that was just created."""


class NoSuchTopicError(OperatorError):
    """A topic is not there.
    Do: check --broker and --topic-prefix, or start the service (rapport worker): it makes them."""

    def __init__(self, topic: str) -> None:
        super().__init__(f"{topic}:")


async def partition_counts(
    broker: str, topics: Iterable[str], client: Mapping[str, Any]
) -> dict[str, int]:
    """Partitions of each topic; none is made by asking for it.

    `client`: keyword arguments of aiokafka's clients, encryption and credentials. Raises
    NoSuchTopicError, or aiokafka's KafkaError for what else the broker says or if there is none.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=broker, **client)
    deadline = time.monotonic() + PATIENCE_S
    names = list(topics)
    try:
        await admin.start()
        while True:
            found = await ask_for_partitions(admin, names)
            counts = {topic: count for topic, count in found.items() if count is not None}
            if len(counts) == len(found):
                return counts
            if time.monotonic() > deadline:
                raise NoSuchTopicError(next(topic for topic in names if topic not in counts))
            await asyncio.sleep(0.1)
    finally:
        await admin.close()
