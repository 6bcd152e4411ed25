"""What a unit of work stores: relationships, the acts that adapters have seen, and methods.

Acts seen are kept in a ring: the newest so many of each partition. A slot names the act that it
holds; when its turn comes again, that act makes room.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from stream_app.adapters.seen import Act, name_of
from stream_app.contracts.panes import VERSIONS, NewerFormatError
from stream_app.contracts.state import RelationshipCodec
from stream_app.domain.brand_policy import PANE_LIFE_DAYS
from stream_app.domain.clock import DAY_MS
from stream_app.domain.costs import KnownCost
from stream_app.domain.linked import Alias, Gone
from stream_app.domain.policy import Policy
from stream_app.domain.state import Relationship
from stream_app.edge import marks, names, pages, reigns
from stream_app.engine import StateTooNewError, Unit

SEEN_LIFE_MS: Final = PANE_LIFE_DAYS * DAY_MS


class SeenAct(msgspec.Struct, frozen=True, array_like=True):
    """An act that a later removal may name, with the slot of the ring that it is in."""

    number: int
    at_ms: int
    act: Act


class Slot(msgspec.Struct, frozen=True, array_like=True):
    """A slot of the ring: the key of the act that it holds."""

    key: bytes


State = (
    Relationship
    | SeenAct
    | Slot
    | pages.Page
    | KnownCost
    | pages.Names
    | Alias
    | Gone
    | names.Holders
    | reigns.Reigns
)

_SEEN_TAG: Final = b"S"
_SLOT_TAG: Final = b"N"
_OF_METHODS: Final = (pages.PAGE_TAG, pages.COST_TAG, pages.NAMES_TAG)
_MARKS: Final = (marks.ALIAS_TAG, marks.GONE_TAG)
_encode: Final = msgspec.msgpack.Encoder().encode
_decode_seen: Final = msgspec.msgpack.Decoder(SeenAct).decode
_decode_slot: Final = msgspec.msgpack.Decoder(Slot).decode


class StateCodec:
    """Stores all of them; the first byte tells which."""

    def __init__(self, policy: Policy) -> None:
        self._relationships = RelationshipCodec(policy)

    def load(self, get: Callable[[bytes], bytes | None]) -> State | None:
        """The state whose parts `get` gives, None if there is none.

        One of a newer release stops the worker: its records must not be taken for bad ones.
        """
        head = get(b"")
        if head is None:
            return None
        try:
            return self._load(head, get)
        except NewerFormatError as error:
            raise StateTooNewError from error

    def _load(self, head: bytes, get: Callable[[bytes], bytes | None]) -> State | None:
        tag = head[:1]
        if tag in VERSIONS:
            return self._relationships.load_behind(head, get)
        if tag == _SEEN_TAG:
            return _decode_seen(head[1:])
        if tag == _SLOT_TAG:
            return _decode_slot(head[1:])
        if tag in _OF_METHODS:
            return pages.load(head, get)
        if tag in _MARKS:
            return marks.load(head)
        if tag == names.TAG:
            return names.load(head)
        if tag == reigns.TAG:
            return reigns.load(head)
        raise NewerFormatError

    def know(self, edition: str, policy: Policy) -> None:
        """Relationships may stand under this policy."""
        self._relationships.know(edition, policy)

    def dump(self, state: State) -> Iterable[tuple[bytes, bytes | None]]:
        """The parts that changed."""
        if isinstance(state, Relationship):
            return self._relationships.dump(state)
        if isinstance(state, pages.Page | KnownCost | pages.Names):
            return pages.dump(state)
        if isinstance(state, Alias | Gone):
            return marks.dump(state)
        if isinstance(state, names.Holders):
            return names.dump(state)
        if isinstance(state, reigns.Reigns):
            return reigns.dump(state)
        tag = _SEEN_TAG if isinstance(state, SeenAct) else _SLOT_TAG
        return [(b"", tag + _encode(state))]


class SeenRing:
    """The acts seen of one partition, for adapters: as `adapters.seen.Seen`, but stored."""

    def __init__(self, unit: Unit[State], written: int, limit: int) -> None:
        self.written = written
        self.is_gone: Callable[[str, str], bool] = _nobody
        """Of a brand and a person: whether they are forgotten, and not to be remembered."""
        self._unit = unit
        self._limit = limit
        self._places: dict[str, list[tuple[bytes, bytes]]] | None = None
        """By person, what is or was in the ring, as (slot, act): made for the first erasure."""
        self._places_until = 0

    def get(self, platform: str, key: str, now_ms: int) -> Act | None:
        """The act of that key; None if it was never seen, is too old, or had to make room."""
        found = self._unit.get(_key(platform, key))
        if not isinstance(found, SeenAct) or found.at_ms < now_ms - SEEN_LIFE_MS:
            return None
        return found.act

    def put(self, platform: str, key: str, act: Act, now_ms: int) -> None:
        """Remember an act; one of the same key is replaced, the oldest of too many goes.

        Not that of somebody who is forgotten.
        """
        if self.is_gone(act.brand, act.person):
            return
        unit, name = self._unit, _key(platform, key)
        slot_key = b"\x00slot %d" % (self.written % self._limit)
        slot = unit.get(slot_key)
        if isinstance(slot, Slot):
            held = unit.get(slot.key)
            if isinstance(held, SeenAct) and held.number == self.written - self._limit:
                unit.delete(slot.key)
        unit.put(slot_key, Slot(name))
        unit.put(name, SeenAct(self.written, now_ms, act))
        self.written += 1
        if self._places is not None:
            self._places.setdefault(act.person, []).append((slot_key, name))
            if self.written >= self._places_until:
                self._places = None  # too much in it is no more

    def forget(self, brand: str | None, person: str) -> bool:
        """Erasure: drop every act of that person, of one brand or (None) of all.

        The first time it reads the whole ring. True if there was any.
        """
        unit = self._unit
        if self._places is None:
            self._places, self._places_until = self._all_places(), self.written + self._limit
        names: set[bytes] = set()
        for _, name in self._places.get(person, ()):
            held = unit.peek(name)
            if not isinstance(held, SeenAct) or held.act.person != person:
                continue
            if brand in (None, held.act.brand):
                names.add(name)
        kept: list[tuple[bytes, bytes]] = []
        for slot_key, name in self._places.pop(person, ()):
            if name not in names:
                kept.append((slot_key, name))
                continue
            slot = unit.peek(slot_key)
            if isinstance(slot, Slot) and slot.key == name:
                unit.delete(slot_key)  # what is done to an object may be named after its author
        for name in names:
            unit.delete(name)
        if kept:
            self._places[person] = kept
        return bool(names)

    def _all_places(self) -> dict[str, list[tuple[bytes, bytes]]]:
        found: dict[str, list[tuple[bytes, bytes]]] = {}
        for number in range(min(self.written, self._limit)):
            slot_key = b"\x00slot %d" % number
            slot = self._unit.peek(slot_key)
            held = self._unit.peek(slot.key) if isinstance(slot, Slot) else None
            if isinstance(slot, Slot) and isinstance(held, SeenAct):
                found.setdefault(held.act.person, []).append((slot_key, slot.key))
        return found


def _nobody(brand: str, person: str) -> bool:
    return False


def _key(platform: str, key: str) -> bytes:
    # a relationship's key begins with a brand, never with a NUL
    return f"\x00seen {name_of(platform, key)}".encode()
