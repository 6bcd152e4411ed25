"""The worker's job on a store, without Kafka: for a compiler to watch, the benchmark, and tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from stream_app.domain.policy import Policy
from stream_app.edge.facts import Facts, NoFacts
from stream_app.edge.job import RelationshipJob
from stream_app.edge.states import State
from stream_app.edge.topics import Topics
from stream_app.engine import Unit
from stream_app.engine.store import Store
from stream_app.engine.unit import Output

TOPICS = Topics()
APPLICATION = "offline"


class Record(NamedTuple):
    """A record as the job reads it."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()


def job_of(
    policy: Policy,
    started_ms: int,
    *,
    partitions: int,
    raw_topics: Mapping[str, str] | None = None,
    facts: Facts | None = None,
    seen_limit: int = 100,
) -> RelationshipJob:
    """A worker's job, to which nothing happens by itself."""
    return RelationshipJob(
        policy,
        TOPICS,
        raw_topics or {},
        facts or NoFacts(),
        application_id=APPLICATION,
        partitions=partitions,
        idle_ticks=False,
        seen_limit=seen_limit,
        started_ms=started_ms,
    )


def commit(unit: Unit[State], store: Store) -> Mapping[tuple[str, int], list[Output]]:
    """As the engine does it: what was written is there, all or nothing. Gives the outputs."""
    snapshot = unit.snapshot({}, None)
    store.write(snapshot.changelog, 10, 8)
    unit.written()
    return snapshot.outputs
