"""The topics of the service: their names, and the settings that they need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from stream_app.domain.clock import DAY_MS
from stream_app.engine import TopicSpec

MAX_MESSAGE_BYTES: Final = 2 << 20
"""Of every topic: a refused record of the default 1 MiB fits into its reject, Base64 and all."""

PRODUCER: Final[dict[str, Any]] = {
    "acks": "all",
    "enable_idempotence": True,
    "linger_ms": 5,
    "max_batch_size": 1 << 16,
    "max_request_size": MAX_MESSAGE_BYTES,
    "compression_type": "snappy",
}
"""How a publisher of much sets up aiokafka's producer."""


@dataclass(frozen=True, slots=True)
class Topics:
    """Names of all topics, with the prefix of this installation."""

    prefix: str = ""

    @property
    def log(self) -> str:
        """The one log: canonical interactions, and what the service appends itself."""
        return f"{self.prefix}social.interactions"

    @property
    def transitions(self) -> str:
        """Changes of stage."""
        return f"{self.prefix}relationship.transitions"

    @property
    def rejects(self) -> str:
        """Every refused record."""
        return f"{self.prefix}relationship.rejects"

    @property
    def states(self) -> str:
        """The latest public view of each relationship."""
        return f"{self.prefix}relationship.states"

    @property
    def costs(self) -> str:
        """What methods cost."""
        return f"{self.prefix}social.costs"

    @property
    def links(self) -> str:
        """Which ids are one person."""
        return f"{self.prefix}relationship.links"

    @property
    def erasures(self) -> str:
        """Whom to forget."""
        return f"{self.prefix}relationship.erasures"

    @property
    def methods(self) -> str:
        """Method reports."""
        return f"{self.prefix}relationship.methods"

    @property
    def deltas(self) -> str:
        """Internal: what slices of the log add to the rows of methods."""
        return f"{self.prefix}rapport.method-deltas"

    @property
    def written(self) -> tuple[str, ...]:
        """All that the service writes to, but for what is compacted."""
        return (
            *(self.log, self.transitions, self.rejects),
            *(self.costs, self.methods, self.deltas),
        )

    def raw(self, platform: str) -> str:
        """A platform's deliveries as they came."""
        return f"{self.prefix}social.raw.{platform}"


@dataclass(frozen=True, slots=True)
class Retention:
    """How long topics keep their records, in days."""

    log_days: int = 400
    raw_days: int = 7
    transitions_days: int = 90
    methods_days: int = 400
    internal_days: int = 7
    rejects_days: int = 14


def specs(
    topics: Topics,
    platforms: tuple[str, ...],
    *,
    partitions: int,
    replication: int,
    retention: Retention,
) -> list[TopicSpec]:
    """Every topic as the service wants it.

    What publishers write gets the broker's time: a wrong clock cannot vouch for itself.
    """

    def spec(name: str, days: int | None, time_type: str) -> TopicSpec:
        """Kept for so many days, or compacted."""
        config = {
            "cleanup.policy": "compact" if days is None else "delete",
            "message.timestamp.type": time_type,
            "max.message.bytes": str(MAX_MESSAGE_BYTES),
        }
        if days is not None:
            config["retention.ms"] = str(days * DAY_MS)
        return TopicSpec(name, partitions, replication, config)

    return [
        spec(topics.log, retention.log_days, "LogAppendTime"),
        spec(topics.transitions, retention.transitions_days, "CreateTime"),
        spec(topics.rejects, retention.rejects_days, "CreateTime"),
        spec(topics.states, None, "CreateTime"),
        spec(topics.costs, retention.log_days, "LogAppendTime"),
        spec(topics.links, retention.internal_days, "LogAppendTime"),
        spec(topics.erasures, retention.internal_days, "LogAppendTime"),
        spec(topics.methods, retention.methods_days, "CreateTime"),
        spec(topics.deltas, retention.internal_days, "CreateTime"),
        *(spec(topics.raw(name), retention.raw_days, "LogAppendTime") for name in platforms),
    ]
