"""What the job tells of its work. The core returns facts; whoever counts them implements this."""

from __future__ import annotations

from typing import Protocol

from stream_app.domain.rejects import Reason
from stream_app.domain.transitions import MoveReason, Stage


class Facts(Protocol):
    """Receives what happened to records. Calls must return at once; none carries a person's id."""

    def processed(self, outcome: str, count: int) -> None:
        """Records by outcome: see `OUTCOMES`."""

    def refused(self, reason: Reason) -> None:
        """A record was refused."""

    def moved(self, from_stage: Stage, to_stage: Stage, reason: MoveReason, count: int) -> None:
        """Transitions were written."""

    def late(self, late_ms: int) -> None:
        """An act came so much after the latest its relationship knew."""

    def forgotten(self, count: int) -> None:
        """Identities of acts had to go before their pane: duplicates of them would count."""

    def skipped(self, platform: str, why: str) -> None:
        """A finding of a delivery that becomes no interaction."""

    def watermark(self, partition: int, watermark_ms: int) -> None:
        """How far event time has come in a partition."""


OUTCOMES = (
    "applied",
    "nothing_to_undo",
    "early_undo",
    "undone_before",
    "duplicate",
    "refused",
    "rekeyed",
    "tick",
    "adapted",
    "cost",
    "policy",
    "team",
    "link",
    "merged",
    "passed_on",
    "forwarded",
    "erasure",
    "marked",
    "erased",
)
"""Each record of a source has one of them, but for the service's own deltas of methods.

`refused`: a record of any topic, or a delivery of which anything was refused; each is in
`dead_letters` with its reason. `adapted`: a delivery of a platform, whatever it held; `cost`: a
record of costs; `policy`: a change of the policy; `team`: dropped, for it was of one of the brand's
own; `passed_on`: a link or an erasure that was read, and now comes in the log; `link`: two ids are
one person, or no more; `merged`: two relationships became one; `forwarded`: handed on to the id
that goes on; `erasure`: somebody was forgotten, or let in again; `marked`: the same, as it is told
to the other partitions; `erased`: dropped, for it was of somebody who is forgotten."""


class NoFacts:
    """Hears everything, says nothing."""

    def processed(self, outcome: str, count: int) -> None: ...
    def refused(self, reason: Reason) -> None: ...
    def moved(self, from_stage: Stage, to_stage: Stage, reason: MoveReason, count: int) -> None: ...
    def late(self, late_ms: int) -> None: ...
    def forgotten(self, count: int) -> None: ...
    def skipped(self, platform: str, why: str) -> None: ...
    def watermark(self, partition: int, watermark_ms: int) -> None: ...
