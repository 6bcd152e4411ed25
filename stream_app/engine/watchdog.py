"""Ends a process whose event loop stands still: a handler hangs, or a disk, or who reads its log.

The group would keep it for ever: heartbeats come from another thread.
"""

from __future__ import annotations

import asyncio
import faulthandler
import logging
import os
import sys
import threading
from collections.abc import Callable
from functools import partial

from .errors import HandlerHungError

log = logging.getLogger(__name__)

EXIT_CODE = 70
_LOOK_S = 0.5
_TELL_S = 2.0


class Watchdog:
    """A thread that asks the loop twice a second whether it still turns."""

    def __init__(self, hang_timeout_ms: int) -> None:
        self._limit_s = hang_timeout_ms / 1000
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Watch over the running loop, unless switched off."""
        if self._limit_s and self._thread is None:
            loop = asyncio.get_running_loop()
            self._thread = threading.Thread(
                target=self._run, args=(loop,), name="watchdog", daemon=True
            )
            self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(2)

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        # Own time is counted, not the clock: a process that was stopped and continued did not hang.
        answered, waited_s = threading.Event(), 0.0
        answered.set()
        while not self._stop.wait(_LOOK_S):
            if answered.is_set():
                answered.clear()
                waited_s = 0.0
                try:
                    loop.call_soon_threadsafe(answered.set)
                except RuntimeError:  # it is closed
                    return
            else:
                waited_s += _LOOK_S
            if waited_s >= self._limit_s:
                end_process(EXIT_CODE, partial(_tell, HandlerHungError(seconds=round(waited_s))))


def end_process(code: int, tell: Callable[[], None]) -> None:
    """End this process at once, after a last word, unless nobody takes that."""
    telling = threading.Thread(target=tell, name="last-word", daemon=True)
    telling.start()
    telling.join(_TELL_S)
    os._exit(code)


def _tell(error: HandlerHungError) -> None:
    log.critical("%s", error)
    if sys.stderr is not None:
        faulthandler.dump_traceback(file=sys.stderr, all_threads=True)
