"""Many relationships on one worker: memory, restore from an empty disk, warm restart."""

from __future__ import annotations

import shutil
import uuid
from typing import Any

from bench import kafka
from bench.contestants import Run
from bench.engines import LOG_CONFIG, PARTITIONS, traces
from bench.events import relationships as acts
from bench.process import Child, child, note, python
from bench.results import Section

_OPEN_S = 900.0


def measure(broker: str, *, relationships: int) -> Section:
    """Fill through the worker, then start it again with its disk, and without.

    All of it is the whole model at default settings.
    """
    name = f"bench-{uuid.uuid4().hex[:8]}-state"
    events = relationships + -(-relationships // 5)
    section: Section = {"relationships": relationships, "events": events}
    with traces(broker, name) as folder:
        run = Run(broker, name, "", name, folder, events, PARTITIONS)
        options = run.options(job="model", stay=True)
        kafka.make(broker, name, PARTITIONS, LOG_CONFIG)
        note(f"filling {events:,} events of {relationships:,} relationships")
        kafka.fill(broker, name, PARTITIONS, acts(relationships))
        section["fill"] = _fill(options)
        section["disk_bytes"] = sum(file.stat().st_size for file in folder.rglob("*.sst"))
        section["warm"] = _start(options, relationships, "warm restart")
        shutil.rmtree(folder)
        section["restore"] = _start(options, relationships, "restore from an empty disk")
    return section


def _fill(options: dict[str, Any]) -> dict[str, float]:
    with child("state-fill", python("bench.peers.ours", options)) as worker:
        done = worker.wait_for("done", 120 + options["events"] / 1000)
        found = {
            "events_per_s": done["events"] / done["seconds"],
            "cpu_us": 1e6 * done["cpu_s"] / done["events"],
            **_memory(worker),
        }
    note(f"filled at {found['events_per_s']:,.0f} events/s; peak {found['peak'] / 2**20:,.0f} MiB")
    return found


def _start(options: dict[str, Any], relationships: int, what: str) -> dict[str, float]:
    with child(f"state-{what.split()[0]}", python("bench.peers.ours", options)) as worker:
        opened = worker.wait_for("open", _OPEN_S)
        found = {
            "start_to_open_s": opened["at_s"] - worker.started_s,
            "records": opened["records"],
            "restore_s": opened["restore_s"],
            **_memory(worker),
        }
    if found["records"]:
        found["states_per_s"] = relationships / max(found["restore_s"], 1e-3)
        found["records_per_s"] = found["records"] / max(found["restore_s"], 1e-3)
    note(
        f"{what}: open {found['start_to_open_s']:.1f} s after the start, "
        f"{found['records']:,.0f} records read; peak {found['peak'] / 2**20:,.0f} MiB"
    )
    return found


def _memory(worker: Child) -> dict[str, float]:
    return {"rss": 0.0, "peak": 0.0, **worker.rss_bytes()}
