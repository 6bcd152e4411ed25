"""When a relationship that stays silent will change: what the index of silence is made of."""

from __future__ import annotations

from stream_app.domain.rules import Rules
from stream_app.domain.stages import decide
from stream_app.domain.state import Relationship


def next_change(rel: Relationship, rules: Rules) -> int | None:
    """The first day on whose midnight something happens if nothing else does; None if never.

    The stage changes, or it is decided whether an advance has lasted.
    """
    day = _next_move(rel, rules)
    if not rel.undecided:
        return day
    decision = rel.undecided[0].day
    return decision if day is None else min(day, decision)


def _next_move(rel: Relationship, rules: Rules) -> int | None:
    if not rel.settled:
        return rel.windows.day + 1
    if rel.blocks.on or (rel.stage == 0 and not _may_rise(rel, rules)):
        return None
    windows = rel.windows
    values = list(windows.sums)
    cap = rules.per_pane_cap
    exits = sorted(
        (pane_day + days, slot, -pane.measures(cap)[measure])
        for pane_day, pane in windows.panes.items()
        for slot, measure, days in rules.gauges
        if pane_day + days > windows.day
    )
    for index, (day, slot, change) in enumerate(exits):
        values[slot] += change
        last_of_day = index + 1 == len(exits) or exits[index + 1][0] != day
        if last_of_day and decide(rel.stage, values, rules) != rel.stage:
            return day
    return None


def is_overdue(rel: Relationship, rules: Rules, *, moved: bool, undone: bool) -> bool:
    """Whether the day that the index has may be too late, now that a record was applied.

    An act more can only put off a lapse. What can bring a change nearer is a move, an undo, and,
    where a condition waits for something to get less, anything at all.
    """
    if moved or undone or not rel.settled:
        return True
    return (rel.stage > 0 and rel.due_day is None) or _may_rise(rel, rules)


def _may_rise(rel: Relationship, rules: Rules) -> bool:
    return any(rel.windows.sums[slot] for slot in rules.rising)
