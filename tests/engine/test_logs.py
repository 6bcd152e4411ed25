"""The client's log while a broker is away: one line of a kind, then how many were left out."""

from __future__ import annotations

import logging

import pytest

from stream_app.engine.logs import RepeatFilter, limit_client_logs


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
