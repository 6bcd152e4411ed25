"""Bytes of the changelog and of the local store.

Both hold the same records, sealed with a checksum over key and value, so that a record that this
application did not write is found while restoring:

    0x00 p                      position record: source positions, the job's meta, incarnation
    0x00 l                      store only: how far of the changelog the store has
    s, length of key, key, part one part of a state; the part b"" is its head
    i, due, key                 one entry of the index of due times
"""

from __future__ import annotations

from collections.abc import Iterable
from struct import Struct as _Struct
from typing import Any, Final
from zlib import crc32

import msgspec

from .errors import StateTooNewError
from .positions import Local, Position

VERSION: Final = 1
POSITION_KEY: Final = b"\x00p"
LOCAL_KEY: Final = b"\x00l"
STATE_TAG: Final = b"s"
INDEX_TAG: Final = b"i"
DATA_TAGS: Final = (STATE_TAG, INDEX_TAG)
MAX_KEY_BYTES: Final = 0xFFFF

_U16: Final = _Struct(">H")
_SHORT_HEADS: Final = tuple(STATE_TAG + _U16.pack(size) for size in range(256))
_U64: Final = _Struct(">Q")
_SIGN: Final = 1 << 63
_SEAL_BYTES: Final = 4


_pack = msgspec.msgpack.Encoder().encode
_position = msgspec.msgpack.Decoder(Position).decode
_local = msgspec.msgpack.Decoder(Local).decode


def state_prefix(key: bytes) -> bytes:
    """Key of a state's head, and prefix of the keys of its parts."""
    size = len(key)
    return (_SHORT_HEADS[size] if size < 256 else STATE_TAG + _U16.pack(size)) + key


def key_of_head(raw: bytes) -> bytes | None:
    """The state's key if `raw` is the key of a head, else None."""
    if raw[:1] != STATE_TAG:
        return None
    size: int = _U16.unpack_from(raw, 1)[0]
    return raw[3:] if len(raw) == 3 + size else None


def index_key(due: int, key: bytes) -> bytes:
    """Key of an index entry; orders by due time (any signed 64-bit number), then key."""
    return INDEX_TAG + _U64.pack(due + _SIGN) + key


def index_entry(raw: bytes) -> tuple[int, bytes]:
    """The reverse of `index_key`."""
    return _U64.unpack_from(raw, 1)[0] - _SIGN, raw[9:]


def seal(raw_key: bytes, value: bytes) -> bytes:
    """Append the checksum over key and value."""
    return value + crc32(value, crc32(raw_key)).to_bytes(_SEAL_BYTES, "big")


def is_sealed(raw_key: bytes, value: bytes) -> bool:
    """Whether the checksum is right."""
    tail = int.from_bytes(value[-_SEAL_BYTES:], "big")
    return len(value) >= _SEAL_BYTES and crc32(value[:-_SEAL_BYTES], crc32(raw_key)) == tail


def newest_data(records: Iterable[Any]) -> tuple[dict[bytes, bytes | None], list[Any]]:
    """The last value of each key of states and index; and the records that are neither, or damaged.

    `records`: with `key` and `value`, as consumed.
    """
    newest: dict[bytes, bytes | None] = {}
    others: list[Any] = []
    for record in records:
        key: bytes | None = record.key
        value: bytes | None = record.value
        if key and key[:1] in DATA_TAGS and (value is None or is_sealed(key, value)):
            newest[key] = value
        else:
            others.append(record)
    return newest, others


def unseal(value: bytes) -> bytes:
    """Strip the checksum."""
    return value[:-_SEAL_BYTES]


def pack_position(position: Position) -> bytes:
    """Sealed bytes of a position record."""
    return seal(POSITION_KEY, _pack(position))


def read_position(value: bytes) -> Position:
    """Raises `StateTooNewError`, or `msgspec.DecodeError` for nonsense."""
    position = _position(unseal(value))
    if position.version > VERSION:
        raise StateTooNewError(found=position.version, known=VERSION)
    return position


def pack_local(local: Local) -> bytes:
    """Sealed bytes of a local marker."""
    return seal(LOCAL_KEY, _pack(local))


def read_local(value: bytes) -> Local | None:
    """None if it is damaged or of another version: the store is then rebuilt."""
    if not is_sealed(LOCAL_KEY, value):
        return None
    try:
        local = _local(unseal(value))
    except msgspec.DecodeError:
        return None
    return local if local.version == VERSION else None
