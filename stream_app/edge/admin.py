"""Topics at start: those that are missing are created, those that exist are checked."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from typing import Final

from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import (
    BrokerResponseError,
    ClusterAuthorizationFailedError,
    InvalidConfigurationError,
    InvalidPartitionsError,
    InvalidReplicationFactorError,
    InvalidTopicError,
    KafkaError,
    NodeNotReadyError,
    PolicyViolationError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)

from stream_app.engine import Security, TopicSpec, admin_client, check_topics, ensure_topics
from stream_app.errors import OperatorError

log = logging.getLogger(__name__)

PATIENCE_S: Final = 60.0
"""How long a broker may take to come up."""
TOLD_EVERY_S: Final = 10.0
"""Between two lines that say it is waited for."""

REFUSALS: Final = (
    ClusterAuthorizationFailedError,
    InvalidConfigurationError,
    InvalidPartitionsError,
    InvalidTopicError,
    PolicyViolationError,
    TopicAuthorizationFailedError,
)
"""Answers that will be the same however often one asks."""

CHECKED: Final = ("cleanup.policy", "message.timestamp.type")
"""Settings of an existing topic that must be as wanted: with others, events or state get lost."""


class TopicSettingError(OperatorError):
    """A topic exists with a setting that would lose events or state.
    Do: change the setting (kafka-configs --alter --entity-type topics), or use other topics
    (--topic-prefix)."""

    def __init__(self, topic: str, setting: str, found: str, wanted: str) -> None:
        super().__init__(f"{topic}: {setting} is {found!r}, must be {wanted!r}.")


class TopicRefusedError(OperatorError):
    """The broker refuses to create a topic.
    Do: change what it does not take (--replication and --partitions count for new topics,
    --topic-prefix is in their names), give this user the rights, or create the topics yourself."""

    def __init__(self, error: BrokerResponseError) -> None:
        told = ", ".join(str(one) for one in error.args).rstrip(".")
        super().__init__(f"{type(error).__name__}: {told}.")


class TooFewBrokersError(TopicRefusedError):
    """Do: start with a --replication (RAPPORT_REPLICATION) that is not above the number of
    brokers."""


class NoBrokerError(OperatorError):
    """There is no Kafka to be reached.
    Do: start it, or name it (--broker host:port, RAPPORT_BROKER)."""

    def __init__(self, broker: str, last: Exception) -> None:
        super().__init__(f"{broker}: {type(last).__name__}.")


class UnreachableBrokerError(NoBrokerError):
    """Kafka answers there, but tells an address of its brokers that cannot be reached from here.
    Do: set their advertised.listeners to names and ports that this machine can reach."""


async def prepare_topics(
    broker: str,
    specs: list[TopicSpec],
    partitions: int,
    *,
    security: Security | None = None,
) -> None:
    """Create what is missing and check the rest; waits up to `PATIENCE_S` for the broker.

    Raises TopicSettingError or the engine's TopicMismatchError, which name the topic, what was
    found and what was expected, or TopicRefusedError, or NoBrokerError.
    """
    deadline = time.monotonic() + PATIENCE_S
    told_at = -TOLD_EVERY_S
    while True:
        try:
            return await _prepare(broker, specs, partitions, security)
        except InvalidReplicationFactorError as error:
            raise TooFewBrokersError(error) from error
        except REFUSALS as error:
            raise TopicRefusedError(error) from error
        except KafkaError as error:
            if time.monotonic() > deadline:
                # Who answers and then cannot be reached has told a wrong address.
                answers = isinstance(error, NodeNotReadyError)
                kind = UnreachableBrokerError if answers else NoBrokerError
                raise kind(broker, error) from error
            if time.monotonic() - told_at >= TOLD_EVERY_S:
                told_at = time.monotonic()
                log.warning("waiting for the broker at %s: %s", broker, type(error).__name__)
        await asyncio.sleep(1.0)


async def _prepare(
    broker: str, specs: list[TopicSpec], partitions: int, security: Security | None
) -> None:
    await ensure_topics(broker, specs, security)
    missing = await check_topics(broker, [spec.name for spec in specs], partitions, security)
    if missing:  # a broker hears of what was created a little later
        raise UnknownTopicOrPartitionError(", ".join(missing))
    found = await _configs(broker, [spec.name for spec in specs], security)
    for spec in specs:
        for setting in CHECKED:
            wanted, is_set = spec.config[setting], found.get(spec.name, {}).get(setting)
            if is_set is not None and is_set != wanted:
                raise TopicSettingError(spec.name, setting, is_set, wanted)


async def _configs(
    broker: str, names: list[str], security: Security | None
) -> Mapping[str, Mapping[str, str]]:
    client = admin_client(broker, security)
    await client.start()
    try:
        asked = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
        configs: dict[str, dict[str, str]] = {}
        for answer in await client.describe_configs(asked):
            for _code, _text, _type, name, entries in answer.resources:
                configs[name] = {entry[0]: entry[1] for entry in entries}
        return configs
    finally:
        await client.close()
