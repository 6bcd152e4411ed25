"""When a worker is ready, and what it says if it is not."""

from __future__ import annotations

from typing import Any

import pytest

from stream_app.observability.health import HUNG_MS, report

FINE: dict[int, Any] = {0: {"stalled_ms": 0}}
STALLED: dict[int, Any] = {0: {"stalled_ms": 0}, 3: {"stalled_ms": HUNG_MS + 1}}


@pytest.mark.parametrize(
    ("state", "busy_ms", "partitions", "silent_ms", "ready", "reason"),
    [
        ("running", 0, FINE, 10_000, True, ""),
        ("running", 0, FINE, 10_001, False, "no broker has answered for 10 s"),
        ("running", HUNG_MS, FINE, 0, False, "a handler has not returned for 30 s"),
        ("running", 0, STALLED, 0, False, "no commit for 30 s in partitions 3"),
        ("restoring", 0, FINE, 0, False, ""),
        ("starting", 0, {}, 0, False, ""),
    ],
)
def test_ready(
    state: str,
    busy_ms: int,
    partitions: dict[int, Any],
    silent_ms: int,
    ready: bool,
    reason: str,
) -> None:
    found = report(
        state, "", busy_ms, partitions, broker_silent_ms=silent_ms, session_timeout_ms=10_000
    )
    assert (found["ready"], found["reason"]) == (ready, reason)
    assert found["status"] == ("ok" if ready else "not_ready")


def test_a_failure_keeps_its_reason() -> None:
    found = report("failed", "the log is cut", 0, {}, broker_silent_ms=99_000)
    assert (found["status"], found["reason"]) == ("failed", "the log is cut")
