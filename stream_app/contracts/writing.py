"""Transitions and public views of relationships as the JSON bytes that subscribers read."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, Final, NamedTuple, cast

import msgspec

from stream_app.contracts.times import format_time
from stream_app.contracts.transition import TransitionV1
from stream_app.contracts.view import IdV1, NextV1, StateV1
from stream_app.domain.evidence import Evidence, blocked, finding
from stream_app.domain.linked import Linked
from stream_app.domain.outcome import Transition
from stream_app.domain.quality import is_suspect, quality
from stream_app.domain.rules import CompiledTerm, Rules
from stream_app.domain.state import Relationship
from stream_app.domain.transitions import (
    STAGES,
    Finding,
    Stage,
)

_encode: Final = msgspec.json.Encoder().encode
_LABELS: Final[Mapping[int, Any]] = {stage: stage.label for stage in Stage}


_hashes: Final[dict[str, blake2b]] = {}


def transition_id(application_id: str, move: Transition) -> str:
    """32 hex digits: a hash of application, relationship, epoch and sequence."""
    begun = _hashes.get(application_id)
    if begun is None:
        begun = blake2b(f"{application_id}\n".encode(), digest_size=16)
        _hashes[application_id] = begun
    hashed = begun.copy()  # cheaper than a new one
    hashed.update(f"{move.brand}/{move.person}\n{move.epoch}\n{move.sequence}".encode())
    return hashed.hexdigest()


def write_transition(move: Transition, application_id: str) -> bytes:
    """The JSON bytes of a transition."""
    return _encode(
        TransitionV1(
            transition_id(application_id, move),
            move.epoch,
            move.sequence,
            move.brand,
            move.person,
            _LABELS[move.from_stage],
            _LABELS[move.to_stage],
            "advance" if move.to_stage > move.from_stage else "lapse",
            format_time(move.at_ms),
            move.reason,
            move.cause,
            cast("Any", _evidence(move.evidence)),
            move.quality,
            move.credits,
            move.policy,
        )
    )


class _Fragment(NamedTuple):
    """The JSON of a finding around its value: written once, since only values differ."""

    slot: int
    at_least: bool
    threshold: float
    before: str
    if_met: str
    if_not: str


_fragments: dict[tuple[Rules, int, int], list[_Fragment]] = {}
_EVIDENCE_KEPT: Final = 4_096
_written: dict[tuple[Rules, int, int, tuple[float, ...]], msgspec.Raw] = {}
_written_next: dict[tuple[Rules, int, tuple[float, ...]], msgspec.Raw] = {}


def _evidence(evidence: Evidence) -> msgspec.Raw:
    """What `evidence.findings()` is as JSON, three times faster.

    Many relationships begin alike, so the newest are kept. (A slot is always an integer, or
    always not: what is equal is written alike.)
    """
    if evidence.blocks:
        return msgspec.Raw(_encode(evidence.findings()))
    name = evidence.rules, evidence.current, evidence.reached, evidence.values
    written = _written.get(name)
    if written is None:
        if len(_written) >= _EVIDENCE_KEPT:
            _written.clear()
        written = _written[name] = msgspec.Raw(_write_evidence(evidence))
    return written


def _write_evidence(evidence: Evidence) -> bytes:
    name = evidence.rules, evidence.current, evidence.reached
    fragments = _fragments.get(name)
    if fragments is None:
        fragments = _fragments[name] = [_fragment(*term) for term in evidence.terms()]
    parts = []
    for slot, at_least, threshold, before, if_met, if_not in fragments:
        value = evidence.values[slot]
        missed = value < threshold if at_least else value > threshold
        shown = "null" if value != value else value
        parts.append(f"{before}{shown}{if_not if missed else if_met}")
    return f"[{','.join(parts)}]".encode()


def _fragment(level: int, holds: bool, compiled: CompiledTerm) -> _Fragment:
    written = _encode(finding(level, holds, compiled, compiled.threshold)).decode()
    before, _, after = written.partition('"value":')
    after = after[after.index(",") :]
    return _Fragment(
        compiled.slot,
        compiled.at_least,
        compiled.threshold,
        before + '"value":',
        after,
        after.replace('"met":true', '"met":false'),
    )


def write_state(rel: Relationship, rules: Rules) -> bytes:
    """The JSON bytes of the public view."""
    evidence = Evidence(rel.stage, rel.stage, tuple(rel.windows.sums), rel.blocks.on, rules)
    return _encode(
        StateV1(
            brand=rel.brand,
            person=rel.person,
            epoch=rel.epoch,
            sequence=rel.sequence,
            stage=STAGES[rel.stage].label,
            since=None if rel.since_ms is None else format_time(rel.since_ms),
            as_of=format_time(rel.as_of),
            members=rel.members.on,
            evidence=cast("Any", _evidence(evidence)),
            quality=quality(rel, rel.as_of, rules.topics),
            suspect=is_suspect(rel, rel.as_of),
            next=cast("Any", _next(evidence)),
            policy=rules.version,
            ids=tuple([_id(one) for one in rel.linked]) if rel.linked else (),
        )
    )


def _id(one: Linked) -> IdV1:
    until = None if one.until_ms is None else format_time(one.until_ms)
    return IdV1(one.person, format_time(one.since_ms), one.record, until)


def _next(evidence: Evidence) -> msgspec.Raw | None:
    """What the next stage asks that is not met, as JSON; the newest are kept, as above."""
    rules, stage = evidence.rules, evidence.current
    if stage == len(rules.enter):
        return None
    if evidence.blocks:
        return msgspec.Raw(_encode(NextV1(STAGES[stage + 1].label, (blocked(evidence.blocks),))))
    name = rules, stage, evidence.values
    written = _written_next.get(name)
    if written is None:
        if len(_written_next) >= _EVIDENCE_KEPT:
            _written_next.clear()
        missing = NextV1(STAGES[stage + 1].label, tuple(_missing(evidence)))
        written = _written_next[name] = msgspec.Raw(_encode(missing))
    return written


def _missing(evidence: Evidence) -> list[Finding]:
    missing: list[Finding] = []
    for clause in evidence.rules.enter[evidence.current]:
        found = [
            finding(evidence.current, False, term, evidence.values[term.slot]) for term in clause
        ]
        if not any(one.met for one in found):
            missing += found
    return missing
