"""A replay of the log itself: what the service appended to it does again what it did there.

In the log a link is several records: the id that is given up ends in its partition, its state is
merged in another one, and what is handed on stands there again. So each partition, by itself,
determines its states. A file written by hand has a link as one line instead (`domain.persons`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec

from stream_app.contracts.erasure import ALL_BRANDS, Erasure
from stream_app.contracts.handed import (
    decode_erasure,
    decode_link,
    decode_merge,
    next_of,
)
from stream_app.contracts.link import Link
from stream_app.contracts.state import RelationshipCodec
from stream_app.domain.clock import DAY_MS
from stream_app.domain.identity import end, merge, unlink
from stream_app.domain.keys import relationship_key
from stream_app.domain.ledger import OPEN_DAYS
from stream_app.domain.linked import (
    Alias,
    Gone,
    Linked,
    consented,
    epoch_after,
    forgotten,
    named,
    still_linked,
    without,
)
from stream_app.domain.outcome import Transition
from stream_app.domain.partition import Partition
from stream_app.domain.policy import Policy
from stream_app.domain.relationship import settle
from stream_app.domain.state import Relationship

Path = tuple[str, ...]


class LoggedLine(msgspec.Struct, tag_field="record", tag="logged", omit_defaults=True):
    """A record that the service appended, as a line: `kind` is its header, `number` its offset.

    `person` and `path` are those of an interaction that was handed on.
    """

    kind: str
    partition: int
    number: int
    recorded_at: int
    value: bytes
    headers: Sequence[tuple[str, bytes]] = ()
    person: str = ""
    path: Path = ()


write_logged: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(LoggedLine).decode


def read_logged(line: bytes) -> LoggedLine | None:
    """The record in a line; None: it is no such line."""
    try:
        return _decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


class Logged:
    """Aliases and those who are forgotten; `states` are all relationships."""

    def __init__(
        self,
        policy: Policy,
        states: dict[str, Relationship],
        partition_of: Callable[[str], Partition],
    ) -> None:
        self._states = states
        self._partition_of = partition_of
        self._codec = RelationshipCodec(policy)
        self._aliases: dict[str, Alias] = {}
        self._marks: dict[tuple[Partition, str], Gone] = {}
        self._named: dict[tuple[Partition, str], set[str]] = {}
        """Where an id may be named: keys of relationships and aliases."""

    def take(self, line: LoggedLine, home: Partition) -> list[Transition]:
        """Do what a record of `home` did. Raises msgspec.MsgspecError if it is damaged."""
        if home.journal is not None and line.kind != "erase":
            home.journal.oldest = line.recorded_at // DAY_MS - OPEN_DAYS
        if line.kind == "erase":
            return self._erase(decode_erasure(line.value), line, home)
        if line.kind == "merge":
            handed = decode_merge(line.value)
            source = self._codec.load(handed.parts.get)
            return self._merge(handed.link, source, home)
        link = decode_link(line.value)
        if line.kind == "unlink":
            self._note_unlinked(link)
        elif link.undo:
            key = relationship_key(link.brand, link.source)
            alias = self._aliases.get(key)
            if alias is not None and alias.to == link.to:
                self._aliases[key] = msgspec.structs.replace(alias, to=None)
        else:
            return self._link(link, home)
        return []

    # -- interactions

    def stays(self, brand: str, person: str, path: Path) -> bool:
        """Whether an interaction that came by `path` is of this very id."""
        alias = self._aliases.get(relationship_key(brand, person))
        return alias is None or alias.to is None or next_of(alias.to, path, person) is None

    def taken_up(self, brand: str, person: str, at_ms: int, home: Partition) -> Relationship | None:
        """The relationship of an id, begun anew if there is none. None: the person is forgotten."""
        key = relationship_key(brand, person)
        rel = self._states.get(key)
        if rel is not None:
            return rel
        alias = self._aliases.get(key)
        epoch = self._epoch(brand, person, home) if alias is None else alias.epoch
        if epoch is None:
            return None
        rel = home.starting(brand, person, at_ms)
        rel.epoch = epoch
        if alias is not None:
            rel.sequence, rel.linked = alias.sequence, list(alias.linked) or None
        return rel

    def keep(self, rel: Relationship) -> None:
        """A relationship was taken up and changed: it stands where an alias may have been."""
        key = relationship_key(rel.brand, rel.person)
        self._aliases.pop(key, None)
        self._states[key] = rel

    # -- links

    def _link(self, link: Link, home: Partition) -> list[Transition]:
        key = relationship_key(link.brand, link.source)
        old, rel = self._aliases.get(key), self._states.get(key)
        moves: list[Transition] = []
        alias = Alias(link.to, link.at_ms, link.record, 0, 0)
        if old is not None:
            if old.to is not None:
                return []  # handed on, or nothing new
            alias = msgspec.structs.replace(
                alias, epoch=old.epoch, sequence=old.sequence, linked=old.linked
            )
        elif rel is not None:
            linked = still_linked(rel.linked)
            if any(one.person == link.to for one in linked):
                return []
            rules = home.rules_for(link.brand)
            moves = end(rel, home.watermark, rules, home.journal)
            del self._states[key]
            alias = msgspec.structs.replace(
                alias, epoch=rel.epoch, sequence=rel.sequence, linked=linked
            )
        elif self._epoch(link.brand, link.source, home) is None:
            return []
        self._aliases[key] = alias
        self._note(link.brand, link.source, alias.linked)
        return moves

    def _merge(self, link: Link, source: Relationship | None, home: Partition) -> list[Transition]:
        key = relationship_key(link.brand, link.to)
        since = Linked(link.source, link.at_ms, link.record)
        alias = self._aliases.get(key)
        if alias is not None and alias.to is not None:
            step = next_of(alias.to, link.path, link.to)
            if step is not None:
                ids = (since, *(still_linked(source.linked) if source is not None else ()))
                fresh = {one.person for one in ids if one.person != step}
                fresh -= self._gone(link.brand, fresh, home)
                alias = alias.with_ids(one for one in ids if one.person in fresh)
                self._aliases[key] = alias
                self._note(link.brand, link.to, alias.linked)
                return []
        start_ms = link.at_ms if source is None else source.as_of
        into = self.taken_up(link.brand, link.to, start_ms, home)
        if into is None:
            return []
        rules = home.rules_for(link.brand)
        if source is None:
            source = Relationship.starting(link.brand, link.source, into.as_of, rules)
        before = named(into.linked)
        moves = merge(into, source, since, home.watermark, rules, home.journal)
        fresh = named(into.linked) - before
        into.linked = without(into.linked, self._gone(link.brand, fresh, home))
        self._note(link.brand, link.to, into.linked)
        self.keep(into)
        return moves

    def _note_unlinked(self, link: Link) -> None:
        key, ids = relationship_key(link.brand, link.to), (link.source, *link.others)
        alias, rel = self._aliases.get(key), self._states.get(key)
        if alias is not None:
            self._aliases[key] = alias.without_ids(ids)
        elif rel is not None:
            unlink(rel, ids, link.at_ms)

    # -- names

    def _note(self, brand: str, person: str, linked: Iterable[Linked] | None) -> None:
        """These ids are named where that one is."""
        key = relationship_key(brand, person)
        home = self._partition_of(key)
        for one in named(linked):
            self._named.setdefault((home, relationship_key(brand, one)), set()).add(key)

    def _gone(self, brand: str, persons: set[str], home: Partition) -> set[str]:
        return {one for one in persons if self._epoch(brand, one, home) is None}

    def _forget_name(self, brand: str, person: str, home: Partition) -> None:
        for key in self._named.pop((home, relationship_key(brand, person)), ()):
            rel, alias = self._states.get(key), self._aliases.get(key)
            if rel is not None:
                rel.linked = without(rel.linked, (person,))
            elif alias is not None:
                self._aliases[key] = alias.without_ids((person,))

    # -- erasures

    def _erase(self, said: Erasure, line: LoggedLine, home: Partition) -> list[Transition]:
        place = (home, relationship_key(said.brand, said.person))
        to_all = said.brand == ALL_BRANDS
        if said.consent:
            everywhere = self._mark_of(home, ALL_BRANDS, said.person)
            mark = consented(self._marks.get(place), everywhere, line.number, to_all=to_all)
            if mark is not None:
                self._marks[place] = mark
            return []
        if not said.is_done and not to_all:
            return self._forget(said.brand, said, line, home)
        self._marks[place] = forgotten(None, None, line.number)
        if said.is_done:
            self._forget_name(said.brand, said.person, home)
            return []
        moves, suffix = list[Transition](), f"/{said.person}"
        for key in sorted({*self._states, *self._aliases}):
            brand = key.removesuffix(suffix)
            if key.endswith(suffix) and "/" not in brand and self._partition_of(key) is home:
                moves += self._forget(brand, said, line, home)
        return moves

    def _forget(
        self, brand: str, said: Erasure, line: LoggedLine, home: Partition
    ) -> list[Transition]:
        key, moves = relationship_key(brand, said.person), list[Transition]()
        rel, alias = self._states.get(key), self._aliases.get(key)
        if said.if_linked and (alias is None or alias.to is None):
            return []
        epoch: int | None = None
        if rel is not None:
            epoch = rel.epoch
            if home.watermark is not None:
                moves = settle(rel, home.watermark, home.rules_for(brand), home.journal)
            del self._states[key]
        elif alias is not None:
            epoch = alias.epoch
            del self._aliases[key]
        self._marks[home, key] = forgotten(epoch, self._marks.get((home, key)), line.number)
        self._forget_name(brand, said.person, home)
        return moves

    def _mark_of(self, home: Partition, brand: str, person: str) -> Gone | None:
        return self._marks.get((home, relationship_key(brand, person)))

    def _epoch(self, brand: str, person: str, home: Partition) -> int | None:
        own = self._mark_of(home, brand, person)
        everywhere = self._mark_of(home, ALL_BRANDS, person)
        return epoch_after(own, everywhere)
