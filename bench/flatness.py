"""Whether an event costs the same after ten million as after one."""

from __future__ import annotations

import uuid

from bench import kafka
from bench.contestants import Run
from bench.engines import LOG_CONFIG, PARTITIONS, traces
from bench.events import EVENT_MS, interactions, stage_events
from bench.process import child, note, python
from bench.results import Section

_JOBS = {"small": stage_events, "model": interactions}


def measure(broker: str, *, long_run: int, short: int, rounds: int) -> Section:
    """Both jobs, hot keys.

    Both runs have the same keys and the same days: what differs is how many events there are.
    """
    prefix = f"bench-{uuid.uuid4().hex[:8]}-flat"
    runs: dict[str, list[float]] = {}
    for job, rows in _JOBS.items():
        for events in (short, long_run):
            note(f"filling {events:,} events for the {job} job")
            topic = f"{prefix}-{job}-{events}"
            kafka.make(broker, topic, PARTITIONS, LOG_CONFIG)
            event_ms = EVENT_MS * long_run // events
            kafka.fill(broker, topic, PARTITIONS, rows(events, "hot", event_ms))
        for number in range(rounds):
            for events in (short, long_run):
                cpu_us = _run(broker, f"{prefix}-{job}-{events}", job, events)
                runs.setdefault(f"{job}/{events}", []).append(cpu_us)
                note(
                    f"round {number + 1}/{rounds}, {job}, {events:,} events: "
                    f"{cpu_us:.2f} us CPU per event"
                )
    return {"long": long_run, "short": short, "rounds": rounds, "runs": runs}


def _run(broker: str, topic: str, job: str, events: int) -> float:
    name = f"{topic}-{uuid.uuid4().hex[:6]}"
    out = f"{name}-relationship.transitions"
    with traces(broker, name) as folder:
        kafka.make(broker, out, PARTITIONS)
        run = Run(broker, topic, out, name, folder, events, PARTITIONS)
        with child(f"flat-{job}", python("bench.peers.ours", run.options(job=job))) as worker:
            done = worker.wait_for("done", 120 + events / 5000)
            worker.process.wait(60)
    return float(1e6 * done["cpu_s"] / done["events"])
