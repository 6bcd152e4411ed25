"""A pane: one UTC day of a relationship."""

from __future__ import annotations

from typing import Final

from mypy_extensions import mypyc_attr

from stream_app.domain.act import Act
from stream_app.domain.brand_policy import Gains
from stream_app.domain.remembered import EarlyUndo
from stream_app.domain.rules import Rules
from stream_app.domain.verbs import FIRST_CODE, KINDS

Measures = tuple[int, int, int, int, int]

NO_CODE: Final = -1
ACTS_PER_BLOCK: Final = 32


def _below(points: int, cap: int) -> int:
    return points if points < cap else cap


@mypyc_attr(acyclic=True)
class Blocks:
    """How the acts of a busy day are stored: so many together.

    Places count from the first act of the day, `gone` of which are forgotten. The blocks from `low`
    to `high` (excluded) are stored; `altered`: there are acts in them that have changed since.
    """

    def __init__(self, gone: int = 0, low: int = 0, high: int = 0) -> None:
        self.gone = gone
        self.low = low
        self.high = high
        self.altered = False


@mypyc_attr(acyclic=True)
class Pane:
    """One day: what counts, and the identities that are remembered for as long as it lives.

    `counts` maps a pane code (verb code * KINDS + kind) to a number of acts; most days have one
    code, which is kept without a dictionary. `attention`,
    `attraction` and `affinity` are its points before the cap of the day. `acts`, `undos` and
    `early` are in the order of the log. `changed`: since it was stored last; `stored`: ever;
    `blocks` of acts are stored apart, if any.
    """

    def __init__(
        self,
        acts: list[Act],
        counts: dict[int, int] | None = None,
        attention: int = 0,
        attraction: int = 0,
        affinity: int = 0,
        objections: int = 0,
        undos: list[str] | None = None,
        early: list[EarlyUndo] | None = None,
        changed: bool = True,
        stored: bool = False,
        blocks: Blocks | None = None,
    ) -> None:
        self.acts = acts
        self._code, self._times = NO_CODE, 0
        self._others: dict[int, int] | None = None
        if counts:
            for code, times in counts.items():
                self._set(code, times)
        self.attention = attention
        self.attraction = attraction
        self.affinity = affinity
        self.objections = objections
        self.undos = undos
        self.early = early
        self.changed = changed
        self.stored = stored
        self.blocks = blocks

    def alter(self) -> None:
        """Acts of it have changed that may be stored."""
        self.changed = True
        if self.blocks is not None:
            self.blocks.altered = True

    def forget_first(self, count: int) -> None:
        """Give up the first acts."""
        self.changed = True
        for _ in range(count):
            self.acts.pop(0)
        if self.blocks is not None:
            self.blocks.gone += count

    def counts(self) -> dict[int, int]:
        """How many acts of each code there were, without those undone."""
        found = {} if self._code == NO_CODE else {self._code: self._times}
        return found if self._others is None else found | self._others

    def has(self, verb: str) -> bool:
        """Whether an inbound act of this verb counts."""
        first = FIRST_CODE[verb]
        return any(self._counted(code) for code in range(first, first + KINDS))

    def _counted(self, code: int) -> int:
        if code == self._code:
            return self._times
        return 0 if self._others is None else self._others.get(code, 0)

    def _set(self, code: int, times: int) -> None:
        others = self._others
        if code == self._code:
            self._times = times
            if not times:
                self._code = NO_CODE
        elif others is not None and code in others:
            if times:
                others[code] = times
            else:
                del others[code]
        elif self._code == NO_CODE:
            self._code, self._times = code, times
        elif others is None:
            self._others = {code: times}
        else:
            others[code] = times

    def measures(self, cap: int) -> Measures:
        """What the pane adds to a window, in the order of `WINDOWED_MEASURES`."""
        return (
            _below(self.attention, cap),
            _below(self.attraction, cap),
            _below(self.affinity, cap),
            1 if self.attraction > 0 else 0,
            self.objections,
        )

    def count(self, code: int, change: int, rules: Rules) -> Gains:
        """Count one act more (`change` 1) or less (-1); what it adds to which gauges."""
        before = self._counted(code)
        after = before + change
        self._set(code, after)
        cap = rules.per_verb_cap
        if before > cap or after > cap:
            return ()  # beyond the cap on both sides: an act more or less gives nothing
        if change < 0:
            return self._recapped(code, change, rules)
        attention, attraction, affinity = rules.points[code]
        attention += self.attention
        attraction += self.attraction
        affinity += self.affinity
        cap = rules.per_pane_cap
        if attention > cap or attraction > cap or affinity > cap:
            return self._recapped(code, change, rules)
        gains = rules.gains[code] if self.attraction else rules.first_gains[code]
        self.attention = attention
        self.attraction = attraction
        self.affinity = affinity
        if rules.objects[code]:
            self.objections += 1
        return gains

    def _recapped(self, code: int, change: int, rules: Rules) -> Gains:
        before = self.measures(rules.per_pane_cap)
        self._add(code, change, rules)
        after = self.measures(rules.per_pane_cap)
        return tuple(
            (slot, days, after[measure] - before[measure])
            for slot, measure, days in rules.gauges
            if after[measure] != before[measure]
        )

    def _add(self, code: int, acts: int, rules: Rules) -> None:
        attention, attraction, affinity = rules.points[code]
        self.attention += acts * attention
        self.attraction += acts * attraction
        self.affinity += acts * affinity
        if rules.objects[code]:
            self.objections += acts

    def recount(self, rules: Rules) -> None:
        """Work out the points again, under other rules."""
        self.changed = True
        self.attention = self.attraction = self.affinity = self.objections = 0
        for code, count in self.counts().items():
            self._add(code, min(count, rules.per_verb_cap), rules)
