"""A command that only talks to a broker does not wait for what the service alone needs."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import sys
from stream_app.cli import erase, explain, import_, methods
from stream_app.demo import run
sys.exit(", ".join({"faust", "aiohttp", "numpy"} & set(sys.modules)) or 0)
"""


def test_commands_import_neither_faust_nor_numpy() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
