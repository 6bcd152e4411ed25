"""Panes and the sums over windows of them.

A pane is one UTC day of a relationship: how many inbound acts of each verb and kind it had. A
window of W days as of day d is the panes with `d - W < day <= d`. The sums over all windows that
the policy reads are kept up to date: an act costs the same however many panes there are.

    day        d-4   d-3   d-2   d-1    d
    window 3               |<--- in --->|        the pane of d-3 left when day d began
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Final

from mypy_extensions import mypyc_attr

from stream_app.domain.clock import NEVER
from stream_app.domain.pane import Blocks, Pane
from stream_app.domain.rules import MEMBERS, Number, Rules

UNKNOWN: Final[Number] = math.nan
"""Compares false with everything: a value that is not known stands in nobody's way.

Not a `float` to the compiler, which would make a new object of it at each use: one of them equals
another only where both are the same object, so nothing that holds it would be found in a dict.
"""

FEW_PANES: Final = 16
"""Up to so many panes it pays to work out the next exit exactly."""


@mypyc_attr(acyclic=True)
class Windows:
    """The panes of a relationship, and the sums of `Rules.gauges` as of `day`.

    Behind the sums stand two values that have no window: memberships (MEMBERS) and topic fit
    (TOPIC_FIT, not a number while nothing is known), so that a condition reads all alike.
    `next_exit` is a lower bound of the next day on which a pane leaves a window, `oldest` that of
    the oldest pane. `dropped` are days whose panes are stored but gone, and the blocks of their
    acts; None if there are none.
    """

    def __init__(
        self,
        day: int,
        sums: list[Number],
        panes: dict[int, Pane] | None = None,
        next_exit: int = NEVER,
        dropped: list[tuple[int, Blocks | None]] | None = None,
    ) -> None:
        self.day = day
        self.sums = sums
        self.panes: dict[int, Pane] = {} if panes is None else panes
        self.next_exit = next_exit
        self.dropped = dropped
        self.oldest = min(self.panes) if self.panes else NEVER  # quicker than its `default`

    @staticmethod
    def starting(day: int, rules: Rules) -> Windows:
        """Empty windows as of `day`."""
        return Windows(day, [0] * len(rules.gauges) + [0, UNKNOWN])

    def count(self, day: int, code: int, change: int, rules: Rules) -> bool:
        """Count an act in the pane of `day`, one more or one less. True if any sum changed."""
        return self.count_in(self.open(day, rules), day, code, change, rules)

    def count_in(self, pane: Pane, day: int, code: int, change: int, rules: Rules) -> bool:
        """The same, with the pane that `open` gave."""
        sums, changed, age = self.sums, False, self.day - day
        for slot, days, gain in pane.count(code, change, rules):
            if age < days:
                sums[slot] += gain
                changed = True
        return changed

    def open(self, day: int, rules: Rules) -> Pane:
        """The pane of `day` for a change of it, made if it is not there."""
        pane = self.panes.get(day)
        if pane is None:
            pane = Pane([])
            self.take_up(day, pane)
            for days in rules.windows:
                if day + days > self.day:  # of this and all wider windows it leaves this one first
                    if day + days < self.next_exit:
                        self.next_exit = day + days
                    break
        pane.changed = True
        return pane

    def take_up(self, day: int, pane: Pane) -> None:
        """Have `pane` as that of `day`."""
        self.panes[day] = pane
        if day < self.oldest:
            self.oldest = day

    def drop(self, last_dead: int) -> list[Pane]:
        """Give up the panes up to the day `last_dead`."""
        if self.oldest > last_dead:
            return []
        gone = [day for day in self.panes if day <= last_dead]
        panes = [self.panes.pop(day) for day in gone]
        self.oldest = min(self.panes, default=NEVER)
        stored = [(day, pane.blocks) for day, pane in zip(gone, panes, strict=True) if pane.stored]
        if stored:
            self.dropped = [*(self.dropped or ()), *stored]
        return panes

    def walk(self, to_day: int, rules: Rules) -> Iterator[int]:
        """Go on to `to_day`; yield each day on which a sum changed, with the sums as of it.

        A walk given up half way stays at the day it yielded last and can be taken up again.
        """
        if to_day >= self.next_exit:
            for day in self._exit_days(to_day, rules.windows):
                self.day = day
                if self._leave(day, rules):
                    yield day
            self.next_exit = self._next_exit(to_day, rules.windows)
        self.day = to_day

    def _exit_days(self, to_day: int, windows: tuple[int, ...]) -> Iterable[int]:
        """Days up to `to_day`, in order, on which a pane may leave a window."""
        if to_day - self.day <= len(self.panes):
            return range(self.day + 1, to_day + 1)
        exits = {pane + days for pane in self.panes for days in windows}
        return sorted(day for day in exits if self.day < day <= to_day)

    def _next_exit(self, day: int, windows: tuple[int, ...]) -> int:
        """A lower bound: exact for few panes, tomorrow for many."""
        if len(self.panes) > FEW_PANES:
            return day + 1
        exits = (pane + days for pane in self.panes for days in windows)
        return min((exit_day for exit_day in exits if exit_day > day), default=NEVER)

    def _leave(self, day: int, rules: Rules) -> bool:
        """Take the panes that fall out when `day` begins out of the sums. True if any changed."""
        changed = False
        for slot, measure, days in rules.gauges:
            pane = self.panes.get(day - days)
            if pane is not None:
                value = pane.measures(rules.per_pane_cap)[measure]
                if value:
                    self.sums[slot] -= value
                    changed = True
        return changed

    def recount(self, rules: Rules) -> None:
        """Everything again from the counts, under other rules."""
        self.sums = [0] * len(rules.gauges) + self.sums[MEMBERS:]
        self.next_exit = self.day + 1 if self.panes else NEVER
        for day, pane in self.panes.items():
            pane.recount(rules)
            values = pane.measures(rules.per_pane_cap)
            for slot, measure, days in rules.gauges:
                if day <= self.day < day + days:
                    self.sums[slot] += values[measure]
