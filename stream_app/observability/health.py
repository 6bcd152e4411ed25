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
) -> dict[str, Any]:
    """The body of `/health`. `partitions`: number -> phase, lag, restore progress, stalled for.

    `standbys`: number -> phase, lag of the warm copies here.
    """
    stalled = [number for number, part in partitions.items() if part["stalled_ms"] > HUNG_MS]
    ready = state == "running" and busy_ms < HUNG_MS and not stalled
    return {
        "status": "ok" if ready else ("failed" if state == "failed" else "not_ready"),
        "state": state,
        "reason": reason,
        "ready": ready,
        "handler_busy_ms": busy_ms,
        "stalled_partitions": stalled,
        "partitions": partitions,
        "standbys": standbys or {},
    }
