"""What stands where a relationship was: that its id is somebody else's, or that it is forgotten.

A mark of a forgotten person is kept under a hash of the id with the partition's own salt: without
the id nobody finds it, and from it nobody finds the id.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

import msgspec

from stream_app.contracts.panes import NewerFormatError
from stream_app.domain.linked import Alias, Gone

ALIAS_TAG: Final[bytes] = b"A"
GONE_TAG: Final[bytes] = b"G"
_VERSION: Final = b"\x01"

_encode: Final = msgspec.msgpack.Encoder().encode
_decode_alias: Final = msgspec.msgpack.Decoder(Alias).decode
_decode_gone: Final = msgspec.msgpack.Decoder(Gone).decode


def load(head: bytes) -> Alias | Gone:
    """The mark whose stored bytes these are."""
    if head[1:2] != _VERSION:
        raise NewerFormatError
    return _decode_alias(head[2:]) if head[:1] == ALIAS_TAG else _decode_gone(head[2:])


def dump(mark: Alias | Gone) -> list[tuple[bytes, bytes | None]]:
    """The stored bytes of a mark."""
    tag = ALIAS_TAG if isinstance(mark, Alias) else GONE_TAG
    return [(b"", tag + _VERSION + _encode(mark))]


def gone_key(salt: bytes, brand: str, person: str) -> bytes:
    """Where it stands that a person is forgotten."""
    return b"\x00gone " + blake2b(f"{brand}/{person}".encode(), key=salt, digest_size=16).digest()
