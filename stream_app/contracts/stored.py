"""What the parts of a stored relationship consist of, field by field, as MessagePack arrays.

A field once stored keeps its place; a new one goes to the end, with a default.
"""

from __future__ import annotations

import msgspec

from stream_app.domain.linked import Linked
from stream_app.domain.remembered import EarlyUndo, Offer, Purchase, Register
from stream_app.domain.rows import Booked, Undecided
from stream_app.domain.verbs import Kind


class ActV1(msgspec.Struct, array_like=True, gc=False):
    """One act of a pane."""

    key: str
    verb: str
    inbound: bool
    kind: Kind
    object: str | None
    at_ms: int
    number: int
    in_effect: bool
    answered: Offer | None
    sentiment: float | None
    topics: tuple[str, ...]
    booked: Booked | None


class TouchV1(msgspec.Struct, array_like=True, gc=False):
    """One touch."""

    key: str
    method: str
    at_ms: int
    number: int


class HeadV1(msgspec.Struct, array_like=True, gc=False):
    """All of a relationship but its panes: they are in `inline`, or parts of the days `days`."""

    brand: str
    person: str
    rules_version: str
    as_of: int
    epoch: int
    sequence: int
    stage: int
    since_ms: int | None
    records: int
    settled: bool
    due_day: int | None
    forgotten: int
    day: int
    next_exit: int
    sums: list[int]
    days: list[int]
    members: dict[str, Register]
    blocks: dict[str, Register]
    offers: list[Offer]
    purchases: list[Purchase]
    worth: list[bytes]
    topics: dict[str, bytes]
    touches: list[TouchV1]
    highest: int
    credited: int
    undecided: list[Undecided]
    inline: dict[int, PaneV1]
    linked: list[Linked] = []
    touched: list[int] = []
    """Runs of acts that are touches; `touches` has the others. See `touched`."""


class PaneV1(msgspec.Struct, array_like=True, gc=False):
    """One pane. The points follow from the counts, but are kept: most loads need no recount.

    `blocks`: how many acts are gone, and which blocks lie before `acts`, from and to (excluded).
    """

    acts: list[ActV1]
    counts: dict[int, int]
    attention: int
    attraction: int
    affinity: int
    objections: int
    undos: list[str] | None
    early: list[EarlyUndo] | None
    blocks: tuple[int, int, int] | None = None


class BlockV1(msgspec.Struct, array_like=True, gc=False):
    """Acts of a pane; `first` is the place of the first one, counted from the day's first."""

    first: int
    acts: list[ActV1]
