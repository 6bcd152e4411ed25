"""link/v1: two ids are one person, or are no more; bytes of a record to a link, or why not."""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from stream_app.contracts.interaction import NO_CONTROL, Slug, WireTime
from stream_app.contracts.reading import decoded, event_time
from stream_app.domain.rejects import Reason, Reject

Person = Annotated[str, Meta(min_length=1, max_length=200, pattern=NO_CONTROL)]


class LinkV1(msgspec.Struct, gc=False, rename={"from_": "from"}):
    """Two ids of one brand are one person: what `from` did and does counts for `to`."""

    brand: Annotated[Slug, Meta(description="The brand's slug.")]
    from_: Annotated[Person, Meta(description="The id that is given up.")]
    to: Annotated[Person, Meta(description="The id that goes on.")]
    op: Annotated[
        Literal["create", "undo"] | None,
        Meta(description="undo: from now on they are two again; the past stays together."),
    ] = "create"
    occurred_at: Annotated[
        WireTime | None,
        Meta(description="Since when it is known. Absent: the record's timestamp."),
    ] = None


class Link(msgspec.Struct, frozen=True, array_like=True):
    """A link as the log has it; `path`: the ids that it was handed on from, oldest first.

    `others`: ids that were one with `source` before, and leave with it when it is unlinked.
    """

    brand: str
    source: str
    to: str
    undo: bool
    at_ms: int
    record: str = ""
    path: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


_decode: Final = msgspec.json.Decoder(LinkV1).decode


def read_link(value: bytes | None, recorded_ms: int) -> Link | Reject:
    """The link in the value of a record of this timestamp, or why it is refused."""
    wire = decoded(value, _decode)
    if isinstance(wire, Reject):
        return wire
    at_ms = event_time(wire.occurred_at, recorded_ms)
    if isinstance(at_ms, Reject):
        return at_ms
    if wire.from_ == wire.to:
        return Reject(Reason.WRONG_SHAPE, "$.to: expected another id than `from`")
    return Link(wire.brand, wire.from_, wire.to, wire.op == "undo", at_ms)
