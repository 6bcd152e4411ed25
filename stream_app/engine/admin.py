"""Creating and checking topics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code

from .errors import TopicMismatchError
from .private_topics import ask_for_partitions
from .security import Security
from .settings import EngineSettings


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """A topic as it should be."""

    name: str
    partitions: int
    replication: int = 1
    config: Mapping[str, str] = field(default_factory=dict)


def changelog_spec(settings: EngineSettings) -> TopicSpec:
    """The engine's own topic: compacted, tombstones kept long enough for every local store."""
    return TopicSpec(
        settings.changelog,
        settings.partitions,
        settings.changelog_replication,
        {
            "cleanup.policy": "compact",
            "delete.retention.ms": str(settings.tombstone_retention_ms),
            "max.message.bytes": str(max(1 << 20, settings.max_record_bytes + 65_536)),
            "min.cleanable.dirty.ratio": "0.3",
            "segment.bytes": str(128 << 20),
            "message.timestamp.type": "CreateTime",
        },
    )


def admin_client(broker: str, security: Security | None = None) -> AIOKafkaAdminClient:
    """An admin client, not yet started."""
    return AIOKafkaAdminClient(bootstrap_servers=broker, **(security or Security()).client())


async def ensure_topics(
    broker: str, specs: Iterable[TopicSpec], security: Security | None = None
) -> None:
    """Create the topics that are missing; leaves those that exist as they are.

    Raises what the broker says, `TopicAlreadyExistsError` excepted.
    """
    client = admin_client(broker, security)
    await client.start()
    try:
        wanted = {spec.name: spec for spec in specs}
        found = await ask_for_partitions(client, wanted)
        missing = [spec for name, spec in wanted.items() if found[name] is None]
        if not missing:
            return
        answer = await client.create_topics(
            [
                NewTopic(
                    spec.name, spec.partitions, spec.replication, topic_configs=dict(spec.config)
                )
                for spec in missing
            ]
        )
        for name, code, *text in answer.topic_errors:
            error = for_code(code)
            if code and error is not TopicAlreadyExistsError:
                raise error(f"{name}: {text[0] if text else ''}")
    finally:
        await client.close()


async def check_topics(
    broker: str, names: Iterable[str], partitions: int, security: Security | None = None
) -> list[str]:
    """Names of topics that do not exist. Raises `TopicMismatchError` for a wrong count."""
    client = admin_client(broker, security)
    await client.start()
    try:
        found = await ask_for_partitions(client, names)
        for topic, count in found.items():
            if count not in (None, partitions):
                raise TopicMismatchError(topic=topic, found=count, expected=partitions)
        return [topic for topic, count in found.items() if count is None]
    finally:
        await client.close()
