"""Kinds of records in the log: what the service appends says so in a header.

A record without one is a publisher's interaction. The headers of a publisher's own event stay on
it when it is appended again.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

import msgspec

Headers = Sequence[tuple[str, bytes]]

KIND: Final = "rapport-kind"
RECORDED_AT: Final = "rapport-recorded-at"
SOURCE: Final = "rapport-source"
PERSON: Final = "rapport-person"
"""Whose an interaction is that was handed on."""
PATH: Final = "rapport-path"
"""The ids that it was handed on from, oldest first, as JSON."""


class Kind(StrEnum):
    """What a record that the service appended is."""

    ADAPTED = "adapted"
    """An interaction that an adapter made of a platform's delivery."""
    REKEYED = "rekeyed"
    """A publisher's interaction, appended again under its right key."""
    TICK = "tick"
    """Time passed though nothing happened."""
    POLICY = "policy"
    """From here on this policy decides."""
    LINK = "link"
    """Two ids are one person, or are no more."""
    MERGE = "merge"
    """The state of an id that is given up, for the one that goes on."""
    UNLINK = "unlink"
    """For the id that goes on: another one is its own again."""
    FORWARDED = "forwarded"
    """An interaction of an id that was given up, for the one that goes on."""
    ERASE = "erase"
    """Forget a person, or let one in again."""


NO_INTERACTIONS: Final = frozenset(
    kind.encode()
    for kind in (Kind.TICK, Kind.POLICY, Kind.LINK, Kind.MERGE, Kind.UNLINK, Kind.ERASE)
)
"""Kinds of records whose value is no interaction."""


class Tick(msgspec.Struct, frozen=True):
    """The value of an idle tick."""

    at_ms: int


_decode_tick: Final = msgspec.json.Decoder(Tick).decode
_encode: Final = msgspec.json.Encoder().encode


def header(headers: Headers, name: str) -> bytes | None:
    """The value of the first header of that name."""
    for key, value in headers:
        if key == name:
            return value
    return None


def recorded_ms(headers: Headers, timestamp_ms: int) -> int:
    """The timestamp of the record as it was first appended: never later than the present one."""
    first = header(headers, RECORDED_AT)
    if first is None or not first.isdigit():
        return timestamp_ms
    return min(int(first), timestamp_ms)


def origin(topic: str, partition: int, offset: int) -> bytes:
    """Where a record that was appended again stood first."""
    return f"{topic}/{partition}/{offset}".encode()


def write_tick(at_ms: int) -> bytes:
    """The value of a tick."""
    return _encode(Tick(at_ms))


def read_tick(value: bytes | None) -> int | None:
    """The time of a tick, or None if it is none."""
    try:
        return _decode_tick(value or b"").at_ms
    except msgspec.MsgspecError:
        return None
