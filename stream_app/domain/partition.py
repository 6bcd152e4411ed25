"""One partition of the log: its watermark, and what it accepts.

The log alone, in its order, determines every state: nothing here knows a clock, a batch or a
restart.
"""

from __future__ import annotations

from typing import Final

from stream_app.domain.brand_policy import PANE_LIFE_DAYS
from stream_app.domain.clock import DAY_MS, MINUTE_MS
from stream_app.domain.events import Interaction
from stream_app.domain.ledger import OPEN_DAYS, Journal
from stream_app.domain.outcome import Seen, Step
from stream_app.domain.policy import Policy
from stream_app.domain.rejects import Reason, Reject
from stream_app.domain.relationship import advance
from stream_app.domain.rules import Rules
from stream_app.domain.state import Relationship

FUTURE_MS: Final = 5 * MINUTE_MS
"""How far an act may be dated after its own record."""

_BRANDS_KEPT: Final = 4_096


class Partition:
    """The latest accepted event time of a partition, from which its watermark follows.

    What its records mean for the method reports goes into `journal`, if there is one.
    """

    def __init__(
        self,
        policy: Policy,
        latest_ms: int | None = None,
        journal: Journal | None = None,
    ) -> None:
        self.policy = policy
        self.latest_ms = latest_ms
        self.journal = journal
        self._rules: dict[str, Rules] = {}
        self._rules_of = policy

    @property
    def watermark(self) -> int | None:
        """The latest accepted event time less the allowed lateness; None before the first event."""
        return None if self.latest_ms is None else self.latest_ms - self.policy.lateness_ms

    def rules_for(self, brand: str) -> Rules:
        """Those of the policy, kept: every record asks, and a policy is not compiled."""
        if self._rules_of is not self.policy or len(self._rules) > _BRANDS_KEPT:
            self._rules_of, self._rules = self.policy, {}
        rules = self._rules.get(brand)
        if rules is None:
            rules = self._rules[brand] = self.policy.rules_for(brand)
        return rules

    def apply(
        self, rel: Relationship | None, event: Interaction, recorded_ms: int
    ) -> tuple[Relationship, Step] | Reject | Seen:
        """Accept `event` into its relationship (None if there is none yet), or say why not.

        `recorded_ms` is the record's own timestamp. A refused or repeated record changes nothing,
        the watermark included.
        """
        at_ms = event.at_ms
        if at_ms > recorded_ms + FUTURE_MS:
            return Reject(Reason.FROM_THE_FUTURE, "occurred_at is later than its record + 5 min")
        watermark = self.watermark
        horizon = watermark
        if rel is not None and (watermark is None or rel.as_of > watermark):
            horizon = rel.as_of  # what is too old is measured from the later of the two
        if horizon is not None and at_ms // DAY_MS <= horizon // DAY_MS - PANE_LIFE_DAYS:
            return Reject(Reason.TOO_OLD, "occurred_at is 180 or more days before the partition")
        rules = self.rules_for(event.brand)
        if rel is None:
            rel = self.starting(event.brand, event.person, at_ms)
        elif horizon is not None and rel.knows(event, horizon):
            return Seen.DUPLICATE
        journal = self.journal
        if journal is not None:
            journal.oldest = recorded_ms // DAY_MS - OPEN_DAYS
        step = advance(rel, event, watermark, rules, journal)
        if self.latest_ms is None or at_ms > self.latest_ms:
            self._go_on(at_ms, recorded_ms)
        return rel, step

    def starting(self, brand: str, person: str, at_ms: int) -> Relationship:
        """A relationship that nothing is known of, for an event at `at_ms`."""
        watermark = self.watermark
        start_ms = at_ms if watermark is None else max(at_ms, watermark // DAY_MS * DAY_MS)
        return Relationship.starting(brand, person, start_ms, self.rules_for(brand))

    def _go_on(self, at_ms: int, recorded_ms: int) -> None:
        self.latest_ms = at_ms
        journal = self.journal
        if journal is not None:
            day = (at_ms - self.policy.lateness_ms) // DAY_MS
            if day > journal.watermark_day:
                journal.passed(day, recorded_ms)

    def tick(self, at_ms: int, recorded_ms: int) -> None:
        """An idle tick: the watermark goes on to `at_ms` less the lateness, never back."""
        if self.latest_ms is None or at_ms > self.latest_ms:
            self._go_on(at_ms, recorded_ms)
