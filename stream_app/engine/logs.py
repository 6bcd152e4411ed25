"""The log of a worker: times in UTC, and of the Kafka client and of Faust only what matters."""

from __future__ import annotations

import logging
import threading
import time

_CLIENT = "aiokafka"
_FRAME = ("faust", "mode", _CLIENT)
_SERVICE = "[^"
"""So Faust begins what its services say of their own life, in the name of whoever has them."""
_EVERY_S = 30.0
_FORMAT = "%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s: %(message)s"
_SILENT = logging.CRITICAL + 1


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
            record.args = ()  # Faust's formatter takes None for an argument
        return True


class FrameFilter(logging.Filter):
    """Lets through what is ours, and of what we stand on only from `least` on."""

    def __init__(self, least: int) -> None:
        super().__init__()
        self.least = least

    def filter(self, record: logging.LogRecord) -> bool:
        is_ours = record.name.partition(".")[0] not in _FRAME
        return record.levelno >= self.least or (
            is_ours and not str(record.msg).startswith(_SERVICE)
        )


def set_up_logging(loglevel: str) -> None:
    """To standard error, unless the root has a handler already; may be called again.

    Faust and the client tell only of troubles, or all of it at DEBUG.
    """
    level = logging.getLevelName(loglevel.upper())
    limit_client_logs(loglevel)
    formatter = logging.Formatter(_FORMAT, "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    handler.addFilter(FrameFilter(level if level <= logging.DEBUG else logging.WARNING))
    logging.basicConfig(level=level, handlers=[handler])


def hush_frame() -> None:
    """From now on Faust says nothing: its services end anyhow, each with complaints of its own."""
    for handler in logging.root.handlers:
        for one in handler.filters:
            if isinstance(one, FrameFilter):
                one.least = _SILENT


def limit_client_logs(loglevel: str) -> None:
    """Call when aiokafka is imported: one client retries many times a second, each loudly.

    A filter of a logger does not see what its children say, so every one of them gets it. Faust
    lets everything through to its handlers, so that each line for debugging would be made before
    it is thrown away: the client has many of them per request.
    """
    logging.getLogger(_CLIENT).setLevel(loglevel.upper())
    for name in list(logging.root.manager.loggerDict):
        if name == _CLIENT or name.startswith(f"{_CLIENT}."):
            logger = logging.getLogger(name)
            if not any(isinstance(one, RepeatFilter) for one in logger.filters):
                logger.addFilter(_REPEATS)


_REPEATS = RepeatFilter()
