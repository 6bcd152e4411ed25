"""Where an id is named among the ids of another one, within one partition.

A person who is forgotten goes under every id that is linked then. But an id that was unlinked stays
named where its past is, and links and unlinkings may still be on their way. So when an id is
forgotten its name goes wherever it stands, and this index says where: under a hash of the id the
keys of relationships and aliases. It holds nothing of an id that is forgotten.
"""

from __future__ import annotations

from collections.abc import Collection
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

import msgspec

from stream_app.contracts.panes import NewerFormatError
from stream_app.domain.linked import Alias, without
from stream_app.domain.state import Relationship
from stream_app.engine import Unit

if TYPE_CHECKING:
    from stream_app.edge.work import Work

TAG: Final[bytes] = b"P"
_VERSION: Final = b"\x01"


class Holders(msgspec.Struct, frozen=True, array_like=True):
    """Keys of the relationships and aliases of this partition that name an id."""

    keys: tuple[bytes, ...]


_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(Holders).decode


def load(head: bytes) -> Holders:
    """The stored entry, tag and all."""
    if head[1:2] != _VERSION:
        raise NewerFormatError
    return _decode(head[2:])


def dump(holders: Holders) -> list[tuple[bytes, bytes | None]]:
    """The stored bytes of an entry."""
    return [(b"", TAG + _VERSION + _encode(holders))]


def name_key(brand: str, person: str) -> bytes:
    """Where it stands who names that id. Not the id itself: it may have any character in it."""
    digest = blake2b(f"{brand}/{person}".encode(), digest_size=16).hexdigest()
    return f"\x00named {digest}".encode()


def note(
    unit: Unit[Any], key: bytes, brand: str, before: Collection[str], after: Collection[str]
) -> None:
    """What stands at that key named these ids, and now names those."""
    for person in before:
        if person not in after:
            _write(unit, name_key(brand, person), key, is_named=False)
    for person in after:
        if person not in before:
            _write(unit, name_key(brand, person), key, is_named=True)


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
    """An id is forgotten: nothing in this partition names it any more. True if anything did."""
    where = name_key(brand, person)
    found = unit.get(where)
    if not isinstance(found, Holders):
        return False
    unit.delete(where)
    for key in found.keys:
        state = unit.get(key)
        if isinstance(state, Relationship):
            state.linked = without(state.linked, (person,))
            unit.put(key, state)
            work.views[key] = state
        elif isinstance(state, Alias):
            unit.put(key, state.without_ids((person,)))
    return True
