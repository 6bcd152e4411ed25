"""state/v1: the latest public view of a relationship, as `relationship.states` keeps it."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from stream_app.contracts.times import format_time
from stream_app.contracts.transition import Time
from stream_app.domain.evidence import Evidence, blocked, finding
from stream_app.domain.quality import is_suspect, quality
from stream_app.domain.rules import CompiledTerm, Rules
from stream_app.domain.state import Relationship
from stream_app.domain.transitions import STAGES, Finding, Quality, StageName


class NextV1(msgspec.Struct, gc=False):
    """The next stage, and what is missing for it: of conditions with `or`, every part."""

    stage: StageName
    missing: tuple[Finding, ...]


class StateV1(msgspec.Struct, gc=False):
    """Where a relationship stands. Written when its stage or memberships change."""

    brand: str
    person: str
    epoch: Annotated[int, Meta(ge=0, description="One more after each erasure.")]
    sequence: Annotated[int, Meta(ge=0, description="Of its last transition; 0: none yet.")]
    stage: StageName
    since: Annotated[Time | None, Meta(description="When it came there; null: it never moved.")]
    as_of: Annotated[Time, Meta(description="Event time as of which all of this holds.")]
    members: Annotated[int, Meta(ge=0, description="Open memberships.")]
    evidence: Annotated[
        tuple[Finding, ...], Meta(description="What keeps it there, and what the next stage asks.")
    ]
    quality: Quality
    suspect: Annotated[bool, Meta(description="The person acts with a clockwork rhythm.")]
    next: Annotated[NextV1 | None, Meta(description="Null in the last stage.")]
    policy: Annotated[str, Meta(description="Version of the policy that it was decided by.")]


_encode: Final = msgspec.json.Encoder().encode


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
            evidence=evidence.findings(),
            quality=quality(rel, rel.as_of, rules.topics),
            suspect=is_suspect(rel, rel.as_of),
            next=_next(rel, rules),
            policy=rules.version,
        )
    )


def _next(rel: Relationship, rules: Rules) -> NextV1 | None:
    if rel.stage == len(rules.enter):
        return None
    name = STAGES[rel.stage + 1].label
    if rel.blocks.on:
        return NextV1(name, (blocked(rel.blocks.on),))
    missing: list[Finding] = []
    for clause in rules.enter[rel.stage]:
        found = [_found(rel, term) for term in clause]
        if not any(one.met for one in found):
            missing += found
    return NextV1(name, tuple(missing))


def _found(rel: Relationship, term: CompiledTerm) -> Finding:
    return finding(rel.stage, False, term, rel.windows.sums[term.slot])
