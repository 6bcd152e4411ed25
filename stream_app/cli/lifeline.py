"""A process that cannot outlive the one that started it, not even one ended by `kill -9`."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import Final

GRACE_S: Final = 10.0
"""Time for a clean end; without its broker a worker might wait for longer."""


def end_with_stdin() -> None:
    """From now on: at the end of standard input, SIGTERM to this process, and soon its end.

    The parent holds the other end of that pipe and never writes to it. The system closes it with
    the parent, whatever happened to that.
    """
    threading.Thread(target=_watch, name="lifeline", daemon=True).start()


def _watch() -> None:
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_S)
    os._exit(1)
