"""Kafka's classes, loaded and linked beforehand: the broker starts in half the time.

Java 25 keeps them in a file (an "AOT cache"), made by a run of Kafka. Nothing needs it: Java goes
on without a file that is missing or does not fit.

    python -m stream_app.embedded.warm      makes the file, after the download (`make setup` does)
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from stream_app.embedded.errors import BrokerDidNotStart, BrokerError
from stream_app.embedded.jars import ensure_jars
from stream_app.embedded.java import find_java
from stream_app.embedded.jvm import (
    SERVES,
    cache_file,
    format_folder,
    formatted_folder,
    java_command,
)
from stream_app.embedded.progress import on_stderr
from stream_app.embedded.settings import (
    DEFAULT_HEAP_MB,
    LOG4J,
    free_ports,
    jar_cache,
    server_properties,
)

_START_S = 60.0
_WRITE_S = 120.0  # Java writes the file at its end, some seconds


def make(java: Path, jars: list[Path]) -> bool:
    """Make the file by a run of Kafka, about 10 s; whether it is there. Raises BrokerError."""
    file = cache_file(java, jars)
    if file is None or file.is_file():
        return file is not None
    with tempfile.TemporaryDirectory(dir=file.parent) as scratch:
        folder = Path(scratch)
        made = folder / file.name
        config, log4j = folder / "server.properties", folder / "log4j2.properties"
        log = folder / "kafka.log"
        port, controller_port = free_ports(2)
        properties = server_properties(port, controller_port, folder / "data")
        config.write_text(properties, encoding="utf-8")
        log4j.write_text(LOG4J, encoding="utf-8")
        cold = java_command(java, jars, log4j, DEFAULT_HEAP_MB, warm=False)
        format_folder(cold, config, folder / "data", formatted_folder(jars), log)
        output = f"-XX:AOTCacheOutput={made}"
        command = java_command(java, jars, log4j, DEFAULT_HEAP_MB, output, warm=False)
        _run([*command, "kafka.Kafka", str(config)], log)
        if made.is_file():
            made.replace(file)
    return file.is_file()


def _run(command: list[str], log: Path) -> None:
    """Start Kafka, end it as soon as it serves, and wait for what it writes then."""
    with log.open("wb") as output:
        kafka = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + _START_S
        while SERVES not in log.read_bytes():
            if kafka.poll() is not None or time.monotonic() > deadline:
                said = log.read_text("utf-8", "replace")[-2000:]
                raise BrokerDidNotStart(f"Kafka did not start. The end of its log:\n{said}")
            time.sleep(0.05)
        kafka.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            kafka.wait(_WRITE_S)
    finally:
        kafka.kill()
        kafka.wait()


def main() -> int:
    """Download and make warm; what fails is told, and will be tried again with the first broker."""
    try:
        make(find_java(), ensure_jars(jar_cache(), on_stderr()))
    except (BrokerError, OSError) as error:
        sys.stderr.write(f"rapport: Kafka is not made ready yet: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
