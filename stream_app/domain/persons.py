"""Who is one person and who is forgotten, where all states are at hand: in a replay."""

from __future__ import annotations

from collections.abc import Callable

from stream_app.domain.clock import DAY_MS
from stream_app.domain.events import Interaction
from stream_app.domain.identity import end, merge, unlink
from stream_app.domain.keys import relationship_key
from stream_app.domain.ledger import OPEN_DAYS
from stream_app.domain.linked import Gone, Linked, consented, epoch_after, forgotten, still_linked
from stream_app.domain.outcome import Transition
from stream_app.domain.partition import Partition
from stream_app.domain.relationship import settle
from stream_app.domain.state import Relationship


class Persons:
    """Aliases and those who are forgotten, by relationship key; `states` are all relationships.

    `ended` has epoch and sequence of those that became somebody else's.
    """

    def __init__(
        self,
        states: dict[str, Relationship],
        partition_of: Callable[[str], Partition],
    ) -> None:
        self.states = states
        self.partition_of = partition_of
        self.aliases: dict[str, str] = {}
        self.ended: dict[str, tuple[int, int]] = {}
        self._marks: dict[str, Gone] = {}
        self._everywhere: dict[str, Gone] = {}
        self._records = 0

    def root(self, brand: str, person: str) -> str:
        """The id that an id counts as."""
        while True:
            to = self.aliases.get(relationship_key(brand, person))
            if to is None:
                return person
            person = to

    def is_gone(self, brand: str, person: str) -> bool:
        """Whether a person who is not known is forgotten."""
        key = relationship_key(brand, person)
        known = key in self.states or key in self.ended
        return not known and self._epoch(brand, person) is None

    def _epoch(self, brand: str, person: str) -> int | None:
        own = self._marks.get(relationship_key(brand, person))
        return epoch_after(own, self._everywhere.get(person))

    def begin(self, event: Interaction) -> Relationship | None:
        """The relationship that goes on from one that ended here; None: a new one is as good."""
        begun = relationship_key(event.brand, event.person) in self.ended
        if not begun and not self._epoch(event.brand, event.person):
            return None
        return self._starting(event.brand, event.person, event.at_ms)

    def _starting(self, brand: str, person: str, at_ms: int) -> Relationship:
        key = relationship_key(brand, person)
        rel = self.partition_of(key).starting(brand, person, at_ms)
        anew = (self._epoch(brand, person) or 0, 0)
        rel.epoch, rel.sequence = self.ended.get(key, anew)
        return rel

    def link(
        self, brand: str, source: str, to: str, at_ms: int, recorded_ms: int
    ) -> list[Transition]:
        """Make two ids one person; nothing if they are already."""
        first, second = self.root(brand, source), self.root(brand, to)
        if first == second or self.is_gone(brand, first):
            return []
        key, to_key = relationship_key(brand, first), relationship_key(brand, second)
        rel, home = self.states.pop(key, None), self.partition_of(key)
        rules = home.rules_for(brand)
        moves: list[Transition] = []
        if rel is not None:
            if home.journal is not None:
                home.journal.oldest = recorded_ms // DAY_MS - OPEN_DAYS
            moves += end(rel, home.watermark, rules, home.journal)
            self.ended[key] = (rel.epoch, rel.sequence)
        else:
            self.ended.setdefault(key, (0, 0))
        self.aliases[key] = second
        if self.is_gone(brand, second):
            return moves
        into = self.states.get(to_key)
        if into is None:
            start_ms = at_ms if rel is None else rel.as_of
            into = self.states[to_key] = self._starting(brand, second, start_ms)
        rules = self.partition_of(to_key).rules_for(brand)
        if rel is None:
            rel = Relationship.starting(brand, first, into.as_of, rules)
        there = self.partition_of(to_key)
        if there.journal is not None:
            there.journal.oldest = recorded_ms // DAY_MS - OPEN_DAYS
        link = Linked(first, at_ms, "")
        return moves + merge(into, rel, link, there.watermark, rules, there.journal)

    def unlink(self, brand: str, source: str, to: str, at_ms: int) -> None:
        """From now on two ids are two persons again."""
        if self.aliases.get(relationship_key(brand, source)) == to:
            del self.aliases[relationship_key(brand, source)]
            rel = self.states.get(relationship_key(brand, self.root(brand, to)))
            if rel is not None:
                unlink(rel, (source,), at_ms)

    def forget(self, brand: str, person: str) -> list[Transition]:
        """Forget a person under every id; brand `*`: of all brands.

        Midnights that have passed come first: nobody can tell when silence was walked.
        """
        moves: list[Transition] = []
        self._records += 1
        if brand == "*":
            self._everywhere[person] = forgotten(None, None, self._records)
            suffix = f"/{person}"
            held = {*self.states, *self.aliases, *self.ended}
            brands = [key.removesuffix(suffix) for key in held if key.endswith(suffix)]
            for name in sorted(brands):
                if "/" not in name:
                    moves += self.forget(name, person)
            return moves
        root = self.root(brand, person)
        rel = self.states.pop(relationship_key(brand, root), None)
        home = self.partition_of(relationship_key(brand, root))
        if rel is not None and home.watermark is not None:
            moves += settle(rel, home.watermark, home.rules_for(brand), home.journal)
        ids = {person, root}
        if rel is not None:
            self.ended[relationship_key(brand, root)] = (rel.epoch, rel.sequence)
            ids |= {one.person for one in still_linked(rel.linked)}
        for one in ids:
            key = relationship_key(brand, one)
            self.aliases.pop(key, None)
            ended = self.ended.pop(key, None)
            epoch = None if ended is None else ended[0]
            self._marks[key] = forgotten(epoch, self._marks.get(key), self._records)
        return moves

    def let_in(self, brand: str, person: str) -> None:
        """A forgotten person consents to be known again, as a new one."""
        self._records += 1
        to_all = brand == "*"
        marks, key = self._marks, relationship_key(brand, person)
        if to_all:
            marks, key = self._everywhere, person
        everywhere = self._everywhere.get(person)
        mark = consented(marks.get(key), everywhere, self._records, to_all=to_all)
        if mark is not None:
            marks[key] = mark
