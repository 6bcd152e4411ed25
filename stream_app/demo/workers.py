"""The service's workers as processes of their own, which end with the demo in any case."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

from stream_app.demo.errors import DemoError

STOP_S: Final = 8.0
_ANSWER_S: Final = 2.0
_NEW_SESSION: Final = sys.platform != "win32"
_COUNTERS: Final = {
    "stream_app_events_processed": "outcome",
    "stream_app_dead_letters": "reason",
    "stream_app_late_events": "by",
}


@dataclass(slots=True)
class Reading:
    """What a worker's `/metrics` said last."""

    state: str = "starting"
    partitions: int = 0
    lag: int = 0
    counters: dict[str, Counter[str]] = field(
        default_factory=lambda: {name: Counter() for name in _COUNTERS}
    )

    @property
    def processed(self) -> Counter[str]:
        """Records by outcome."""
        return self.counters["stream_app_events_processed"]

    @property
    def late(self) -> int:
        """Acts dated before what their relationship knew."""
        return self.counters["stream_app_late_events"].total()


class Worker:
    """One `rapport worker`."""

    def __init__(self, number: int, web_port: int, log_file: Path, options: Sequence[str]) -> None:
        """Starts it. Its own output goes to `log_file`."""
        self.number = number
        self.metrics_url = f"http://127.0.0.1:{web_port}/metrics"
        self.log_file = log_file
        self.reading = Reading()
        command = [sys.executable, "-m", "stream_app", "worker", "--until-stdin-ends", *options]
        command += ["--web-port", str(web_port)]
        # What is set for another installation must not reach the demo's own.
        settings = {k: v for k, v in os.environ.items() if not k.startswith("RAPPORT_")}
        with log_file.open("wb") as log:
            # A session of its own: Ctrl-C reaches the demo, and that stops us in order.
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=settings,
                start_new_session=_NEW_SESSION,
            )

    def check(self) -> None:
        """Raises DemoError if the worker has ended."""
        code = self.process.poll()
        if code is not None:
            tail = self.log_file.read_text("utf-8", "replace")[-1500:].strip()
            raise DemoError(
                f"worker {self.number} has ended (exit code {code}). Its log, {self.log_file}, "
                f"ends with:\n{tail}"
            )

    async def look(self) -> None:
        """Read the metrics; keeps the last reading while there is no answer."""
        try:
            self.reading = await asyncio.to_thread(_read, self.metrics_url)
        except (OSError, urllib.error.URLError, ValueError):
            return

    def ask_to_stop(self) -> None:
        """Close the pipe that keeps it alive."""
        assert self.process.stdin is not None
        if not self.process.stdin.closed:
            self.process.stdin.close()

    def wait(self, timeout_s: float = STOP_S) -> None:
        """Until it has ended; by force if it takes longer than that."""
        try:
            self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def stop_all(workers: Sequence[Worker]) -> None:
    """End all of them, at the same time."""
    for worker in workers:
        worker.ask_to_stop()
    for worker in workers:
        worker.wait()


def _read(url: str) -> Reading:
    with urllib.request.urlopen(url, timeout=_ANSWER_S) as answer:
        text = answer.read().decode()
    reading = Reading()
    for family in text_string_to_metric_families(text):
        if (label := _COUNTERS.get(family.name)) is not None:
            for sample in family.samples:
                reading.counters[family.name][sample.labels[label]] += int(sample.value)
        elif family.name == "stream_app_worker_state":
            states = [s.labels["state"] for s in family.samples if s.value == 1]
            reading.state = states[0] if states else "starting"
        elif family.name == "stream_app_assigned_partitions":
            reading.partitions = int(family.samples[0].value)
        elif family.name == "stream_app_consumer_lag_records":
            reading.lag = sum(int(sample.value) for sample in family.samples)
    return reading
