"""What the tests of the contracts share."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final

from stream_app.contracts.policy import default_policy
from stream_app.contracts.reading import read_interaction, read_line
from stream_app.domain.events import Interaction
from stream_app.domain.keys import relationship_key
from stream_app.domain.outcome import Seen, Transition
from stream_app.domain.partition import Partition
from stream_app.domain.rejects import Reject
from stream_app.domain.state import Relationship

NOW: Final = 1_780_000_000_000
"""A record's timestamp, 2026-05-28."""

GOOD: Final[dict[str, Any]] = {
    "id": "113998215502",
    "brand": "acme",
    "person": "mastodon:1093",
    "platform": "mastodon",
    "verb": "reply",
    "occurred_at": NOW,
}


def record(**more: Any) -> bytes:
    """A good interaction with fields changed."""
    return json.dumps({**GOOD, **more}, ensure_ascii=False).encode()


def read(value: bytes | None) -> Interaction | Reject:
    """What the reader makes of a record's value."""
    return read_interaction(value, NOW, default_policy())


def accepted(**more: Any) -> Interaction:
    """The interaction of a good record with fields changed."""
    found = read(record(**more))
    assert isinstance(found, Interaction), found
    return found


def refused(value: bytes | None) -> Reject:
    """The refusal of a record."""
    found = read(value)
    assert isinstance(found, Reject), "it was accepted"
    return found


def applied(
    lines: Iterable[bytes], partition: Partition, states: dict[str, Relationship]
) -> Iterator[tuple[str, list[Transition]]]:
    """Apply lines to `states`: of each that counts the relationship's key, and its moves.

    Whoever takes them one by one may put another state in place of one before the next line.
    """
    for line in lines:
        read = read_line(line, partition.policy)
        if isinstance(read, Reject):
            continue
        key = relationship_key(read[0].brand, read[0].person)
        outcome = partition.apply(states.get(key), *read)
        if not isinstance(outcome, Reject | Seen):
            states[key] = outcome[0]
            yield key, outcome[1].moves
