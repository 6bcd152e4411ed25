"""How Java is called for Kafka: flags, classes, and what `warm` has made ready."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from stream_app.embedded.errors import BrokerDidNotStart
from stream_app.embedded.settings import server_properties

SERVES = b"Kafka Server started"
"""Kafka's own word in its log."""

_FLAGS = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true")
_CLUSTER_ID = "rapport-local-broker-0"  # 22 characters of URL-safe base64, as Kafka wants it
_KNOWS_THE_FILE = 25
"""From this Java on, the file is made in one run, and used without a default archive."""
_FORMATTED = ("bootstrap.checkpoint", "meta.properties")
"""All that Kafka's tool writes. The last one makes a folder a formatted one."""


def java_command(
    java: Path, jars: list[Path], log4j: Path, heap_mb: int, *more: str, warm: bool = True
) -> list[str]:
    """The command line up to the class: with what was made warm, if that is there."""
    file = cache_file(java, jars)
    if warm and file is not None and file.is_file():
        # Java checks it against itself and the jars, and goes on without one that does not fit.
        more = (f"-XX:AOTCache={file}", "-Xlog:all=error", *more)
    class_path = os.pathsep.join(map(str, jars))
    log = f"-Dlog4j2.configurationFile={log4j}"
    return [str(java), f"-Xmx{heap_mb}m", *_FLAGS, *more, log, "-cp", class_path]


def cache_file(java: Path, jars: list[Path]) -> Path | None:
    """Where the file of this Java is, beside the jars; None for a Java that knows no such file."""
    release = java.parent.parent / "release"
    try:
        found = re.search(r'JAVA_VERSION="((\d+)[^"]*)"', release.read_text("utf-8"))
    except OSError:
        return None
    if found is None or int(found[2]) < _KNOWS_THE_FILE:
        return None
    return jars[0].parent / f"java-{found[1]}.aot"


def format_folder(command: list[str], config: Path, data: Path, kept: Path, log: Path) -> None:
    """Make a new Kafka's folder; raises BrokerDidNotStart.

    What Kafka's tool made is `kept` and copied from then on: its Java costs as much as the start.
    """
    if not all((kept / name).is_file() for name in _FORMATTED):
        _format(command, config, log)
        with contextlib.suppress(OSError):  # not ours to write, or made by another one meanwhile
            _keep(data, kept)
        return
    data.mkdir(parents=True, exist_ok=True)
    for name in _FORMATTED:
        shutil.copyfile(kept / name, data / name)


def formatted_folder(jars: list[Path]) -> Path:
    """Where what Kafka's tool makes with our settings is kept, beside the jars of that Kafka."""
    told = _CLUSTER_ID + server_properties(0, 0, Path())
    return jars[0].parent / f"formatted-{hashlib.sha256(told.encode()).hexdigest()[:12]}"


def _keep(data: Path, kept: Path) -> None:
    with tempfile.TemporaryDirectory(dir=kept.parent, prefix=".partial-") as scratch:
        made = Path(scratch, kept.name)
        made.mkdir()
        for name in _FORMATTED:
            shutil.copyfile(data / name, made / name)
        made.rename(kept)


def _format(command: list[str], config: Path, log: Path) -> None:
    storage = [*command, "kafka.tools.StorageTool", "format", "-t", _CLUSTER_ID, "-c", str(config)]
    done = subprocess.run(storage, capture_output=True, text=True)
    log.write_text(done.stdout + done.stderr, encoding="utf-8")
    if done.returncode:
        raise BrokerDidNotStart(f"Kafka refused to format its folder:\n{done.stderr[-2000:]}")
