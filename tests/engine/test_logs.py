"""The client's log while a broker is away: one line of a kind, then how many were left out."""

from __future__ import annotations

import logging

import pytest
from mode.utils.logging import ExtensionFormatter

from stream_app.engine.logs import FrameFilter, RepeatFilter, limit_client_logs


def record(text: str, *args: object) -> logging.LogRecord:
    return logging.LogRecord("aiokafka.conn", logging.ERROR, "f.py", 1, text, args, None)


def test_repeats_are_counted_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("stream_app.engine.logs.time.monotonic", lambda: now)
    repeats = RepeatFilter(every_s=30)
    assert [repeats.filter(record("no %s", n)) for n in range(5)] == [True, *[False] * 4]
    assert repeats.filter(record("another"))
    now = 31.0
    later = record("no %s", 9)
    assert repeats.filter(later)
    assert later.getMessage() == "no 9 (and 4 more like it)"
    assert not repeats.filter(record("no %s", 10))


@pytest.mark.parametrize("formatter", [ExtensionFormatter(), logging.Formatter()])
def test_what_was_left_out_passes_every_formatter(
    monkeypatch: pytest.MonkeyPatch, formatter: logging.Formatter
) -> None:
    """Faust's own puts each argument in by itself, and None is one for it."""
    now = 0.0
    monkeypatch.setattr("stream_app.engine.logs.time.monotonic", lambda: now)
    repeats = RepeatFilter(every_s=30)
    repeats.filter(record("no %s of 100%%", 1))
    repeats.filter(record("no %s of 100%%", 2))
    now = 31.0
    later = record("no %s of 100%%", 3)
    assert repeats.filter(later)
    assert "no 3 of 100% (and 1 more like it)" in formatter.format(later)


def test_of_faust_and_the_client_only_troubles_are_told() -> None:
    frame = FrameFilter(logging.WARNING)

    def told(name: str, level: int, text: str) -> bool:
        return frame.filter(logging.LogRecord(name, level, "f.py", 1, text, (), None))

    assert told("stream_app.engine.engine", logging.INFO, "ready")
    assert not told("stream_app.engine.private", logging.INFO, "[^-LaneApp]: Starting...")
    assert not told("faust.app.base", logging.INFO, "anything")
    assert not told("aiokafka.conn", logging.INFO, "anything")
    assert told("aiokafka.conn", logging.WARNING, "anything")
    frame.least = logging.CRITICAL + 1
    assert not told("mode.services", logging.CRITICAL, "[^Worker]: We experienced a crash!")
    assert told("stream_app.engine.engine", logging.CRITICAL, "the worker stops")


def test_every_logger_of_the_client_is_limited() -> None:
    child, other = logging.getLogger("aiokafka.some.part"), logging.getLogger("stream_app.x")
    limit_client_logs("INFO")
    try:
        assert any(isinstance(one, RepeatFilter) for one in child.filters)
        assert not other.filters
        assert not child.isEnabledFor(logging.DEBUG), "made in vain, many times a request"
    finally:
        logging.getLogger("aiokafka").setLevel(logging.NOTSET)
        for name in list(logging.root.manager.loggerDict):
            logger = logging.getLogger(name)
            for one in [one for one in logger.filters if isinstance(one, RepeatFilter)]:
                logger.removeFilter(one)
