"""Stored states of older releases stay readable: their bytes are kept here.

`python -m tests.contracts.test_golden_state` writes the file of the present version; a version that
has been released is never written again.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from stream_app.contracts.policy import default_policy
from stream_app.contracts.state import RelationshipCodec
from stream_app.contracts.writing import write_transition
from stream_app.domain.ledger import Journal
from stream_app.domain.partition import Partition
from stream_app.domain.relationship import settle
from stream_app.domain.state import Relationship
from tests.contracts.support import applied
from tests.oracle.histories import history

GOLDEN = Path(__file__).parent / "golden"
VERSIONS = (1, 2)
"""Since 2 touches are named where they are acts, and a busy day's acts are in blocks."""
LARGEST = 3
"""Of the history's relationships so many of the largest are kept, and as many of the smallest."""


def states(version: int) -> dict[str, Relationship]:
    """Relationships after a seeded history: with panes, undos, offers, purchases, memberships."""
    found = dict[str, Relationship]()
    partition = Partition(default_policy(), journal=Journal() if version > 1 else None)
    for _ in applied([*history(7, 1_500), *(busy_day() if version > 1 else ())], partition, found):
        pass
    busy = [key for key in found if key.endswith("/busy")]
    by_size = sorted(found.keys() - busy, key=lambda key: (found[key].records, key))
    return {key: found[key] for key in (*by_size[:LARGEST], *by_size[-LARGEST:], *busy)}


def busy_day() -> Iterator[bytes]:
    """Acts of one more person than the history has, the last one an undo."""
    for number in range(100):
        line = {"id": f"busy-{number}", "brand": "acme", "person": "busy", "platform": "x"}
        line |= {"verb": "reply", "occurred_at": f"2026-02-03T12:{number // 2:02}:00Z"}
        line |= {"method": f"answers-{number % 3}"}
        yield json.dumps(line | {"recorded_at": line["occurred_at"]}).encode()
    line |= {"id": "undo", "op": "undo", "undoes": "busy-20"}
    yield json.dumps(line | {"recorded_at": line["occurred_at"]}).encode()


def parts_of(rel: Relationship) -> dict[str, str]:
    """The parts that the codec stores, as text."""
    dumped = RelationshipCodec(default_policy()).dump(rel)
    return {suffix.hex(): b64encode(part).decode() for suffix, part in dumped if part is not None}


def future(rel: Relationship) -> list[bytes]:
    """What becomes of a relationship in two years of silence."""
    rules = default_policy().rules_for(rel.brand)
    moves = settle(rel, rel.as_of + 730 * 86_400_000, rules)
    return [write_transition(move, "golden") for move in moves]


def remembered(rel: Relationship) -> list[tuple[str, str, int, bool]]:
    return sorted((act.key, act.verb, act.at_ms, act.in_effect) for act in rel.memory.acts.values())


@pytest.mark.parametrize("version", VERSIONS)
def test_stored_states_are_read_and_go_on_as_they_would_have(version: int) -> None:
    codec = RelationshipCodec(default_policy())
    golden = json.loads((GOLDEN / f"state-v{version}.json").read_text("utf-8"))
    present = states(version)
    assert set(golden) == set(present)
    for key, parts in golden.items():
        stored = {bytes.fromhex(suffix): b64decode(part) for suffix, part in parts.items()}
        loaded = codec.load(stored.get)
        assert loaded is not None
        assert loaded.sequence == present[key].sequence
        assert remembered(loaded) == remembered(present[key])
        touches = [(one.key, one.method, one.number) for one in loaded.touches]
        assert touches == [(one.key, one.method, one.number) for one in present[key].touches]
        assert future(loaded) == future(present[key])


if __name__ == "__main__":
    newest = VERSIONS[-1]
    text = json.dumps({key: parts_of(rel) for key, rel in states(newest).items()}, indent=1)
    (GOLDEN / f"state-v{newest}.json").write_text(text + "\n", "utf-8")
