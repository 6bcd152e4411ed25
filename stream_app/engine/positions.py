"""How far a unit of work has come: types of msgspec, which stand outside of what is compiled."""

from __future__ import annotations

import msgspec


class Position(msgspec.Struct, array_like=True, frozen=True):
    """The record that ends every transaction in the changelog."""

    version: int
    incarnation: bytes
    """Random; drawn when a changelog is first written. Tells a recreated changelog."""
    commit: int
    """Number of this commit; the chain has no gaps."""
    positions: dict[str, int]
    """Per source topic: next offset to process."""
    meta: bytes
    """The job's partition-level state."""
    topics: dict[str, bytes] = {}
    """Per source topic: the id that Kafka gave it; empty where an older release has written."""


class Local(msgspec.Struct, array_like=True, frozen=True):
    """How far of the changelog a store has."""

    version: int
    next_offset: int
    """First changelog offset that the store does not have."""
    position_offset: int
    """Offset of the position record that the store has; -1 if none."""
    wall_ms: int
    """When it was written."""
