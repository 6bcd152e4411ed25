"""Who takes part in `python -m bench engines`, and how each is started."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from bench import jars
from bench.process import HOME, ROOT, note, python

QUIX_LOCK = Path(__file__).with_name("quix.lock")
_QUIX_VENV = HOME / "quix-venv"
Input = Literal["stage", "interactions"]


@dataclass(frozen=True, slots=True)
class Run:
    """One run of one contestant."""

    broker: str
    topic: str
    out: str
    name: str
    """Consumer group, application id, prefix of everything it makes."""
    folder: Path
    events: int
    partitions: int

    def options(self, **more: object) -> dict[str, object]:
        """For a contestant in Python."""
        given: dict[str, object] = {
            "broker": self.broker,
            "topic": self.topic,
            "out": self.out,
            "run": self.name,
            "folder": str(self.folder),
            "events": self.events,
            "partitions": self.partitions,
        }
        return given | more


@dataclass(frozen=True, slots=True)
class Contestant:
    """One line of the table."""

    name: str
    title: str
    command: Callable[[Run], list[str]]
    prepare: Callable[[], str]
    """Makes it ready and gives its version. Raises PeerMissing."""
    input: Input = "stage"
    events_of_a_million: int = 1_000_000
    """Of a slow one: fewer events, in proportion."""
    has_outputs: bool = True


def _floor(run: Run) -> list[str]:
    return python("bench.peers.floor", run.options())


def _faust(run: Run) -> list[str]:
    return python("bench.peers.plain_faust", run.options())


def _quix(run: Run) -> list[str]:
    return python("bench.peers.quix", run.options(), str(_QUIX_VENV / "bin" / "python"))


def _ours(job: str, **more: object) -> Callable[[Run], list[str]]:
    return lambda run: python("bench.peers.ours", run.options(job=job, **more))


def _ours_twice(job: str) -> Callable[[Run], list[str]]:
    more = {"service": {"cache_states": 400_000 // 2}}
    return lambda run: python("bench.peers.ours_twice", run.options(job=job, **more))


def _streams(threads: int, commit_ms: int) -> Callable[[Run], list[str]]:
    return lambda run: [
        *_java("streams", "KafkaStreamsJob", "-Xmx2g"),
        *_arguments(run),
        str(threads),
        str(commit_ms),
    ]


def _flink(parallelism: int, backend: str) -> Callable[[Run], list[str]]:
    opens = [f"--add-opens=java.base/java.{package}=ALL-UNNAMED" for package in ("util", "lang")]
    return lambda run: [
        *_java("flink", "FlinkJob", "-Xmx3g", *opens),
        *_arguments(run),
        str(parallelism),
        backend,
    ]


def _java(peer: str, main: str, *flags: str) -> list[str]:
    path = jars.class_path(_lock_of(peer), f"{main}.java", HOME)
    return [str(jars.find_jdk().java), *flags, "-cp", path, main]


def _arguments(run: Run) -> list[str]:
    return [run.broker, run.topic, run.out, run.name, str(run.folder), str(run.events)]


def _lock_of(peer: str) -> str:
    return next(name for name in jars.ROOTS if name.startswith(peer))


def _prepare_jvm(peer: str, main: str) -> Callable[[], str]:
    def prepare() -> str:
        _java(peer, main)
        return f"{_lock_of(peer).partition('-')[2]}, JDK {jars.find_jdk().version}"

    return prepare


def _prepare_quix() -> str:
    """Its own environment: its requirements do not fit with ours."""
    interpreter = _QUIX_VENV / "bin" / "python"
    stamp = _QUIX_VENV / "quix.lock"
    if not stamp.exists() or stamp.read_bytes() != QUIX_LOCK.read_bytes():
        note("installing Quix Streams into an environment of its own")
        shutil.rmtree(_QUIX_VENV, ignore_errors=True)
        install = [str(interpreter), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        for command in (
            [sys.executable, "-m", "venv", str(_QUIX_VENV)],
            [*install, "--require-hashes", "-r", str(QUIX_LOCK)],
        ):
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
            if done.returncode:
                raise jars.PeerMissing(f"Quix Streams: {done.stderr.strip()[-300:]}")
        shutil.copy(QUIX_LOCK, stamp)
    ask = "from importlib.metadata import version; print(version('quixstreams'))"
    return subprocess.check_output([interpreter, "-c", ask], text=True).strip()


def _ours_version() -> str:
    return version("rapport-stream")


CONTESTANTS = (
    Contestant(
        "floor",
        "aiokafka `getmany` + msgspec decode: the floor",
        _floor,
        lambda: f"aiokafka {version('aiokafka')}, msgspec {version('msgspec')}",
        has_outputs=False,
    ),
    Contestant(
        "faust",
        "plain Faust, one event at a time, table in memory, at least once",
        _faust,
        lambda: version("faust-streaming"),
        events_of_a_million=20_000,
    ),
    Contestant(
        "quix",
        "Quix Streams, exactly once, commit 1 s",
        _quix,
        _prepare_quix,
        events_of_a_million=200_000,
    ),
    Contestant(
        "streams",
        "Kafka Streams `exactly_once_v2`, 1 thread, commit 100 ms (its default)",
        _streams(1, 100),
        _prepare_jvm("streams", "KafkaStreamsJob"),
    ),
    Contestant(
        "streams-1s",
        "Kafka Streams `exactly_once_v2`, 1 thread, commit 1 s",
        _streams(1, 1000),
        _prepare_jvm("streams", "KafkaStreamsJob"),
    ),
    Contestant(
        "streams-2t",
        "Kafka Streams `exactly_once_v2`, 2 threads, commit 1 s",
        _streams(2, 1000),
        _prepare_jvm("streams", "KafkaStreamsJob"),
    ),
    Contestant(
        "flink-rocksdb",
        "Flink, exactly once, RocksDB, checkpoint 1 s",
        _flink(1, "rocksdb"),
        _prepare_jvm("flink", "FlinkJob"),
    ),
    Contestant(
        "flink-heap",
        "Flink, exactly once, heap state, checkpoint 1 s",
        _flink(1, "hashmap"),
        _prepare_jvm("flink", "FlinkJob"),
    ),
    Contestant(
        "flink-heap-2",
        "Flink, exactly once, heap state, checkpoint 1 s, parallelism 2",
        _flink(2, "hashmap"),
        _prepare_jvm("flink", "FlinkJob"),
    ),
    Contestant(
        "ours",
        "**ours**: the small job on our engine, exactly once, commit 100 ms (1 s far behind), "
        "all states cached",
        # A second of one partition is some 40,000 events.
        _ours("small", engine={"cache_states": 800_000, "commit_max_records": 50_000}),
        _ours_version,
    ),
    Contestant(
        "ours-100ms",
        "**ours**: the same, commit 100 ms also when far behind, 200,000 states cached",
        _ours("small", engine={"catch_up_commit_interval_ms": 100}),
        _ours_version,
    ),
    Contestant(
        "model",
        "**ours**: the whole relationship model, exactly once, 400,000 states cached",
        _ours("model", service={"cache_states": 400_000}),
        _ours_version,
        input="interactions",
    ),
    Contestant(
        "model-2",
        "**ours**: the whole relationship model, two workers",
        _ours_twice("model"),
        _ours_version,
        input="interactions",
    ),
)
BY_NAME = {each.name: each for each in CONTESTANTS}
