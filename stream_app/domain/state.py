"""The state of one relationship."""

from __future__ import annotations

import msgspec

from stream_app.domain.clock import DAY_MS
from stream_app.domain.events import Interaction
from stream_app.domain.memory import Memory, Offer
from stream_app.domain.policy import PANE_LIFE_DAYS, Rules
from stream_app.domain.standing import Registers
from stream_app.domain.windows import Windows


class Relationship(msgspec.Struct, gc=False):
    """The state of one (brand, person). `as_of` is the latest event time it was evaluated at.

    `settled` is false while the stage may change again at the next midnight though nothing leaves
    a window (only possible under policies whose `enter` does not imply their `hold`). `due_day` is
    the day under which the relationship stands in the index of silence (see `silence`).
    """

    brand: str
    person: str
    as_of: int
    windows: Windows
    memory: Memory
    members: Registers
    blocks: Registers
    offers: list[Offer]
    rules_version: str
    epoch: int = 0
    sequence: int = 0
    stage: int = 0
    since_ms: int | None = None
    records: int = 0
    settled: bool = True
    due_day: int | None = None

    @classmethod
    def starting(cls, brand: str, person: str, as_of: int, rules: Rules) -> Relationship:
        """A relationship that nothing is known of, as of `as_of`."""
        return cls(
            brand=brand,
            person=person,
            as_of=as_of,
            windows=Windows.starting(as_of // DAY_MS, rules),
            memory=Memory(),
            members=Registers(),
            blocks=Registers(),
            offers=[],
            rules_version=rules.version,
        )

    def horizon(self, watermark: int | None) -> int:
        """The later of `as_of` and the watermark: what is too old is measured from its day."""
        return self.as_of if watermark is None or self.as_of > watermark else watermark

    def knows(self, event: Interaction, watermark: int | None) -> bool:
        """Whether `event` is a duplicate: its identity is remembered and that pane still lives."""
        day = self.memory.seen_on(event)
        return day is not None and day > self.horizon(watermark) // DAY_MS - PANE_LIFE_DAYS
