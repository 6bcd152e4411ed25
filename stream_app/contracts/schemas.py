"""The JSON Schemas of what goes in and comes out, and their examples, made from the types.

    python -m stream_app.contracts.schemas [DIRECTORY]

writes `<topic>/v1.json` and `<topic>/examples/*.json` into DIRECTORY (default: `schemas`). The
example interactions are written by hand and read from there; transitions and rejects are what the
service itself makes of them.
"""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from stream_app.contracts.interaction import END, InteractionV1, read_interaction
from stream_app.contracts.policy import default_policy
from stream_app.contracts.reject import RejectV1, write_reject
from stream_app.contracts.times import parse_time
from stream_app.contracts.transition import TransitionV1, write_transition
from stream_app.domain.clock import DAY_MS, HOUR_MS
from stream_app.domain.events import Interaction, relationship_key
from stream_app.domain.partition import Partition, Seen
from stream_app.domain.rejects import Reject
from stream_app.domain.relationship import Transition, settle
from stream_app.domain.state import Relationship
from stream_app.domain.verbs import INBOUND_VERBS, OUTBOUND_VERBS

Tree = dict[str, Any]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
TOPICS: Final[dict[str, type[msgspec.Struct]]] = {
    "interaction": InteractionV1,
    "transition": TransitionV1,
    "reject": RejectV1,
}
APPLICATION_ID: Final = "rapport"
QUIET_DAYS: Final = 400
"""So long after their last act the relationships of the examples are left alone."""


def schema_of(topic: str, examples: Sequence[Tree]) -> Tree:
    """The schema of version 1 of a topic."""
    _, parts = msgspec.json.schema_components([TOPICS[topic]])
    root = _tidy(parts.pop(TOPICS[topic].__name__))
    schema = {
        "$schema": DIALECT,
        "$id": f"urn:rapport:schema:{topic}:v1",
        **root,
        "title": f"{topic}/v1",
    }
    if topic == "interaction":
        schema |= _verbs_by_direction()
    if parts:
        schema["$defs"] = {name: _tidy(part) for name, part in sorted(parts.items())}
    return {**schema, "examples": list(examples)}


def _verbs_by_direction() -> Tree:
    outbound = {"properties": {"direction": {"const": "outbound"}}, "required": ["direction"]}
    return {
        "if": outbound,
        "then": {"properties": {"verb": {"enum": sorted(OUTBOUND_VERBS)}}},
        "else": {"properties": {"verb": {"enum": sorted(INBOUND_VERBS)}}},
    }


def _tidy(node: Any) -> Any:
    """Without what only Python needs: its way to write an end, its indented docstrings."""
    if isinstance(node, list):
        return [_tidy(item) for item in node]
    if not isinstance(node, dict):
        return node
    tidy = {
        key: _tidy(value) for key, value in node.items() if not (key == "default" and value is None)
    }
    if isinstance(tidy.get("pattern"), str):
        tidy["pattern"] = tidy["pattern"].replace(END, "$")
    if isinstance(tidy.get("description"), str):
        tidy["description"] = inspect.cleandoc(tidy["description"]).replace("`", "")
    return tidy


# Examples


def transitions_of(interactions: Sequence[Tree]) -> Iterator[tuple[str, bytes]]:
    """A name and the bytes of every transition that the example interactions lead to."""
    policy = default_policy()
    partition = Partition(policy)
    states: dict[str, Relationship] = {}
    for fields in interactions:
        event, recorded_ms = _read(fields)
        key = relationship_key(event.brand, event.person)
        outcome = partition.apply(states.get(key), event, recorded_ms)
        assert not isinstance(outcome, Reject | Seen), "an example interaction is not accepted"
        states[key] = outcome[0]
        yield from _named(outcome[1].moves)
    for rel in states.values():
        quiet = settle(rel, rel.as_of + QUIET_DAYS * DAY_MS, policy.rules_for(rel.brand))
        yield from _named(quiet)


def _read(fields: Tree) -> tuple[Interaction, int]:
    said = fields.get("occurred_at")
    recorded_ms = parse_time("2026-06-02T08:00:00Z" if said is None else said)
    event = read_interaction(_bytes(fields), recorded_ms, default_policy())
    assert not isinstance(event, Reject), event
    return event, recorded_ms


def _named(moves: Sequence[Transition]) -> Iterator[tuple[str, bytes]]:
    for move in moves:
        name = f"{move.brand}-{move.sequence}-{move.reason}-to-{move.to_stage.label}"
        yield name, write_transition(move, APPLICATION_ID)


def rejects_of(interaction: Tree) -> Iterator[tuple[str, bytes]]:
    """A name and the bytes of the reject of each way to spoil an example interaction."""
    at_ms = parse_time(interaction["occurred_at"])
    whole = _bytes(interaction)
    spoilt = {
        "cut-off": whole[:40],
        "no-value": b"",
        "unknown-verb": _bytes({**interaction, "verb": "poke"}),
        "not-a-slug": _bytes({**interaction, "brand": "Acme Inc."}),
        "no-offset": _bytes({**interaction, "occurred_at": "2026-03-02T09:12:44"}),
        "sentiment-in-words": _bytes({**interaction, "sentiment": "good"}),
        "dated-tomorrow": whole,
    }
    for number, (name, value) in enumerate(spoilt.items()):
        recorded_ms = at_ms - 24 * HOUR_MS if name == "dated-tomorrow" else at_ms + 1_250
        yield (
            name,
            write_reject(
                _refusal(value, recorded_ms),
                topic="social.interactions",
                partition=3,
                offset=48_211 + number,
                timestamp_ms=recorded_ms,
                key=relationship_key(interaction["brand"], interaction["person"]).encode(),
                value=value,
                headers=[
                    ("traceparent", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
                ],
            ),
        )


def _refusal(value: bytes, recorded_ms: int) -> Reject:
    policy = default_policy()
    read = read_interaction(value, recorded_ms, policy)
    refused = read if isinstance(read, Reject) else Partition(policy).apply(None, read, recorded_ms)
    assert isinstance(refused, Reject), "a spoilt example interaction is accepted"
    return refused


def _bytes(fields: Tree) -> bytes:
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()


# Files


def write_all(into: Path, examples_from: Path) -> list[Path]:
    """Write every schema and every made example under `into`; what was written.

    The example interactions are read from `examples_from/interaction/examples`, in the order of
    their names, which is that of the log.
    """
    sources = sorted((examples_from / "interaction" / "examples").glob("*.json"))
    interactions = [json.loads(path.read_text("utf-8")) for path in sources]
    made = {
        "interaction": {
            path.stem: fields for path, fields in zip(sources, interactions, strict=True)
        },
        "transition": {name: json.loads(data) for name, data in transitions_of(interactions)},
        "reject": {name: json.loads(data) for name, data in rejects_of(interactions[0])},
    }
    written: list[Path] = []
    for topic, examples in made.items():
        tree = {into / topic / "v1.json": schema_of(topic, list(examples.values())[:3])}
        tree |= {into / topic / "examples" / f"{name}.json": e for name, e in examples.items()}
        for path, content in tree.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8")
            written.append(path)
    return written


def main(arguments: Sequence[str]) -> None:
    """Write all into the directory named first, or `schemas`; examples that are made no more go."""
    into = Path(arguments[0]) if arguments else Path("schemas")
    written = set(write_all(into, into))
    for path in into.glob("*/examples/*.json"):
        if path not in written:
            path.unlink()
    sys.stdout.write(f"{len(written)} files under {into}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
