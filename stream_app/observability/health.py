"""What `/health` and `/ready` answer, from a snapshot of the engine."""

from __future__ import annotations

from typing import Any, Final

HUNG_MS: Final = 30_000
"""A call into the job, or a partition without a commit, that takes longer is not healthy."""


def report(
    state: str,
    reason: str,
    busy_ms: int,
    partitions: dict[int, Any],
    standbys: dict[int, Any] | None = None,
    *,
    broker_silent_ms: int = 0,
    session_timeout_ms: int = HUNG_MS,
) -> dict[str, Any]:
    """The body of `/health`. `partitions`: number -> phase, lag, restore progress, stalled for.

    `standbys`: number -> phase, lag of the warm copies here. After `session_timeout_ms` without an
    answer from a broker the group has given the work to others, if it still stands itself.
    """
    stalled = [number for number, part in partitions.items() if part["stalled_ms"] > HUNG_MS]
    why_not = reason
    if state == "running":
        why_not = _why_not(busy_ms, stalled, broker_silent_ms, session_timeout_ms)
    ready = state == "running" and not why_not
    return {
        "status": "ok" if ready else ("failed" if state == "failed" else "not_ready"),
        "state": state,
        "reason": why_not,
        "ready": ready,
        "handler_busy_ms": busy_ms,
        "broker_silent_ms": broker_silent_ms,
        "stalled_partitions": stalled,
        "partitions": partitions,
        "standbys": standbys or {},
    }


def _why_not(busy_ms: int, stalled: list[int], silent_ms: int, session_ms: int) -> str:
    """Why a worker that runs is not ready; empty: it is."""
    if silent_ms > session_ms:
        return f"no broker has answered for {silent_ms // 1000} s"
    if busy_ms >= HUNG_MS:
        return f"a handler has not returned for {busy_ms // 1000} s"
    if stalled:
        return f"no commit for {HUNG_MS // 1000} s in partitions {', '.join(map(str, stalled))}"
    return ""
