"""transition/v1: a change of stage, as subscribers read it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from stream_app.domain.transitions import Cause, Finding, MoveReason, Quality, StageName

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
