"""What the job keeps of a partition while it works on it; built anew from what is stored."""

from __future__ import annotations

from collections import Counter

from stream_app.domain.ledger import Journal
from stream_app.domain.partition import Partition
from stream_app.domain.rejects import Reason
from stream_app.domain.state import Relationship
from stream_app.edge.reigns import Reigns
from stream_app.edge.states import SeenRing


class Work:
    """A partition at work: its watermark, what adapters have seen, what waits to be told.

    `ticked_ms` is when the job last looked at the clock, `tick_sent_ms` the midnight that a tick in
    the log, on its way back to us, lets pass; 0: there is none.
    `waiting` counts the methods that have rows to publish, `idle_ms` for how long the log was
    silent, whatever deltas and costs came meanwhile. `views` are the relationships whose public
    view changed in the slice at hand: however often one did, it is written once. `edition` is that
    of the policy in force, the newest of `reigns`. `counts` has one outcome for each record of the
    slice, `refused` the reasons: they are told at its end, for a slice that fails comes again.
    """

    __slots__ = (
        "counts",
        "edition",
        "idle_ms",
        "journal",
        "partition",
        "published_ms",
        "refused",
        "reigns",
        "salt",
        "seen",
        "tick_sent_ms",
        "ticked_ms",
        "views",
        "waiting",
    )

    def __init__(
        self,
        partition: Partition,
        reigns: Reigns,
        journal: Journal,
        seen: SeenRing,
        waiting: int,
        salt: bytes,
    ) -> None:
        self.partition = partition
        self.reigns = reigns
        self.edition = reigns.newest.edition
        self.salt = salt
        self.journal = journal
        self.seen = seen
        self.waiting = waiting
        self.published_ms = 0
        self.idle_ms = self.ticked_ms = 0
        self.tick_sent_ms = 0
        self.counts: Counter[str] = Counter()
        self.refused: list[Reason] = []
        self.views: dict[bytes, Relationship] = {}
