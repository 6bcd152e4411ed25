"""The stored form of touches: nearly all are acts that are remembered anyway, so they are named.

A run of three numbers names them: the place of their day among the panes, that of the first act in
its day, and how many. Touches whose acts are forgotten, or that a merge has counted otherwise,
stand in whole, as runs of the day WHOLE.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Final

from stream_app.contracts.stored import TouchV1
from stream_app.domain.act import Act
from stream_app.domain.clock import DAY_MS
from stream_app.domain.credit import Touch
from stream_app.domain.pane import Pane
from stream_app.domain.state import Relationship

WHOLE: Final = -1


def touches_v1(rel: Relationship) -> tuple[list[TouchV1], list[int]]:
    """The touches that stand in whole, and the runs of all, in their order."""
    panes, remembered = rel.windows.panes, rel.memory.acts
    whole: list[TouchV1] = []
    runs: list[int] = []
    acts: list[Act] = []  # of the day of the last run
    slot, behind = WHOLE, 0
    for touch in rel.touches:
        act = remembered.get(touch.key)
        if act is None or not _is_touch(act, touch):
            if slot != WHOLE or not runs:
                slot, behind = WHOLE, len(whole)
                runs += [slot, behind, 0]
            whole.append(TouchV1(touch.key, touch.method, touch.at_ms, touch.number))
        elif slot == WHOLE or behind >= len(acts) or acts[behind] is not act:
            day = act.at_ms // DAY_MS
            slot, acts = list(panes).index(day), panes[day].acts
            behind = bisect_left(acts, act.number, key=_number)  # they are in the order of the log
            runs += [slot, behind, 0]
        runs[-1] += 1
        behind += 1
    return whole, runs


def touches_of(whole: Sequence[TouchV1], runs: Sequence[int], panes: Sequence[Pane]) -> list[Touch]:
    """The touches. Before there were runs, all stood in whole."""
    found: list[Touch] = []
    for at in range(0, len(runs), 3):
        slot, first, behind = runs[at], runs[at + 1], runs[at + 1] + runs[at + 2]
        if slot == WHOLE:
            found += [_touch(one) for one in whole[first:behind]]
        else:
            found += [_touch_of(act) for act in panes[slot].acts[first:behind]]
    return found if runs else [_touch(one) for one in whole]


def _is_touch(act: Act, touch: Touch) -> bool:
    booked = act.booked
    return (
        booked is not None
        and act.number == touch.number
        and act.at_ms == touch.at_ms
        and booked.method == touch.method
    )


def _number(act: Act) -> int:
    return act.number


def _touch(one: TouchV1) -> Touch:
    return Touch(one.key, one.method, one.at_ms, one.number)


def _touch_of(act: Act) -> Touch:
    booked = act.booked
    assert booked is not None
    return Touch(act.key, booked.method, act.at_ms, act.number)
