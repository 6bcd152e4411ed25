"""What stands where a relationship was: that its id is somebody else's, or that it is forgotten.

A mark of a forgotten person is kept under a hash of the id with the partition's own salt: without
the id nobody finds it, and from it nobody finds the id.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from hashlib import blake2b
from typing import Final

import msgspec

from stream_app.contracts.state import StateTooNewError
from stream_app.domain.identity import LINKED
from stream_app.domain.linked import Linked

ALIAS_TAG: Final[bytes] = b"A"
GONE_TAG: Final[bytes] = b"G"
_VERSION: Final = b"\x01"


class Alias(msgspec.Struct, frozen=True, array_like=True):
    """An id that counts as `to` since `since_ms`, by a link that stood at `record`.

    `to` None: it was linked once, and is its own again. `epoch` and `sequence` are those of the
    relationship that ended here: another one goes on from them. `linked` are the ids that are one
    with this one, whatever becomes of it.
    """

    to: str | None
    since_ms: int
    record: str
    epoch: int
    sequence: int
    linked: tuple[Linked, ...] = ()

    def with_ids(self, new: Iterable[Linked]) -> Alias:
        """The same, with more ids; of too many the oldest go."""
        by_person = {one.person: one for one in (*self.linked, *new)}
        return msgspec.structs.replace(self, linked=tuple(by_person.values())[-LINKED:])

    def without_ids(self, gone: Container[str]) -> Alias:
        """The same, without some ids."""
        kept = tuple(one for one in self.linked if one.person not in gone)
        return msgspec.structs.replace(self, linked=kept)


class Gone(msgspec.Struct, frozen=True, array_like=True):
    """A person who was forgotten, in this epoch. `let_in`: they consented to be known again.

    `number`: the offset of the record that said so; the newest counts.
    """

    epoch: int
    let_in: bool
    number: int


_encode: Final = msgspec.msgpack.Encoder().encode
_decode_alias: Final = msgspec.msgpack.Decoder(Alias).decode
_decode_gone: Final = msgspec.msgpack.Decoder(Gone).decode


def load(head: bytes) -> Alias | Gone:
    """The mark whose stored bytes these are."""
    if head[1:2] != _VERSION:
        raise StateTooNewError
    return _decode_alias(head[2:]) if head[:1] == ALIAS_TAG else _decode_gone(head[2:])


def dump(mark: Alias | Gone) -> list[tuple[bytes, bytes | None]]:
    """The stored bytes of a mark."""
    tag = ALIAS_TAG if isinstance(mark, Alias) else GONE_TAG
    return [(b"", tag + _VERSION + _encode(mark))]


def gone_key(salt: bytes, brand: str, person: str) -> bytes:
    """Where it stands that a person is forgotten."""
    return b"\x00gone " + blake2b(f"{brand}/{person}".encode(), key=salt, digest_size=16).digest()
