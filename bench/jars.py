"""The JVM peers: jars by a committed lock, and a JDK of the machine that compiles their job."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stream_app.embedded import on_stderr
from stream_app.embedded.jars import Jar, Lock, ensure_jars, sha256_of

LOCK_FILE = Path(__file__).with_name("peers.lock.json")
SOURCES = Path(__file__).with_name("peers")
MIN_JDK = 17
KAFKA_STREAMS_VERSION = "4.3.1"
FLINK_VERSION = "2.2.1"
FLINK_KAFKA_VERSION = "5.0.0-2.2"

_FLINK_MODULES = (
    "flink-streaming-java",
    "flink-clients",
    "flink-connector-base",
    "flink-statebackend-rocksdb",
    # The rest comes with these; the Kafka connector asks for older ones, which must not win.
    "flink-annotations",
    "flink-connector-datagen",
    "flink-core",
    "flink-core-api",
    "flink-datastream-api",
    "flink-hadoop-fs",
    "flink-metrics-core",
    "flink-queryable-state-client-java",
    "flink-rpc-akka-loader",
    "flink-rpc-core",
    "flink-runtime",
)
ROOTS = {
    f"streams-{KAFKA_STREAMS_VERSION}": [f"org.apache.kafka:kafka-streams:{KAFKA_STREAMS_VERSION}"],
    f"flink-{FLINK_VERSION}": [
        *(f"org.apache.flink:{module}:{FLINK_VERSION}" for module in _FLINK_MODULES),
        f"org.apache.flink:flink-connector-kafka:{FLINK_KAFKA_VERSION}",
    ],
}
_UNUSED = {"async-profiler"}


class PeerMissing(Exception):  # noqa: N818 - named for what happened
    """A peer cannot run on this machine. Do: what the message says; the others run without it."""


@dataclass(frozen=True, slots=True)
class Jdk:
    """A JDK found on the machine."""

    java: Path
    javac: Path
    version: int


def find_jdk() -> Jdk:
    """The JDK of JAVA_HOME, else of the PATH. Raises PeerMissing if there is none of 17 or newer.

    The wheel that the broker runs on is a JRE: it has no compiler.
    """
    homes = [Path(home, "bin") for home in [os.environ.get("JAVA_HOME")] if home]
    if found := shutil.which("javac"):
        homes.append(Path(found).resolve().parent)
    for folder in homes:
        java, javac = folder / "java", folder / "javac"
        if java.exists() and javac.exists():
            version = _version(javac)
            if version >= MIN_JDK:
                return Jdk(java, javac, version)
    raise PeerMissing(f"needs a JDK {MIN_JDK} or newer: set JAVA_HOME, or put javac on the PATH")


def _version(javac: Path) -> int:
    done = subprocess.run([javac, "-version"], capture_output=True, text=True, timeout=60)
    match = re.search(r"javac (\d+)", done.stdout + done.stderr)
    return int(match[1]) if match else 0


def class_path(lock_name: str, source: str, folder: Path) -> str:
    """Jars and the compiled job of one peer; what is missing is downloaded, checked, compiled."""
    jdk = find_jdk()
    locks = {name: _lock(name, jars) for name, jars in _read_lock().items()}
    jars = ensure_jars(folder / "jars", on_stderr(), locks[lock_name])
    classes = folder / "classes" / lock_name
    classes.mkdir(parents=True, exist_ok=True)
    path = os.pathsep.join(str(jar) for jar in jars)
    sources = [str(SOURCES / source), str(SOURCES / "Job.java")]
    command = [str(jdk.javac), "-nowarn", "-cp", path, "-d", str(classes), *sources]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise PeerMissing(f"{source} does not compile: {done.stderr[-2000:]}")
    return os.pathsep.join([str(classes), path])


def _read_lock() -> dict[str, list[dict[str, Any]]]:
    document: dict[str, list[dict[str, Any]]] = json.loads(LOCK_FILE.read_text("utf-8"))
    return document


def _lock(name: str, jars: list[dict[str, Any]]) -> Lock:
    return Lock(name, tuple(Jar(**jar) for jar in jars))


def write_lock(scratch: Path) -> None:
    """Resolve, download and hash the jars of all peers (maintainers: when a version changes)."""
    import jgo
    from jgo.maven import MavenContext

    context = MavenContext(repo_cache=scratch)
    document = {}
    for name, roots in ROOTS.items():
        jars = []
        for found in jgo.resolve("+".join(roots)):
            if found.artifactId in _UNUSED:
                continue
            project = context.project(found.groupId, found.artifactId)
            file = project.at_version(found.version).artifact(found.classifier).resolve()
            jars.append(
                {
                    "group": found.groupId,
                    "artifact": found.artifactId,
                    "version": found.version,
                    "sha256": sha256_of(file),
                    "size_bytes": file.stat().st_size,
                }
            )
        document[name] = sorted(jars, key=lambda jar: (jar["group"], jar["artifact"]))
    LOCK_FILE.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
