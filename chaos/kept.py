"""What stands in a changelog and on the topic of states: the latest of each key."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from stream_app.contracts.policy import default_policy
from stream_app.domain.linked import Alias, Gone
from stream_app.domain.pane import Pane
from stream_app.domain.relationship import settle
from stream_app.domain.state import Relationship
from stream_app.edge.names import Holders, name_key
from stream_app.edge.states import SeenAct, StateCodec
from stream_app.engine.wire import (
    POSITION_KEY,
    STATE_TAG,
    is_sealed,
    read_position,
    unseal,
)

POLICY: Final = default_policy()
Canonical = dict[bytes, bytes]


@dataclass(slots=True)
class Kept:
    """What a changelog says: states by key, and how many commits it took."""

    relationships: dict[bytes, Relationship] = field(default_factory=dict)
    aliases: dict[bytes, Alias] = field(default_factory=dict)
    named: dict[bytes, Holders] = field(default_factory=dict)
    """Where ids are named."""
    gone: dict[bytes, Gone] = field(default_factory=dict)
    seen: list[SeenAct] = field(default_factory=list)
    parts: dict[bytes, list[bytes]] = field(default_factory=dict)
    """Of relationships and aliases, as bytes."""
    meta: bytes = b""
    commits: int = 0
    problems: list[str] = field(default_factory=list)


def read_changelog(changelog: Sequence[Any]) -> Kept:
    """The latest of each key, every kind of state; commits must go on."""
    kept = Kept()
    parts: dict[bytes, dict[bytes, bytes]] = defaultdict(dict)
    for record in changelog:
        key, value = record.key, record.value
        if value is not None and not is_sealed(key, value):
            kept.problems.append(f"a damaged record of the changelog, offset {record.offset}")
        elif key == POSITION_KEY:
            position = read_position(value)
            if position.commit <= kept.commits:
                kept.problems.append(f"commit {position.commit} follows commit {kept.commits}")
            kept.commits, kept.meta = position.commit, position.meta
        elif key[:1] == STATE_TAG:
            size = int.from_bytes(key[1:3], "big")
            name, part = key[3 : 3 + size], key[3 + size :]
            if value is None:
                parts[name].pop(part, None)
            else:
                parts[name][part] = unseal(value)
    for name, held in parts.items():
        if held:
            _file(kept, name, held)
    return kept


def _file(kept: Kept, name: bytes, parts: dict[bytes, bytes]) -> None:
    state = StateCodec(POLICY).load(parts.get)
    if state is None:
        kept.problems.append(f"{len(parts)} parts of a state without a head")
    elif isinstance(state, Relationship):
        kept.relationships[name] = state
        kept.parts[name] = list(parts.values())
    elif isinstance(state, Alias):
        kept.aliases[name] = state
        kept.parts[name] = list(parts.values())
    elif isinstance(state, Holders):
        kept.named[name] = state
    elif isinstance(state, Gone):
        kept.gone[name] = state
    elif isinstance(state, SeenAct):
        kept.seen.append(state)


def canonical(rel: Relationship, watermark: int | None = None) -> Canonical:
    """All parts of a state as of the watermark.

    Left out are hints that may differ: where it stands in the index, and from when on it must be
    looked for panes that leave a window (a lower bound). What a pane counts stands in order of its
    codes: an undo and a reload in between may change the order, and nothing else.
    """
    if watermark is not None:
        settle(rel, watermark, POLICY.rules_for(rel.brand))
    rel.due_day = None
    rel.windows.next_exit = 0
    panes = rel.windows.panes
    for day, pane in panes.items():
        counts = dict(sorted(pane.counts().items()))
        points = (pane.attention, pane.attraction, pane.affinity, pane.objections)
        panes[day] = Pane(pane.acts, counts, *points, pane.undos, pane.early)
    return {part: value for part, value in StateCodec(POLICY).dump(rel) if value is not None}


def latest(records: Iterable[Any]) -> dict[bytes, dict[str, Any]]:
    """The views that stand, by key."""
    found: dict[bytes, bytes | None] = {}
    for record in records:
        found[record.key] = record.value
    return {key: orjson.loads(value) for key, value in found.items() if value is not None}


def names(kept: Kept, brand: str, person: str) -> bool:
    """Whether a person's id stands in any state of a brand, be it among others' ids."""
    text = person.encode()
    size = len(text)
    needle = (bytes([0xA0 | size]) if size < 32 else bytes([0xD9, size])) + text  # in MessagePack
    prefix = f"{brand}/".encode()
    if name_key(brand, person) in kept.named:
        return True
    if any(prefix + text in holders.keys for holders in kept.named.values()):
        return True
    return any(
        name == prefix + text or any(needle in part for part in parts)
        for name, parts in kept.parts.items()
        if name.startswith(prefix)
    ) or any(one.act.brand == brand and one.act.person == person for one in kept.seen)
