"""The Kafka client's own logging, kept readable while a broker is away."""

from __future__ import annotations

import logging
import threading
import time

_CLIENT = "aiokafka"
_EVERY_S = 30.0


class RepeatFilter(logging.Filter):
    """Lets one message of a kind through per `every_s`, and says how many were left out.

    A kind is logger, level and text before its arguments are put in. Thread-safe.
    """

    def __init__(self, every_s: float = _EVERY_S) -> None:
        super().__init__()
        self._every_s = every_s
        self._lock = threading.Lock()
        self._told: dict[tuple[str, int, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        kind = (record.name, record.levelno, str(record.msg)[:200])
        now = time.monotonic()
        with self._lock:
            told_at, left_out = self._told.get(kind, (-self._every_s, 0))
            if now - told_at < self._every_s:
                self._told[kind] = (told_at, left_out + 1)
                return False
            if len(self._told) > 1_000:
                self._told.clear()
            self._told[kind] = (now, 0)
        if left_out:
            record.msg = f"{record.getMessage()} (and {left_out} more like it)"
            record.args = None
        return True


def limit_client_logs(loglevel: str) -> None:
    """Call once when everything is imported: one client retries many times a second, each loudly.

    A filter of a logger does not see what its children say, so every one of them gets it. Faust
    lets everything through to its handlers, so that each line for debugging would be made before
    it is thrown away: the client has many of them per request.
    """
    logging.getLogger(_CLIENT).setLevel(loglevel.upper())
    repeats = RepeatFilter()
    for name in list(logging.root.manager.loggerDict):
        if name == _CLIENT or name.startswith(f"{_CLIENT}."):
            logging.getLogger(name).addFilter(repeats)
