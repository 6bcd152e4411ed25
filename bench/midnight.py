"""A midnight at which many relationships lapse: how fast, and what other events feel of it."""

from __future__ import annotations

import asyncio
import time
import uuid

from bench import kafka
from bench.contestants import Run
from bench.delay import Probe, quantiles
from bench.engines import LOG_CONFIG, traces
from bench.events import lapsing
from bench.process import child, note, python
from bench.results import Section
from stream_app.domain.clock import DAY_MS

_BEFORE_S = 40
"""The first act of the flow brings the day before: what that has due must be over by then."""
_AFTER_S = 40
_LATENESS_MS = DAY_MS
_HOLDS_DAYS = 180
"""How long the default policy takes one act for attention."""


def measure(broker: str, *, relationships: int, rate: int, partitions: int) -> Section:
    """One worker, the whole model, default settings. Raises RuntimeError if not all lapse."""
    name = f"bench-{uuid.uuid4().hex[:8]}-midnight"
    topic = f"{name}-log"
    # By the flow's clock, midnight comes when `_BEFORE_S` have passed. That clock is behind ours.
    midnight_ms = int(time.time() * 1000) // DAY_MS * DAY_MS
    acts_ms = midnight_ms - _LATENESS_MS - _HOLDS_DAYS * DAY_MS
    with traces(broker, name) as folder:
        kafka.make(broker, topic, partitions, LOG_CONFIG)
        note(f"filling {relationships:,} relationships that lapse at one midnight")
        kafka.fill(broker, topic, partitions, lapsing(relationships, acts_ms))
        run = Run(broker, topic, "", name, folder, relationships, partitions)
        options = run.options(job="model", stay=True)
        with child("midnight", python("bench.peers.ours", options)) as worker:
            worker.wait_for("done", 120 + relationships / 1000)
            begin_ms = int(time.time() * 1000) + _BEFORE_S * 1000
            out = f"{name}-relationship.transitions"
            probe = Probe(broker, topic, out, partitions, midnight_ms - begin_ms)
            note(f"{rate} events/s, midnight in {_BEFORE_S} s")
            asyncio.run(probe.run(rate, _BEFORE_S + _AFTER_S))
    lapses = len(probe.silent_ms)
    if lapses < relationships:
        raise RuntimeError(f"{lapses} of {relationships} relationships lapsed")
    end_ms = max(probe.silent_ms)
    note(f"{lapses:,} lapses within {end_ms - begin_ms:.0f} ms of midnight")
    meanwhile = [delay for _, at_ms, delay in probe.delays() if begin_ms <= at_ms <= end_ms]
    return {
        "relationships": relationships,
        "rate": rate,
        "partitions": partitions,
        "lapses_per_s": 1000 * lapses / max(1.0, end_ms - begin_ms),
        "transitions": len(meanwhile),
        "ms": quantiles(meanwhile),
    }
