"""Types of the small job. msgspec makes them, so they stand outside of what is compiled."""

from __future__ import annotations

import msgspec


class Event(msgspec.Struct, gc=False):
    """What the job reads of an event."""

    event_id: str
    occurred_at: int
    brand: str
    person: str
    interaction: str


class Stage(msgspec.Struct, array_like=True, gc=False):
    """State of one key. `panes` maps a day to its acts and its deep acts."""

    latest: int = 0
    stage: int = 0
    following: bool = False
    acts: int = 0
    deep: int = 0
    panes: dict[int, list[int]] = {}
