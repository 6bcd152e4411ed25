"""Panes and the sums over windows of them.

A pane is one UTC day of a relationship: how many inbound acts of each verb and kind it had. A
window of W days as of day d is the panes with `d - W < day <= d`. The sums over all windows that
the policy reads are kept up to date: an act costs the same however many panes there are.

    day        d-4   d-3   d-2   d-1    d
    window 3               |<--- in --->|        the pane of d-3 left when day d began
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from stream_app.domain.policy import Rules

NEVER: Final = 1 << 40
"""A day that does not come."""

FEW_PANES: Final = 16
"""Up to so many panes it pays to work out the next exit exactly."""


class Pane(msgspec.Struct, gc=False):
    """What one day counts. `counts` maps `pane_code` to a number of acts; the rest follows from it.

    `raw_*` are points before the cap of the day, `attention` ... `objections` are what the windows
    sum up.
    """

    counts: dict[int, int] = {}
    raw_attention: int = 0
    raw_attraction: int = 0
    raw_affinity: int = 0
    attention: int = 0
    attraction: int = 0
    affinity: int = 0
    objections: int = 0

    def count(self, code: int, change: int, rules: Rules) -> bool:
        """Count one act more (`change` 1) or less (-1). True if points or objections changed."""
        before = self.counts.get(code, 0)
        after = before + change
        if after:
            self.counts[code] = after
        else:
            del self.counts[code]
        if max(before, after) > rules.per_verb_cap:
            return False  # beyond the cap on both sides: an act more or less gives nothing
        points = rules.points[code]
        self.raw_attention += change * points[0]
        self.raw_attraction += change * points[1]
        self.raw_affinity += change * points[2]
        if rules.objects[code]:
            self.objections += change
        cap = rules.per_pane_cap
        self.attention = min(self.raw_attention, cap)
        self.attraction = min(self.raw_attraction, cap)
        self.affinity = min(self.raw_affinity, cap)
        return True

    def measures(self) -> tuple[int, int, int, int, int]:
        """In the order of `WINDOWED_MEASURES`."""
        return (
            self.attention,
            self.attraction,
            self.affinity,
            1 if self.attraction > 0 else 0,
            self.objections,
        )

    def recount(self, rules: Rules) -> None:
        """Work out everything but the counts again, under other rules."""
        self.raw_attention = self.raw_attraction = self.raw_affinity = self.objections = 0
        for code, count in self.counts.items():
            counted = min(count, rules.per_verb_cap)
            attention, attraction, affinity = rules.points[code]
            self.raw_attention += counted * attention
            self.raw_attraction += counted * attraction
            self.raw_affinity += counted * affinity
            if rules.objects[code]:
                self.objections += counted
        self.attention = min(self.raw_attention, rules.per_pane_cap)
        self.attraction = min(self.raw_attraction, rules.per_pane_cap)
        self.affinity = min(self.raw_affinity, rules.per_pane_cap)


class Windows(msgspec.Struct, gc=False):
    """The panes of a relationship, and the sums of `Rules.gauges` as of `day`.

    `next_exit` is a lower bound of the next day on which a pane leaves a window.
    """

    day: int
    sums: list[int]
    panes: dict[int, Pane] = {}
    next_exit: int = NEVER

    @classmethod
    def starting(cls, day: int, rules: Rules) -> Windows:
        """Empty windows as of `day`."""
        return cls(day=day, sums=[0] * len(rules.gauges), panes={})

    def count(self, day: int, code: int, change: int, rules: Rules) -> bool:
        """Count an act in the pane of `day`, one more or one less. True if any sum changed."""
        pane = self.panes.get(day)
        if pane is None:
            pane = self.open(day, rules)
        old = pane.measures()
        if not pane.count(code, change, rules):
            return False
        new = pane.measures()
        if old == new:
            return False
        sums, changed, age = self.sums, False, self.day - day
        for slot, (measure, days) in enumerate(rules.gauges):
            if age < days and new[measure] != old[measure]:
                sums[slot] += new[measure] - old[measure]
                changed = True
        return changed

    def open(self, day: int, rules: Rules) -> Pane:
        """The pane of `day`, made if it is not there."""
        pane = self.panes.get(day)
        if pane is None:
            pane = self.panes[day] = Pane(counts={})
            for days in rules.windows:
                if self.day < day + days < self.next_exit:
                    self.next_exit = day + days
        return pane

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
        for slot, (measure, days) in enumerate(rules.gauges):
            pane = self.panes.get(day - days)
            if pane is not None:
                value = pane.measures()[measure]
                if value:
                    self.sums[slot] -= value
                    changed = True
        return changed

    def recount(self, rules: Rules) -> None:
        """Everything again from the counts, under other rules."""
        self.sums = [0] * len(rules.gauges)
        self.next_exit = self.day + 1 if self.panes else NEVER
        for day, pane in self.panes.items():
            pane.recount(rules)
            values = pane.measures()
            for slot, (measure, days) in enumerate(rules.gauges):
                if day <= self.day < day + days:
                    self.sums[slot] += values[measure]
