"""`/metrics`, `/health` and `/ready`, on Faust's own web server."""

from __future__ import annotations

import time
from typing import Any

from faust.web import Request, Response, View

from stream_app.engine import PartitionHealth
from stream_app.engine.private import LaneApp
from stream_app.observability.health import report
from stream_app.observability.metrics import Metrics

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Observed:
    """Passes on to the metrics what the engine tells, and what only the edge has: the time."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def __getattr__(self, name: str) -> Any:
        return getattr(self._metrics, name)

    def batch(self, topic: str, partition: int, records: int, last_timestamp_ms: int) -> None:
        """A slice was processed: how old was its newest record?"""
        self._metrics.batch(topic, partition, records, last_timestamp_ms)
        self._metrics.aged(time.time() * 1000 - last_timestamp_ms)

    def skipped(self, topic: str, partition: int, records: int) -> None:
        """Source records were gone before they could be read."""
        self._metrics.skipped_records(records)

    def refused(self, topic: str, partition: int, offset: int) -> None:
        """The job counts its refusals itself."""


def health(app: LaneApp) -> dict[str, Any]:
    """The state of the worker and of each of its partitions."""
    engine = app.engine.health()
    return report(
        engine.state,
        engine.reason,
        engine.handler_busy_ms,
        {number: _partition(part) for number, part in engine.partitions.items()},
        {
            number: {"phase": copy.phase, "lag_records": copy.behind}
            for number, copy in engine.standbys.items()
        },
        broker_silent_ms=engine.broker_silent_ms,
        session_timeout_ms=app.engine.settings.session_timeout_ms,
    )


def _partition(part: PartitionHealth) -> dict[str, Any]:
    waiting = {
        topic: max(0, end - part.positions.get(topic, end)) for topic, end in part.ends.items()
    }
    return {
        "phase": part.phase,
        "lag_records": sum(waiting.values()),
        "restored_records": part.restore_done,
        "to_restore_records": part.restore_total,
        "failures_in_a_row": part.failures_in_a_row,
        "stalled_ms": part.since_progress_ms,
    }


def mount(app: LaneApp, metrics: Metrics) -> None:
    """Add the pages to the app."""

    @app.page("/metrics")
    async def show_metrics(view: View, request: Request) -> Response:
        app.engine.report_positions()  # also while nothing is processed
        found = health(app)
        metrics.set_state(found["state"])
        metrics.set_health(ready=found["ready"], broker_silent_s=found["broker_silent_ms"] / 1000)
        return view.bytes(metrics.expose(), headers={"Content-Type": METRICS_TYPE})

    @app.page("/health")
    async def show_health(view: View, request: Request) -> Response:
        found = health(app)
        return view.json(found, status=503 if found["state"] == "failed" else 200)

    @app.page("/ready")
    async def show_ready(view: View, request: Request) -> Response:
        found = health(app)
        return view.json(found, status=200 if found["ready"] else 503)
