"""The stored form of a pane: one part; of a busy day, blocks of its acts beside it.

So a commit writes the acts that came and not all of their day.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from stream_app.contracts.stored import ActV1, BlockV1, PaneV1
from stream_app.domain.act import Act
from stream_app.domain.pane import ACTS_PER_BLOCK, Blocks, Pane

VERSION: Final = b"\x02"
"""Of a part that is written now: 1 had neither blocks nor references to touches."""
VERSIONS: Final = (b"\x01", VERSION)

Part = tuple[bytes, bytes | None]
"""Suffix and content; None deletes it."""


class NewerFormatError(Exception):
    """Stored bytes of a version or kind that this release does not know, but a newer one does.
    Do: roll forward to that release again; a worker stops with the engine's StateTooNewError."""


_encode: Final = msgspec.msgpack.Encoder().encode
_decode_pane: Final = msgspec.msgpack.Decoder(PaneV1).decode
_decode_block: Final = msgspec.msgpack.Decoder(BlockV1).decode


def content(part: bytes) -> bytes:
    """A part without its version. Raises NewerFormatError."""
    if part[:1] not in VERSIONS:
        raise NewerFormatError
    return part[1:]


def dump_pane(day: int, pane: Pane) -> list[Part]:
    """What of a pane is not stored yet; from now on it is."""
    pane.changed, pane.stored = False, True
    acts, blocks = pane.acts, pane.blocks
    if blocks is None:
        if len(acts) < ACTS_PER_BLOCK:
            return [(_suffix(day), VERSION + _encode(pane_v1(pane)))]
        blocks = pane.blocks = Blocks()
    parts = _dump_blocks(day, acts, blocks)
    rest = acts[max(0, blocks.high * ACTS_PER_BLOCK - blocks.gone) :]
    stored = _pane_v1(pane, rest, (blocks.gone, blocks.low, blocks.high))
    parts.append((_suffix(day), VERSION + _encode(stored)))
    return parts


def _dump_blocks(day: int, acts: list[Act], blocks: Blocks) -> list[Part]:
    gone = blocks.gone
    low, high = gone // ACTS_PER_BLOCK, (gone + len(acts)) // ACTS_PER_BLOCK
    parts: list[Part] = [
        (_suffix(day, number), None)
        for number in range(blocks.low, blocks.high)
        if not low <= number < high
    ]
    fresh = low if blocks.altered else max(low, blocks.high)
    for number in range(fresh, high):
        first = max(gone, number * ACTS_PER_BLOCK)
        inside = acts[first - gone : (number + 1) * ACTS_PER_BLOCK - gone]
        block = BlockV1(first, [_act_v1(act) for act in inside])
        parts.append((_suffix(day, number), VERSION + _encode(block)))
    blocks.low, blocks.high, blocks.altered = low, high, False
    return parts


def load_pane(day: int, get: Callable[[bytes], bytes | None]) -> Pane:
    """A stored pane. Raises NewerFormatError, or msgspec.MsgspecError for damaged bytes."""
    found = _decode_pane(content(_needed(get, _suffix(day))))
    pane = pane_of(found, stored=True)
    if found.blocks is not None:
        gone, low, high = found.blocks
        acts: list[Act] = []
        for number in range(low, high):
            block = _decode_block(content(_needed(get, _suffix(day, number))))
            acts += [_act(act) for act in block.acts[max(0, gone - block.first) :]]
        pane.acts = acts + pane.acts
        pane.blocks = Blocks(gone, low, high)
    return pane


def dropped(day: int, blocks: Blocks | None) -> list[Part]:
    """A pane that is stored no more."""
    numbers = range(0) if blocks is None else range(blocks.low, blocks.high)
    return [(_suffix(day), None), *((_suffix(day, number), None) for number in numbers)]


def _needed(get: Callable[[bytes], bytes | None], suffix: bytes) -> bytes:
    part = get(suffix)
    if part is None:
        raise msgspec.DecodeError("a part that another one names is missing")
    return part


def _suffix(day: int, block: int | None = None) -> bytes:
    suffix = day.to_bytes(4, "big")
    return suffix if block is None else suffix + block.to_bytes(4, "big")


def day_of(suffix: bytes) -> int | None:
    """The day of a part; None: it is the head."""
    return int.from_bytes(suffix[:4], "big") if suffix else None


def pane_v1(pane: Pane) -> PaneV1:
    """All of a pane in one."""
    return _pane_v1(pane, pane.acts, None)


def _pane_v1(pane: Pane, acts: list[Act], blocks: tuple[int, int, int] | None) -> PaneV1:
    return PaneV1(
        [_act_v1(act) for act in acts],
        pane.counts(),
        pane.attention,
        pane.attraction,
        pane.affinity,
        pane.objections,
        pane.undos,
        pane.early,
        blocks,
    )


def pane_of(found: PaneV1, *, stored: bool) -> Pane:
    """The pane, without what is in blocks."""
    return Pane(
        [_act(act) for act in found.acts],
        found.counts,
        found.attention,
        found.attraction,
        found.affinity,
        found.objections,
        found.undos,
        found.early,
        changed=False,
        stored=stored,
    )


def _act_v1(act: Act) -> ActV1:
    return ActV1(
        act.key,
        act.verb,
        act.inbound,
        act.kind,
        act.object,
        act.at_ms,
        act.number,
        act.in_effect,
        act.answered,
        act.sentiment,
        act.topics,
        act.booked,
    )


def _act(one: ActV1) -> Act:
    return Act(
        one.key,
        one.verb,
        one.inbound,
        one.kind,
        one.object,
        one.at_ms,
        one.number,
        one.in_effect,
        one.answered,
        one.sentiment,
        one.topics,
        one.booked,
    )
