"""What was measured, on which machine: one JSON file, from which the page is made."""

from __future__ import annotations

import json
import os
import platform
import statistics
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.process import HOME
from stream_app.embedded.jars import read_lock

FILE = HOME / "results.json"
Section = dict[str, Any]


def load(path: Path = FILE) -> dict[str, Section]:
    """Every section measured so far; empty if there is no file."""
    if not path.exists():
        return {}
    found: dict[str, Section] = json.loads(path.read_text("utf-8"))
    return found


def save(name: str, section: Section, command: str, path: Path = FILE) -> None:
    """Put one section in place of its last measurement."""
    everything = load(path)
    everything[name] = {
        "date": time.strftime("%Y-%m-%d %H:%M %Z"),
        "command": command,
        "machine": machine(),
        **section,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_suffix(".new")
    scratch.write_text(json.dumps(everything, indent=1) + "\n", "utf-8")
    scratch.replace(path)


def machine() -> dict[str, str]:
    """The machine and the versions that every measurement shares."""
    return {
        "CPU": _cpu_model(),
        "cores": str(os.cpu_count()),
        "memory": _memory(),
        "system": f"{platform.system()} {platform.release()}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "Kafka": f"{os.environ['BROKER']} (given)"
        if os.environ.get("BROKER")
        else f"{read_lock().kafka}, one node on the same machine, heap 1 GiB",
        "rapport-stream": version("rapport-stream"),
        "faust-streaming": version("faust-streaming"),
        "aiokafka": version("aiokafka"),
    }


def _cpu_model() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _memory() -> str:
    try:
        size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        return "unknown"
    return f"{size / (1 << 30):.1f} GiB"


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of all do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * round(share * 1000) // 1000) - 1)]


def median(values: Sequence[float]) -> float:
    """The median."""
    return statistics.median(values)
