"""transition/v1: a change of stage, as subscribers read it."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Annotated, Any, Final, Literal, NamedTuple, cast

import msgspec
from msgspec import Meta

from stream_app.contracts.times import format_time
from stream_app.domain.evidence import Evidence, finding
from stream_app.domain.outcome import Transition
from stream_app.domain.rules import CompiledTerm, Rules
from stream_app.domain.transitions import Cause, Finding, MoveReason, Quality, Stage, StageName

Time = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
"""RFC 3339, UTC, with milliseconds."""


class TransitionV1(msgspec.Struct, gc=False, rename={"from_": "from"}):
    """A relationship went from one stage to another."""

    id: Annotated[str, Meta(description="The same on every replay of the same application.")]
    epoch: Annotated[int, Meta(ge=0, description="One more after each erasure.")]
    sequence: Annotated[int, Meta(ge=1, description="1, 2, 3 ... per relationship and epoch.")]
    brand: str
    person: str
    from_: StageName
    to: StageName
    move: Literal["advance", "lapse"]
    at: Annotated[
        Time, Meta(description="Event time from which it holds, RFC 3339 UTC with milliseconds.")
    ]
    reason: MoveReason
    cause: Cause | None
    evidence: tuple[Finding, ...]
    quality: Annotated[
        Quality, Meta(description="Each 0..1 at the time of the transition; null: not known.")
    ]
    credits: Annotated[
        Mapping[str, int] | None,
        Meta(description="Of an advance: method -> millionths of the credit. Else null."),
    ]
    policy: Annotated[str, Meta(description="Version of the policy that it was decided by.")]


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
            cast("tuple[Finding, ...]", _evidence(move.evidence)),
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
