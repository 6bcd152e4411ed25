"""Erasure: a person is forgotten at once, in every partition, under every id.

An erasure goes to the partition of the relationship, which takes its state and tells the others,
for what adapters saw of a person may lie anywhere. What is left is a mark in each, under a salted
hash, by which later events of that person are dropped until they consent to be known again.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from stream_app.contracts.erasure import ALL_BRANDS, Erasure, read_erasure
from stream_app.contracts.handed import decode_erasure, encode
from stream_app.contracts.partitioner import partition_of
from stream_app.domain.clock import DAY_MS
from stream_app.domain.keys import relationship_key
from stream_app.domain.linked import (
    Alias,
    Gone,
    Linked,
    consented,
    epoch_after,
    forgotten,
    named,
    still_linked,
)
from stream_app.domain.rejects import Reject
from stream_app.domain.relationship import settle
from stream_app.domain.revision import catch_up
from stream_app.domain.state import Relationship
from stream_app.edge import names
from stream_app.edge.log import KIND, Kind
from stream_app.edge.marks import gone_key
from stream_app.edge.outputs import Outputs
from stream_app.edge.states import State
from stream_app.edge.topics import Topics
from stream_app.engine import Record, Unit

if TYPE_CHECKING:
    from stream_app.edge.work import Work

SALT_BYTES: Final = 32


class Forgetting:
    """Reads erasures, forgets, and remembers only that it did."""

    def __init__(self, topics: Topics, outputs: Outputs, partitions: int) -> None:
        self._topics = topics
        self._outputs = outputs
        self._partitions = partitions

    def read(self, unit: Unit[State], record: Record, work: Work) -> None:
        """An erasure goes into the log, or it is refused."""
        erasure = read_erasure(record.value)
        if isinstance(erasure, Reject):
            self._outputs.reject(unit, self._topics.erasures, record, erasure)
        else:
            self.send(unit, erasure)
            work.counts["passed_on"] += 1

    def send(self, unit: Unit[State], erasure: Erasure) -> None:
        """Append an erasure to the log: where the relationship is, or for all brands everywhere."""
        if erasure.brand == ALL_BRANDS:
            self._append(unit, erasure, range(self._partitions))
        else:
            self._append(unit, erasure, (self._home(erasure.brand, erasure.person),))

    def _append(self, unit: Unit[State], erasure: Erasure, partitions: Iterable[int]) -> None:
        key = relationship_key(erasure.brand, erasure.person).encode()
        value, headers = encode(erasure), [(KIND, Kind.ERASE.encode())]
        for partition in partitions:
            unit.emit(self._topics.log, key, value, partition=partition, headers=headers)

    def _tell_others(self, unit: Unit[State], brand: str, erasure: Erasure) -> None:
        told = Erasure(brand, erasure.person, erasure.consent, is_done=True)
        others = [number for number in range(self._partitions) if number != unit.partition]
        self._append(unit, told, others)

    def _home(self, brand: str, person: str) -> int:
        return partition_of(relationship_key(brand, person).encode(), self._partitions)

    # -- records of the log

    def take(self, unit: Unit[State], work: Work, record: Record) -> None:
        """An erasure that the service appended: what this partition has of the person goes."""
        erasure = decode_erasure(record.value or b"")
        if erasure.consent:
            is_known = self._let_in(unit, work, erasure, record.offset)
            outcome = "erasure" if is_known else "nothing_to_undo"
            work.counts["marked" if erasure.is_done else outcome] += 1
            return
        work.counts["marked" if erasure.is_done else "erasure"] += 1
        if erasure.is_done:
            gone = forgotten(None, None, record.offset)
            self._mark(unit, work, erasure.brand, erasure.person, gone)
            found = work.seen.forget(erasure.brand, erasure.person)
            if names.forget(unit, work, erasure.brand, erasure.person) or found:
                unit.purge()
        elif erasure.brand == ALL_BRANDS:
            self._forget_everywhere(unit, work, erasure, record.offset)
        elif self._forget(unit, work, erasure.brand, erasure, record.offset):
            unit.purge()

    def _forget_everywhere(
        self, unit: Unit[State], work: Work, erasure: Erasure, number: int
    ) -> None:
        found = work.seen.forget(None, erasure.person)
        self._mark(unit, work, ALL_BRANDS, erasure.person, forgotten(None, None, number))
        suffix = f"/{erasure.person}".encode()
        for key in unit.keys_with(b"/", suffix):
            brand = key.removesuffix(suffix).decode()
            found |= self._forget(unit, work, brand, erasure, number)
        if found:
            unit.purge()

    def _forget(
        self, unit: Unit[State], work: Work, brand: str, erasure: Erasure, number: int
    ) -> bool:
        """One relationship goes, and all others of the same person are asked to go.

        True if anything was known of it.
        """
        person = erasure.person
        key = relationship_key(brand, person).encode()
        state, whose = unit.get(key), None
        linked: Iterable[Linked] = ()
        if isinstance(state, Alias):
            whose, linked = state.to, state.linked
        if erasure.if_linked and whose is None:
            return False  # it was unlinked meanwhile, and is somebody else
        names.note(unit, key, brand, named(linked), ())
        if isinstance(state, Relationship):
            linked = still_linked(state.linked)
            self._pass_midnights(unit, work, key, state)
            self.leave(unit, work, key, state)
        if state is not None:
            unit.delete(key)
        epoch = state.epoch if isinstance(state, Alias | Relationship) else None
        own = self._mark_of(unit, work, brand, person)
        self._mark(unit, work, brand, person, forgotten(epoch, own, number))
        path = (*erasure.path, person)
        if whose is not None and whose not in path:
            self.send(unit, Erasure(brand, whose, path=path))
        for other in sorted({one.person for one in linked}.difference(path)):
            self.send(unit, Erasure(brand, other, path=path, if_linked=True))
        self._tell_others(unit, brand, erasure)
        known = work.seen.forget(brand, person)
        known |= names.forget(unit, work, brand, person)
        return known or state is not None

    def _pass_midnights(self, unit: Unit[State], work: Work, key: bytes, rel: Relationship) -> None:
        """Nobody must be able to tell when silence was walked, or a change of the policy."""
        if rel.rules_version != work.edition:
            moves = catch_up(rel, work.reigns.chain, work.journal)
            self._outputs.moves(unit, key, moves)
        watermark = work.partition.watermark
        if watermark is not None:
            rules = work.partition.rules_for(rel.brand)
            self._outputs.moves(unit, key, settle(rel, watermark, rules, work.journal))

    def leave(self, unit: Unit[State], work: Work, key: bytes, rel: Relationship) -> None:
        """A relationship is no more: out of the indexes, and off the topic of states."""
        names.note(unit, key, rel.brand, named(rel.linked), ())
        if rel.due_day is not None:
            unit.index_remove(rel.due_day * DAY_MS, key)
        work.views.pop(key, None)
        unit.emit(self._topics.states, key, None, partition=unit.partition)

    # -- marks

    def _mark(self, unit: Unit[State], work: Work, brand: str, person: str, gone: Gone) -> None:
        if not work.salt:
            work.salt = os.urandom(SALT_BYTES)
        unit.put(gone_key(work.salt, brand, person), gone)

    def _mark_of(self, unit: Unit[State], work: Work, brand: str, person: str) -> Gone | None:
        if not work.salt:
            return None
        found = unit.get(gone_key(work.salt, brand, person))
        return found if isinstance(found, Gone) else None

    def _let_in(self, unit: Unit[State], work: Work, erasure: Erasure, number: int) -> bool:
        """Whether there was a mark, so that somebody was let in."""
        to_all = erasure.brand == ALL_BRANDS
        own = self._mark_of(unit, work, erasure.brand, erasure.person)
        everywhere = self._mark_of(unit, work, ALL_BRANDS, erasure.person)
        mark = consented(own, everywhere, number, to_all=to_all)
        if mark is not None and work.salt:  # without a salt nobody was ever forgotten here
            self._mark(unit, work, erasure.brand, erasure.person, mark)
        if not erasure.is_done and not to_all:
            self._tell_others(unit, erasure.brand, erasure)
        return own is not None or everywhere is not None

    def epoch_of(self, unit: Unit[State], work: Work, brand: str, person: str) -> int | None:
        """The epoch in which a relationship with nobody known begins; None: it may not."""
        own = self._mark_of(unit, work, brand, person)
        everywhere = self._mark_of(unit, work, ALL_BRANDS, person)
        return epoch_after(own, everywhere)

    def is_gone(self, unit: Unit[State], work: Work, brand: str, person: str) -> bool:
        """Whether the person is forgotten, and may not be known."""
        return self.epoch_of(unit, work, brand, person) is None
