"""Where the microseconds of our own code go, without Kafka: for whoever makes it faster."""

from __future__ import annotations

import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from bench.engines import PARTITIONS, rows
from bench.events import Keys
from bench.peers.ours import BenchSettings
from bench.process import HOME
from bench.small_job import StageJob
from stream_app.bootstrap import build_app
from stream_app.contracts.policy import load_policy
from stream_app.edge.offline import Record
from stream_app.engine import Job, Unit, partition_of
from stream_app.engine.app import tune_garbage_collector
from stream_app.engine.positions import Position
from stream_app.engine.store import Store, StoreMemory

SLICE = 4_000
COMMIT = 20_000
STEPS = ("process", "snapshot", "store")
WRITTEN = ("changelog records", "output records", "bytes")


@dataclass
class Costs:
    """CPU seconds by step, and what was written."""

    process: float = 0.0
    snapshot: float = 0.0
    store: float = 0.0
    written: dict[str, int] = field(default_factory=lambda: dict.fromkeys(WRITTEN, 0))


def measure(job: Literal["small", "model"], keys: Keys, events: int) -> dict[str, float]:
    """Per event: microseconds of each step, records and bytes written; of one partition in four."""
    folder = HOME / "runs" / f"core-{uuid.uuid4().hex[:8]}"
    records = _records(job, keys, events)
    store = Store(folder, StoreMemory(64 << 20, 64 << 20, PARTITIONS))
    store.open()
    try:
        costs = _run(_job(job, folder), store, records)
    finally:
        store.close()
        shutil.rmtree(folder, ignore_errors=True)
    count = len(records)
    return {
        **{f"{step}, us": 1e6 * getattr(costs, step) / count for step in STEPS},
        **{name: number / count for name, number in costs.written.items()},
    }


def _records(job: str, keys: Keys, events: int) -> list[Record]:
    now_ms = int(time.time() * 1000)
    kind: Literal["stage", "interactions"] = "stage" if job == "small" else "interactions"
    return [
        Record("log", 0, offset, now_ms, key, value)
        for offset, (key, value) in enumerate(rows(kind, keys, events))
        if partition_of(key, PARTITIONS) == 0
    ]


def _job(job: str, folder: Path) -> Job[Any]:
    if job == "small":
        return StageJob("out")
    settings = BenchSettings(
        broker="nowhere:1",
        platforms=(),
        application_id="core",
        topic_prefix="core-",
        partitions=PARTITIONS,
        data_dir=folder,
        web_port=0,
        log_topic="log",
    )
    return build_app(settings, load_policy(None)).engine.job


def _run(job: Job[Any], store: Store, records: list[Record]) -> Costs:
    unit: Unit[Any] = Unit(0, store, job.codec, partitions=PARTITIONS, cache_states=50_000)
    unit.reset(b"")
    job.open(unit)
    tune_garbage_collector()
    costs, position, end = Costs(), None, 0
    for begin in range(0, len(records), COMMIT):
        with _timed(costs, "process"):
            for at in range(begin, min(begin + COMMIT, len(records)), SLICE):
                job.process(unit, "log", records[at : at + SLICE])
        position, end = _commit(unit, store, costs, position, end)
    return costs


def _commit(
    unit: Unit[Any], store: Store, costs: Costs, position: Position | None, end: int
) -> tuple[Position, int]:
    with _timed(costs, "snapshot"):
        snapshot = unit.snapshot({}, position)
    end += len(snapshot.changelog) + 1
    with _timed(costs, "store"):
        store.write(snapshot.changelog, end, end - 2)
    unit.written()
    outputs = sum(map(len, snapshot.outputs.values()))
    for name, count in zip(
        WRITTEN, (len(snapshot.changelog), outputs, snapshot.size_bytes), strict=True
    ):
        costs.written[name] += count
    return snapshot.position, end


@contextmanager
def _timed(costs: Costs, step: str) -> Iterator[None]:
    started_s = time.process_time()
    yield
    setattr(costs, step, getattr(costs, step) + time.process_time() - started_s)
