"""What a relationship remembers of its ids: which of them are one person.

Nothing here is compiled: MessagePack reads and writes these types itself.
"""

from __future__ import annotations

import msgspec


class Linked(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """An id whose past is part of this relationship, from `since_ms` on (event time).

    `record` is where the link stood (`topic/partition/offset`). `until_ms`: since then its acts are
    its own again; None: it still is the same person.
    """

    person: str
    since_ms: int
    record: str
    until_ms: int | None = None
