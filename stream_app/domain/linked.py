"""What is remembered of ids: which of them are one person, and whose relationship is no more.

Nothing here is compiled: MessagePack reads and writes these types itself.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import Final

import msgspec

LINKED: Final = 256
"""Ids that are remembered as one person; of more the oldest go."""


class Linked(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """An id whose past is part of this relationship, from `since_ms` on (event time).

    `record` is where the link stood (`topic/partition/offset`). `until_ms`: since then its acts are
    its own again; None: it still is the same person.
    """

    person: str
    since_ms: int
    record: str
    until_ms: int | None = None


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

    `number`: the offset of the record that said so; the newest counts. The epoch -1 is that of one
    who was never forgotten, as far as this mark knows.
    """

    epoch: int
    let_in: bool
    number: int


def forgotten(epoch: int | None, own: Gone | None, number: int) -> Gone:
    """The mark of an erasure, in place of `own`.

    `epoch` is that of the relationship that ended now, or of its alias; None: there was neither.
    """
    if epoch is None:
        epoch = 0 if own is None else own.epoch
    return Gone(epoch, False, number)


def consented(
    own: Gone | None, everywhere: Gone | None, number: int, *, to_all: bool
) -> Gone | None:
    """The mark of a consent, in place of `own`; None: there was nothing to consent to.

    One `to_all` brands counts where there is none, too: those of single brands cannot be told.
    """
    known = everywhere if own is None else own
    if known is None and not to_all:
        return None
    return Gone(-1 if known is None else known.epoch, True, number)


def still_linked(linked: Iterable[Linked] | None) -> tuple[Linked, ...]:
    """Of the ids of a relationship those that are one with its own, now."""
    return tuple(one for one in linked or () if one.until_ms is None)


def named(linked: Iterable[Linked] | None) -> set[str]:
    """All ids that are named, also those that are their own again."""
    return {one.person for one in linked or ()}


def without(linked: Iterable[Linked] | None, persons: Container[str]) -> list[Linked] | None:
    """The ids of a relationship but for these; None: there are none left."""
    return [one for one in linked or () if one.person not in persons] or None


def epoch_after(own: Gone | None, everywhere: Gone | None) -> int | None:
    """The epoch in which a relationship begins that nobody knows; None: it may not.

    `own` is the mark of the person at the brand, `everywhere` that for all brands.
    """
    marks = [mark for mark in (own, everywhere) if mark is not None]
    if not marks:
        return 0
    if not max(marks, key=lambda mark: mark.number).let_in:
        return None
    return marks[0].epoch + 1
