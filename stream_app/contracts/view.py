"""state/v1: the latest public view of a relationship, as `relationship.states` keeps it."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from stream_app.contracts.transition import Time
from stream_app.domain.transitions import Finding, Quality, StageName


class NextV1(msgspec.Struct, gc=False):
    """The next stage, and what is missing for it: of conditions with `or`, every part."""

    stage: StageName
    missing: tuple[Finding, ...]


class IdV1(msgspec.Struct, gc=False):
    """An id that is the same person."""

    person: str
    since: Annotated[Time, Meta(description="Since when it is known.")]
    record: Annotated[str, Meta(description="Where the link stood: topic/partition/offset.")]
    until: Annotated[
        Time | None, Meta(description="Since then its acts are its own again; null: never.")
    ]


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
    ids: Annotated[
        tuple[IdV1, ...], Meta(description="Other ids whose past is part of this, newest last.")
    ] = ()
