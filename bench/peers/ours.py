"""Our worker under the meter: the small job, or the whole relationship model."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.peers.meter import Meter, say
from bench.small_job import StageJob
from stream_app.bootstrap import build_app, prepare_topics
from stream_app.config import ServiceSettings
from stream_app.contracts.policy import load_policy
from stream_app.edge.topics import Topics
from stream_app.engine import EngineSettings
from stream_app.engine.app import create_app, run_worker
from stream_app.engine.private import LaneApp


class Watch:
    """Stands before the engine's observer, times the run, and ends it if it is asked to."""

    def __init__(
        self,
        engine: Any,
        topic: str,
        events: int,
        partitions: int,
        *,
        ends: bool,
        progress: bool = False,
    ) -> None:
        self._inner = engine.observer
        self._engine, self._topic = engine, topic
        self._meter = Meter(events)
        self._committed = 0
        self._closed = partitions
        self._restored = 0
        self._ends = ends
        self._progress = progress
        self._assigned_s = time.time()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def batch(self, topic: str, partition: int, records: int, last_timestamp_ms: int) -> None:
        if topic == self._topic:  # not what the service sends to itself
            self._meter.saw(records)
        self._inner.batch(topic, partition, records, last_timestamp_ms)

    def committed(self, partition: int, records: int, seconds: float, size_bytes: int) -> None:
        self._inner.committed(partition, records, seconds, size_bytes)
        parts = self._engine.partitions.values()
        if self._progress:
            self._meter.progress({p.number: p.committed.get(self._topic, 0) for p in parts})
        before = self._committed
        self._committed = sum(part.committed.get(self._topic, 0) for part in parts)
        if before < self._meter.events <= self._committed:
            self._meter.report()
            if self._ends:
                os.kill(os.getpid(), signal.SIGTERM)

    def rebalanced(self, partitions: int) -> None:
        self._assigned_s = time.time()
        self._inner.rebalanced(partitions)

    def restored(self, partition: int, records: int, seconds: float) -> None:
        self._inner.restored(partition, records, seconds)
        self._restored += records
        self._closed -= 1
        if self._closed == 0:
            now_s = time.time()
            say("open", at_s=now_s, records=self._restored, restore_s=now_s - self._assigned_s)


@dataclass(frozen=True, slots=True)
class SharedLog(Topics):
    """A log that several runs read, each with outputs of its own."""

    shared: str = ""

    @property
    def log(self) -> str:
        return self.shared


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchSettings(ServiceSettings):
    """The service's settings, with a log that was filled before."""

    log_topic: str

    @property
    def topics(self) -> Topics:
        return SharedLog(self.topic_prefix, self.log_topic)


def small(options: dict[str, Any]) -> LaneApp:
    """The peers' job on our engine."""
    settings = EngineSettings(
        app_id=options["run"],
        broker=options["broker"],
        partitions=options["partitions"],
        data_dir=Path(options["folder"]),
        **options.get("engine", {}),
    )
    return create_app(settings, StageJob(options["out"]), [options["topic"]])


def model(options: dict[str, Any]) -> LaneApp:
    """The service, as `rapport worker` builds it."""
    settings = BenchSettings(
        broker=options["broker"],
        platforms=tuple(options.get("platforms", ())),
        application_id=options["run"],
        topic_prefix=f"{options['run']}-",
        partitions=options["partitions"],
        data_dir=Path(options["folder"]),
        web_port=0,
        log_topic=options["topic"],
        idle_ticks=False,  # they follow the clock on the wall: a slow machine would get some
        **options.get("service", {}),
    )
    asyncio.run(prepare_topics(settings))
    return build_app(settings, load_policy(None))


def main(options: dict[str, Any]) -> None:
    """Run until all events are committed, or until SIGTERM with `stay`."""
    logging.basicConfig(level=logging.WARNING)
    app = model(options) if options["job"] == "model" else small(options)
    engine = app.engine
    engine.observer = Watch(
        engine,
        options["topic"],
        options["events"],
        options["partitions"],
        ends=not options.get("stay"),
        progress=bool(options.get("progress")),
    )
    run_worker(app, loglevel="WARN")


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
