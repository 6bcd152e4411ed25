"""The state of one relationship."""

from __future__ import annotations

from mypy_extensions import mypyc_attr

from stream_app.domain.brand_policy import PANE_LIFE_DAYS
from stream_app.domain.clock import DAY_MS
from stream_app.domain.credit import Touch
from stream_app.domain.events import Interaction
from stream_app.domain.linked import Linked
from stream_app.domain.memory import Memory
from stream_app.domain.remembered import Offer
from stream_app.domain.rows import Undecided
from stream_app.domain.rules import TOPIC_FIT, Rules
from stream_app.domain.standing import Registers
from stream_app.domain.windows import UNKNOWN, Windows
from stream_app.domain.worth import Worth, common_values, no_worth, rounded


@mypyc_attr(acyclic=True)
class Relationship:
    """The state of one (brand, person). `as_of` is the latest event time it was evaluated at.

    `settled` is false while the stage may change again at the next midnight though nothing leaves
    a window (only possible under policies whose `enter` does not imply their `hold`). `due_day` is
    the day under which the relationship stands in the index of silence (see `silence`). `highest`
    is the highest stage it has been at, `credited` the number of records at its last advance.
    `touches_from_ms` is not after any touch. `undecided` are advances that are still to prove
    that they last, the next one first. `linked` are ids that are the same person. Lists that most
    relationships never need are None until there is something to put in: with a million of them,
    empty lists are most of the memory.
    """

    def __init__(
        self,
        brand: str,
        person: str,
        as_of: int,
        windows: Windows,
        memory: Memory,
        members: Registers,
        blocks: Registers,
        offers: list[Offer] | None,
        worth: Worth,
        touches: list[Touch],
        rules_version: str,
        epoch: int = 0,
        sequence: int = 0,
        stage: int = 0,
        since_ms: int | None = None,
        records: int = 0,
        touches_from_ms: int = 0,
        highest: int = 0,
        credited: int = 0,
        settled: bool = True,
        due_day: int | None = None,
        undecided: list[Undecided] | None = None,
        linked: list[Linked] | None = None,
    ) -> None:
        self.brand = brand
        self.person = person
        self.as_of = as_of
        self.windows = windows
        self.memory = memory
        self.members = members
        self.blocks = blocks
        self.offers = offers
        self.worth = worth
        self.touches = touches
        self.rules_version = rules_version
        self.epoch = epoch
        self.sequence = sequence
        self.stage = stage
        self.since_ms = since_ms
        self.records = records
        self.touches_from_ms = touches_from_ms
        self.highest = highest
        self.credited = credited
        self.settled = settled
        self.due_day = due_day
        self.undecided = undecided
        self.linked = linked

    @staticmethod
    def starting(brand: str, person: str, as_of: int, rules: Rules) -> Relationship:
        """A relationship that nothing is known of, as of `as_of`."""
        return Relationship(
            brand,
            person,
            as_of,
            Windows.starting(as_of // DAY_MS, rules),
            Memory(),
            Registers(),
            Registers(),
            None,
            no_worth(),
            [],
            rules.edition,
        )

    def note_topic_fit(self, rules: Rules) -> None:
        """Write the topic fit where conditions read it, as it is published: to six digits."""
        fit = common_values(self.worth.topics or {}, rules.topics)
        self.windows.sums[TOPIC_FIT] = UNKNOWN if fit is None else rounded(fit)

    def knows(self, event: Interaction, horizon: int) -> bool:
        """Whether `event` is a duplicate: its identity is remembered and that pane still lives.

        `horizon` is the later of `as_of` and the watermark.
        """
        day = self.memory.seen_on(event)
        return day is not None and day > horizon // DAY_MS - PANE_LIFE_DAYS
