"""The service's transitions against those of a replay of its log, relationship by relationship.

`rapport replay` and the service share the core; what this check is about is everything around it:
Kafka, transactions, partitions, workers, timers. Nothing may be lost, repeated or out of order.
"""

from __future__ import annotations

import gc
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from stream_app.contracts.envelope import read_record
from stream_app.contracts.partitioner import partition_of
from stream_app.domain.keys import relationship_key
from stream_app.domain.policy import Policy
from stream_app.domain.rejects import Reject
from stream_app.edge.log import KIND, header, recorded_ms
from stream_app.edge.reading import OWN, ReadRecord, own_line
from stream_app.replay import Replay

Moves = dict[bytes, list[bytes]]
"""Transitions as bytes, in order, by relationship."""


@dataclass(slots=True)
class Expected:
    """What a replay of the log gives."""

    moves: Moves = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)
    duplicates: int = 0
    applied: int = 0


def lines(
    records: Sequence[ReadRecord], partition: int, partitions: int, policy: Policy
) -> tuple[list[bytes], int]:
    """A partition of the log as lines for a replay, each with its record's first timestamp.

    Left out is what is no act of its own: ticks, and what stood in the wrong place, since it was
    appended again in the right one; the number tells how many of the latter there were.
    """
    kept: list[bytes] = []
    astray = 0
    for record in records:
        if header(record.headers, KIND) in OWN:
            own = own_line(record)
            if own is not None:
                kept.append(own)
            continue
        at_ms = recorded_ms(record.headers, record.timestamp)
        event = read_record(record.value, record.headers, at_ms, policy)
        if not isinstance(event, Reject):
            key = relationship_key(event.brand, event.person).encode()
            if record.key != key or partition_of(key, partitions) != partition:
                astray += 1
                continue
        kept.append(line(record.value, at_ms))
    return kept, astray


def line(value: bytes | None, recorded_at_ms: int) -> bytes:
    """A record's value as a line of a file, with its timestamp where there is room for it."""
    value = value or b""
    if value.startswith(b"{") and value.endswith(b"}") and len(value) > 2:
        return b'%s,"recorded_at":%d}' % (value[:-1], recorded_at_ms)
    return value


def expect(log: Iterable[Sequence[bytes]], policy: Policy, application_id: str) -> Expected:
    """What the service should have written for this log: the lines of each partition."""
    expected = Expected()
    moves: Moves = defaultdict(list)
    gc.disable()  # the core makes no cycles, and walking all states for some is slow
    try:
        for partition in log:
            core = Replay(policy, application_id)
            for text in partition:
                outcome = core.feed(text)
                if not isinstance(outcome, Reject):
                    _file(moves, outcome)
            _file(moves, core.finish())
            expected.refused.update({str(k): n for k, n in core.tally.refused.items()})
            expected.duplicates += core.tally.duplicates
            expected.applied += core.tally.applied
    finally:
        gc.enable()
    expected.moves = dict(moves)
    return expected


class _Whose(msgspec.Struct):
    brand: str
    person: str


_whose: Final = msgspec.json.Decoder(_Whose).decode


def _file(moves: Moves, found: Any) -> None:
    for text in found:
        whose = _whose(text)
        moves[relationship_key(whose.brand, whose.person).encode()].append(text)


def by_relationship(records: Sequence[ReadRecord]) -> Moves:
    """The transitions that were read, in their order, by the key that they were written under."""
    moves: Moves = defaultdict(list)
    for record in records:
        moves[record.key or b""].append(record.value or b"")
    return dict(moves)


class _Step(msgspec.Struct, rename={"from_": "from"}):
    sequence: int
    from_: str
    to: str


_step: Final = msgspec.json.Decoder(_Step).decode


@dataclass(frozen=True, slots=True)
class Verdict:
    """How the two compare."""

    relationships: int
    differing: int
    first: str
    """The first difference in words, without saying whose it is."""
    refused_expected: Mapping[str, int]
    refused_found: Mapping[str, int]

    @property
    def equal(self) -> bool:
        """Whether everything is as the replay says."""
        return not self.differing and self.refused_expected == self.refused_found


def compare(expected: Expected, found: Moves, refused: Mapping[str, int]) -> Verdict:
    """Byte by byte, per relationship; and how many records were refused for each reason."""
    keys = expected.moves.keys() | found.keys()
    wrong = sorted(key for key in keys if expected.moves.get(key) != found.get(key))
    first = ""
    if wrong:
        first = _difference(expected.moves.get(wrong[0], []), found.get(wrong[0], []))
    return Verdict(
        len(keys),
        len(wrong),
        first,
        {reason: count for reason, count in expected.refused.items() if count},
        {reason: count for reason, count in refused.items() if count},
    )


def _difference(expected: list[bytes], found: list[bytes]) -> str:
    for place in range(max(len(expected), len(found))):
        wanted = expected[place] if place < len(expected) else None
        got = found[place] if place < len(found) else None
        if wanted != got:
            same = (
                ""
                if wanted is None or got is None or _told(wanted) != _told(got)
                else (" (they differ in other fields)")
            )
            return f"the replay has {_told(wanted)}, the topic has {_told(got)}{same}"
    return ""


def _told(move: bytes | None) -> str:
    if move is None:
        return "nothing more"
    step = _step(move)
    return f"sequence {step.sequence}, {step.from_} to {step.to}"
