"""The rescans that several tests look at, worked out once for all processes of a session."""

from __future__ import annotations

from tests.together import Once

from .histories import history
from .rescan import Rescan, rescan


def history_rescanned(once: Once, seed: int, partitions: int = 1) -> Rescan:
    """What the naive rescan makes of the whole history of that seed."""
    return once(
        f"history-{seed}-{partitions}", lambda: rescan(history(seed), partitions=partitions)
    )
