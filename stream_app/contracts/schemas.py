"""The JSON Schemas of what goes in and comes out, and their examples, made from the types.

    python -m stream_app.contracts.schemas [DIRECTORY]

writes `<topic>/v1.json` and `<topic>/examples/*.json` into DIRECTORY (default: `schemas`). The
example interactions, costs, links and erasures are written by hand and read from there;
transitions, states, method reports and rejects are what the service itself makes of them.
"""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from stream_app.contracts.cost import CostV1, read_cost
from stream_app.contracts.erasure import ErasureV1
from stream_app.contracts.interaction import END, InteractionV1
from stream_app.contracts.link import LinkV1
from stream_app.contracts.method_report import MethodReportV1, write_report
from stream_app.contracts.people import Sketch, sketch_of
from stream_app.contracts.policy import default_policy
from stream_app.contracts.reading import read_interaction
from stream_app.contracts.reject import RejectV1, write_reject
from stream_app.contracts.times import parse_time
from stream_app.contracts.transition import TransitionV1
from stream_app.contracts.view import StateV1
from stream_app.contracts.writing import write_state, write_transition
from stream_app.domain.clock import DAY_MS, HOUR_MS
from stream_app.domain.costs import KnownCost, book
from stream_app.domain.events import Interaction
from stream_app.domain.keys import relationship_key
from stream_app.domain.ledger import Journal
from stream_app.domain.outcome import Seen, Transition
from stream_app.domain.partition import Partition
from stream_app.domain.rejects import Reject
from stream_app.domain.relationship import settle
from stream_app.domain.reports import Ledger
from stream_app.domain.rows import Row
from stream_app.domain.state import Relationship
from stream_app.domain.transitions import STAGES
from stream_app.domain.verbs import INBOUND_VERBS, OUTBOUND_VERBS

Tree = dict[str, Any]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
TOPICS: Final[dict[str, type[msgspec.Struct]]] = {
    "interaction": InteractionV1,
    "cost": CostV1,
    "link": LinkV1,
    "erasure": ErasureV1,
    "transition": TransitionV1,
    "state": StateV1,
    "method-report": MethodReportV1,
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


def results_of(
    interactions: Sequence[Tree], journal: Journal | None = None
) -> tuple[list[tuple[str, bytes]], list[tuple[str, bytes]]]:
    """A name and the bytes of every transition that the example interactions lead to, and states.

    The states are those before anybody is left alone.
    """
    policy = default_policy()
    partition = Partition(policy, journal=journal)
    states: dict[str, Relationship] = {}
    moves: list[tuple[str, bytes]] = []
    for fields in interactions:
        event, recorded_ms = _read(fields)
        key = relationship_key(event.brand, event.person)
        outcome = partition.apply(states.get(key), event, recorded_ms)
        assert not isinstance(outcome, Reject | Seen), "an example interaction is not accepted"
        states[key] = outcome[0]
        moves += _named(outcome[1].moves)
    views = [
        (f"{rel.brand}-{number}-{STAGES[rel.stage].label}", _view(rel))
        for number, rel in enumerate(states.values(), 1)
    ]
    for rel in states.values():
        until_ms = rel.as_of + QUIET_DAYS * DAY_MS
        moves += _named(settle(rel, until_ms, policy.rules_for(rel.brand), journal))
    return moves, views


def _view(rel: Relationship) -> bytes:
    return write_state(rel, default_policy().rules_for(rel.brand))


def reports_of(journal: Journal, costs: Sequence[Tree]) -> Iterator[tuple[str, bytes]]:
    """A name and the bytes of the daily reports of what the examples did and cost."""
    ledger, known = Ledger(Sketch), dict[str, KnownCost]()
    rates = default_policy().default.rates
    for (brand, method, day), entry in journal.take().items():
        ledger.add(brand, method, day, entry.row, sketch_of(entry.people))
    for fields in costs:
        cost = read_cost(_bytes(fields), 0)
        assert not isinstance(cost, Reject), cost
        booking = book(cost, cost.at_ms, rates, lambda name: known.setdefault(name, KnownCost()))
        if booking is not None:
            row = Row()
            booking.into(row)
            ledger.add(cost.brand, booking.method, booking.day, row, None)
    for report in ledger.reports(lambda _: rates):
        written = write_report(report, rates)
        if report.period == "day":
            yield f"{report.brand}-{report.method}-{json.loads(written)['day']}", written


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
    interactions, costs = _by_hand(examples_from, "interaction"), _by_hand(examples_from, "cost")
    journal = Journal()
    moves, states = results_of(list(interactions.values()), journal)
    told = {
        "transition": moves,
        "state": states,
        "method-report": reports_of(journal, list(costs.values())),
        "reject": rejects_of(next(iter(interactions.values()))),
    }
    made = {"interaction": interactions, "cost": costs}
    made |= {topic: _by_hand(examples_from, topic) for topic in ("link", "erasure")}
    made |= {
        topic: {name: json.loads(data) for name, data in named} for topic, named in told.items()
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


def _by_hand(schemas: Path, topic: str) -> dict[str, Tree]:
    sources = sorted((schemas / topic / "examples").glob("*.json"))
    return {path.stem: json.loads(path.read_text("utf-8")) for path in sources}


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
