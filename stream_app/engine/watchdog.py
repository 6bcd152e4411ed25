"""Ends a process whose handler hangs.

The group would keep it for ever: heartbeats come from another thread.
"""

from __future__ import annotations

import faulthandler
import logging
import os
import sys
import threading
from typing import Protocol

from .errors import HandlerHungError

log = logging.getLogger(__name__)

EXIT_CODE = 70
_LOOK_S = 0.5


class Busy(Protocol):
    """Says when the call into the job began that has not returned; 0 between calls."""

    busy_since: float


class Watchdog:
    """A thread that looks at the engine twice a second."""

    def __init__(self, engine: Busy, hang_timeout_ms: int) -> None:
        self._engine = engine
        self._limit_s = hang_timeout_ms / 1000
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin, unless switched off."""
        if self._limit_s and self._thread is None:
            self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(2)

    def _run(self) -> None:
        # Own time is counted, not the clock: a process that was stopped and continued did not hang.
        seen, waited_s = 0.0, 0.0
        while not self._stop.wait(_LOOK_S):
            since = self._engine.busy_since
            waited_s = waited_s + _LOOK_S if since and since == seen else 0.0
            seen = since
            if waited_s >= self._limit_s:
                log.critical("%s", HandlerHungError(seconds=round(waited_s)))
                faulthandler.dump_traceback(file=sys.stderr, all_threads=True)
                os._exit(EXIT_CODE)
