"""What is handed on from one id to another: the state of an id that is given up, and where it goes.

The service does this through the log, a replay of the log does the same again.
"""

from __future__ import annotations

from typing import Final

import msgspec

from stream_app.contracts.erasure import Erasure
from stream_app.contracts.link import Link
from stream_app.contracts.panes import day_of
from stream_app.contracts.state import RelationshipCodec
from stream_app.domain.state import Relationship

LONGEST_PATH: Final = 64
"""A record that was handed on so often stays where it is."""
MERGE_BYTES: Final = 1_000_000
"""Of a state that is handed on: what is more loses the identities of its oldest acts."""


class Merge(msgspec.Struct, array_like=True, frozen=True):
    """The state of `link.source` for the id that goes on; no parts: nothing was known of it."""

    link: Link
    parts: dict[bytes, bytes]


encode: Final = msgspec.msgpack.Encoder().encode
decode_link: Final = msgspec.msgpack.Decoder(Link).decode
decode_merge: Final = msgspec.msgpack.Decoder(Merge).decode
decode_erasure: Final = msgspec.msgpack.Decoder(Erasure).decode


def root_of_circle(path: tuple[str, ...], to: str) -> str | None:
    """The smallest id of the circle that `to` closes with the end of `path`; None: it is none."""
    return min(path[path.index(to) :]) if to in path else None


def next_of(to: str, path: tuple[str, ...], here: str) -> str | None:
    """Where what came by `path` goes on to from `here`, which is one with `to`; None: it stays.

    It does at the smallest id of a circle, and where it was handed on too often.
    """
    path = (*path, here)
    if len(path) > LONGEST_PATH or root_of_circle(path, to) == here:
        return None
    return to


def handed_on(codec: RelationshipCodec, rel: Relationship) -> dict[bytes, bytes]:
    """The state as bytes, not too many of them. It is used up."""
    rel.due_day = None
    parts = _all_parts(codec, rel)
    total = sum(map(len, parts.values()))
    if total <= MERGE_BYTES:
        return parts
    for day in sorted(rel.windows.panes):
        if total <= MERGE_BYTES:
            break
        pane = rel.windows.panes[day]
        rel.memory.forgotten += len(pane.acts)
        pane.acts, pane.undos, pane.early = [], None, None
        total -= sum(len(part) for suffix, part in parts.items() if day_of(suffix) == day)
    return _all_parts(codec, rel)


def _all_parts(codec: RelationshipCodec, rel: Relationship) -> dict[bytes, bytes]:
    """All parts, as if none were stored."""
    rel.windows.dropped = None
    for pane in rel.windows.panes.values():
        pane.changed, pane.stored, pane.blocks = True, False, None
    return {suffix: part for suffix, part in codec.dump(rel) if part is not None}
