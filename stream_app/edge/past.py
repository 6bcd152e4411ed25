"""Whose past it is: where ids that are their own again are still named.

An id that was unlinked stays among the ids of the relationship that has its past. When that id is
forgotten, its name must go there, too; this index says where, within one partition: under a hash of
the id the keys of the relationships. It holds nothing of an id that is forgotten.
"""

from __future__ import annotations

from collections.abc import Collection
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

import msgspec

from stream_app.contracts.state import StateTooNewError
from stream_app.domain.linked import without_past
from stream_app.domain.state import Relationship
from stream_app.engine import Unit

if TYPE_CHECKING:
    from stream_app.edge.work import Work

TAG: Final[bytes] = b"P"
_VERSION: Final = b"\x01"


class Holders(msgspec.Struct, frozen=True, array_like=True):
    """Keys of the relationships of this partition that name an id of the past."""

    keys: tuple[bytes, ...]


_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(Holders).decode


def load(head: bytes) -> Holders:
    """The stored entry, tag and all."""
    if head[1:2] != _VERSION:
        raise StateTooNewError
    return _decode(head[2:])


def dump(holders: Holders) -> list[tuple[bytes, bytes | None]]:
    """The stored bytes of an entry."""
    return [(b"", TAG + _VERSION + _encode(holders))]


def past_key(brand: str, person: str) -> bytes:
    """Where it stands who names that id. Not the id itself: it may have any character in it."""
    digest = blake2b(f"{brand}/{person}".encode(), digest_size=16).hexdigest()
    return f"\x00past {digest}".encode()


def note(
    unit: Unit[Any], key: bytes, brand: str, before: Collection[str], after: Collection[str]
) -> None:
    """The relationship of that key named these ids of the past, and now names those."""
    for person in before:
        if person not in after:
            _write(unit, past_key(brand, person), key, is_named=False)
    for person in after:
        if person not in before:
            _write(unit, past_key(brand, person), key, is_named=True)


def _write(unit: Unit[Any], where: bytes, key: bytes, *, is_named: bool) -> None:
    found = unit.get(where)
    keys = [one for one in found.keys if one != key] if isinstance(found, Holders) else []
    if is_named:
        keys.append(key)
    if keys:
        unit.put(where, Holders(tuple(keys)))
    elif found is not None:
        unit.delete(where)


def forget(unit: Unit[Any], work: Work, brand: str, person: str) -> bool:
    """An id is forgotten: no relationship of this partition names it any more. True if one did."""
    where = past_key(brand, person)
    found = unit.get(where)
    if not isinstance(found, Holders):
        return False
    unit.delete(where)
    for key in found.keys:
        rel = unit.get(key)
        if isinstance(rel, Relationship):
            rel.linked = without_past(rel.linked, (person,))
            unit.put(key, rel)
            work.views[key] = rel
    return True
