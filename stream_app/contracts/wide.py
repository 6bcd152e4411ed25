"""Stored values whose whole numbers may not fit into the 64 bits of MessagePack.

Money is exact at any size: an amount has 18 digits before the point, and sums have more. A number
that does not fit is written as a text; all others, and so all bytes written before, are as ever.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

import msgspec

T = TypeVar("T")

_encode: Final = msgspec.msgpack.Encoder().encode
_LEAST: Final = -(1 << 63)
_MOST: Final = (1 << 64) - 1


def encode(value: object) -> bytes:
    """MessagePack of any value that msgspec can write, its whole numbers of any size."""
    try:
        return _encode(value)
    except OverflowError:
        return _encode(_fitting(msgspec.to_builtins(value, builtin_types=(bytes,))))


def decoder(kind: type[T]) -> Callable[[bytes], T]:
    """A function that reads what `encode` wrote. It raises msgspec.MsgspecError for other bytes."""
    as_written = msgspec.msgpack.Decoder(kind).decode
    with_texts = msgspec.msgpack.Decoder(kind, strict=False).decode

    def decode(content: bytes) -> T:
        try:
            return as_written(content)
        except msgspec.ValidationError:
            return with_texts(content)

    return decode


def _fitting(value: Any) -> Any:
    if isinstance(value, int) and not _LEAST <= value <= _MOST:
        return str(value)
    if isinstance(value, dict):
        return {key: _fitting(part) for key, part in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_fitting(part) for part in value]
    return value
