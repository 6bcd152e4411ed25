"""`rapport replay`, as a person runs it: the whole process, start to end."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from bench.events import KEYS, Keys, interactions
from bench.process import HOME, ROOT, note
from bench.results import Section


def measure(*, events: int, rounds: int) -> Section:
    """Both kinds of keys, `rounds` times each, in turn."""
    files = {keys: _file(keys, events) for keys in KEYS}
    runs: dict[str, list[dict[str, float]]] = {}
    for number in range(rounds):
        for keys, file in files.items():
            done = _run(file, events)
            runs.setdefault(keys, []).append(done)
            note(
                f"round {number + 1}/{rounds}, {keys} keys: {done['events_per_s']:,.0f} events/s, "
                f"{done['cpu_us']:.2f} us CPU per event"
            )
    return {"events": events, "rounds": rounds, "runs": runs}


def _file(keys: Keys, events: int) -> Path:
    """The seeded input, made once."""
    path = HOME / f"interactions-{keys}-{events}.jsonl"
    if not path.exists():
        note(f"writing {path.name}")
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = path.with_suffix(".new")
        with scratch.open("wb") as stream:
            stream.writelines(line + b"\n" for _, line in interactions(events, keys))
        scratch.replace(path)
    return path


def _run(file: Path, events: int) -> dict[str, float]:
    command = [sys.executable, "-m", "stream_app", "replay", str(file)]
    log = HOME / "logs" / "replay.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    started_s = time.perf_counter()
    with log.open("wb") as errors:
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=errors)
        _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - started_s
    if process.returncode:
        raise RuntimeError(f"rapport replay failed; {log}:\n{log.read_text()[-2000:]}")
    # Linux tells kilobytes, macOS bytes.
    peak = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return {
        "events_per_s": events / seconds,
        "cpu_us": 1e6 * (used.ru_utime + used.ru_stime) / events,
        "peak_rss_bytes": peak,
    }
