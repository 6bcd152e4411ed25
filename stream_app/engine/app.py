"""The Faust app around the engine."""

from __future__ import annotations

import gc
import logging
import zlib
from collections.abc import AsyncIterable, Sequence
from typing import Any, TypeVar

from yarl import URL

from .batch import Batch, BatchScheduler
from .disk import allow_many_files
from .engine import Engine
from .job import Job
from .logs import set_up_logging
from .observer import Observer
from .private import LaneApp, LaneTableManager, LaneWorker
from .settings import EngineSettings
from .table import StateTable

S = TypeVar("S")

_BATCHES_QUEUED = 8


def _faust_options(settings: EngineSettings) -> dict[str, Any]:
    """What Faust must be told, and what it must leave alone."""
    known_as: dict[str, Any] = {}
    if settings.instance_id is not None:
        # A member with a name gets its old assignment back, and with it the address that it gave
        # then. Faust refuses one that is not its own: so it must not change with host or port.
        known_as["canonical_url"] = URL.build(scheme="http", host=_host(settings.instance_id))
    return known_as | {
        "broker": [URL(f"kafka://{host.strip()}") for host in settings.broker.split(",")],
        "broker_credentials": settings.security.faust(),
        "store": "memory://",
        "datadir": str(settings.data_dir),
        "topic_partitions": settings.partitions,
        "topic_replication_factor": settings.changelog_replication,
        "topic_disable_leader": True,
        "table_standby_replicas": settings.standbys,
        "topic_allow_declare": False,
        "broker_max_poll_records": settings.max_poll_records,
        "broker_session_timeout": settings.session_timeout_ms / 1000,
        "broker_heartbeat_interval": settings.session_timeout_ms / 4000,
        "broker_rebalance_timeout": settings.rebalance_timeout_ms / 1000,
        "broker_request_timeout": 40.0,
        "broker_commit_interval": 60.0,
        "stream_wait_empty": False,
        "stream_buffer_maxsize": _BATCHES_QUEUED,
        "stream_recovery_delay": 0.0,
        "web_enabled": settings.web_port > 0,
        "web_in_thread": True,  # health must answer while a handler hangs
        "web_host": settings.web_host,
        "web_bind": settings.web_host,
        "web_port": settings.web_port or 6066,
        "ConsumerScheduler": BatchScheduler,
        "TableManager": LaneTableManager,
        "Table": StateTable,
    }


def _host(instance_id: str) -> str:
    """A name for a member that is a host's name in form; nobody asks there."""
    return f"{zlib.crc32(instance_id.encode()):08x}.member.invalid"


def create_app(
    settings: EngineSettings,
    job: Job[S],
    sources: Sequence[str],
    *,
    observer: Observer | None = None,
    **faust_options: Any,
) -> LaneApp:
    """A Faust app whose one agent feeds every source to the job.

    `app.engine` is the engine. More agents, timers and web pages may be added as to any Faust app;
    what they send is outside of the transactions. `faust_options` go to `faust.App`.
    """
    allow_many_files()
    app = LaneApp(settings.app_id, **(_faust_options(settings) | faust_options))
    engine: Engine[S] = Engine(app, settings, job, sources, observer)
    app.engine = engine
    app.Table("state", help="States of the engine's job.")
    topic = app.topic(
        *sources,
        key_type=bytes,
        value_type=bytes,
        key_serializer="raw",
        value_serializer="raw",
        acks=False,
    )

    @app.agent(topic, name=f"{settings.app_id}.engine")
    async def feed(batches: AsyncIterable[Batch]) -> None:
        async for batch in batches:
            await engine.feed(batch)

    return app


def tune_garbage_collector() -> None:
    """Call once when everything is imported and built.

    Python's collector walks all live objects again and again: with a cache of many states that
    doubles the cost of an event. So it looks at young objects only, twice; those that are still
    there then are states, which are in no cycle, and it looks at them no more.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 10, 1_000)
    gc.callbacks.append(_freeze_the_old)


def _freeze_the_old(phase: str, info: dict[str, int]) -> None:
    if phase == "stop" and info["generation"] >= 1:
        gc.freeze()


def run_worker(app: LaneApp, *, loglevel: str = "INFO", **worker_options: Any) -> None:
    """Run until SIGTERM, SIGINT or a failure; ends the process by SystemExit, 0 if all was well."""
    tune_garbage_collector()
    set_up_logging(loglevel)
    logging.captureWarnings(True)
    worker = LaneWorker(
        app,
        loglevel=loglevel,
        override_logging=False,
        redirect_stdouts=False,
        debug=False,
        quiet=True,
        **worker_options,
    )
    worker.spinner = None
    worker.execute_from_commandline()
