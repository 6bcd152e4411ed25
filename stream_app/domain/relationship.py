"""One relationship: every change of its state, in event time.

`advance` applies an accepted interaction, `settle` lets time pass. Both change the state in place
and return the transitions; if either raises, the state is half changed and must be dropped.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from stream_app.domain.acts import do, undo
from stream_app.domain.brand_policy import PANE_LIFE_DAYS
from stream_app.domain.clock import DAY_MS, boundary_at_or_before
from stream_app.domain.credit import TOUCH_LIFE_MS, Touch, credit
from stream_app.domain.events import Interaction
from stream_app.domain.ledger import SURVIVAL_DAYS, UNDECIDED, Journal
from stream_app.domain.moves import evaluate, move
from stream_app.domain.offers import forget_offers
from stream_app.domain.outcome import Effect, Step, Transition
from stream_app.domain.rows import GonePath, Undecided
from stream_app.domain.rules import TOPIC_FIT, Rules
from stream_app.domain.state import Relationship
from stream_app.domain.transitions import Cause, MoveReason, Quality
from stream_app.domain.verbs import MEMBERSHIP_VERBS

_STILL: Final = {effect: Step(effect) for effect in Effect}


def advance(
    rel: Relationship,
    event: Interaction,
    watermark: int | None,
    rules: Rules,
    journal: Journal | None = None,
) -> Step:
    """Apply an accepted interaction (not a duplicate, not too old) to its relationship.

    First midnights pass up to the event's time or the watermark, then the event counts in its own
    pane, then the relationship is evaluated as of the latest time it knows. What it means for the
    reports is written into `journal`.
    """
    at_ms = event.at_ms
    until_ms = at_ms if watermark is None or at_ms > watermark else watermark
    moves = settle(rel, until_ms, rules, journal) if until_ms // DAY_MS > rel.windows.day else ()
    if at_ms > rel.as_of:
        rel.as_of = at_ms
    rel.records += 1
    if rel.offers:
        forget_offers(rel, rules)
    fit = rel.windows.sums[TOPIC_FIT]
    if event.undo:
        effect, changed = undo(rel, event, rules, journal)
    else:
        effect, changed = do(rel, event, rules, journal)
    if rules.reads_topic_fit and rel.windows.sums[TOPIC_FIT] != fit:
        changed = True
    if changed or not rel.settled or rel.records == 1:  # some conditions hold for nobody, too
        reached = evaluate(rel, rules)
        if reached != rel.stage:
            moved = _move(rel, reached, rel.as_of, _reason(event), event, rules, journal)
            return Step(effect, (*moves, moved))
    if moves:
        return Step(effect, (*moves,))
    return _STILL[effect]


def settle(
    rel: Relationship, until_ms: int, rules: Rules, journal: Journal | None = None
) -> list[Transition]:
    """Let the midnights `b` with `as_of < b <= until_ms` pass; a move is dated its midnight."""
    boundary = boundary_at_or_before(until_ms)
    if boundary <= rel.as_of:
        return []
    moves: list[Transition] = []
    windows, to_day = rel.windows, boundary // DAY_MS
    while windows.day < to_day:
        if not rel.settled:
            for _ in windows.walk(windows.day + 1, rules):
                pass
            _evaluate_boundary(rel, moves, rules, journal)
            continue  # it may have moved again
        if to_day < windows.next_exit:
            windows.day = to_day  # nothing leaves any window
            break
        for _ in windows.walk(to_day, rules):
            _evaluate_boundary(rel, moves, rules, journal)
            if not rel.settled:
                break
    rel.as_of = boundary
    if rel.undecided:
        _decide(rel, to_day, journal)
    for pane in windows.drop(to_day - PANE_LIFE_DAYS):
        rel.memory.drop(pane)
    return moves


def _evaluate_boundary(
    rel: Relationship, moves: list[Transition], rules: Rules, journal: Journal | None
) -> None:
    if rel.undecided:
        _decide(rel, rel.windows.day - 1, journal)
    reached = evaluate(rel, rules)
    if reached != rel.stage:
        at_ms = rel.windows.day * DAY_MS
        moves.append(_move(rel, reached, at_ms, MoveReason.EXPIRY, None, rules, journal))


def _decide(rel: Relationship, last_day: int, journal: Journal | None) -> None:
    """Midnights up to that of `last_day` have passed: did the advances of 120 days ago last?"""
    undecided = rel.undecided
    while undecided and undecided[0].day <= last_day:
        one = undecided.pop(0)
        if journal is not None:
            journal.decide(rel.brand, one, rel.stage)


def _move(
    rel: Relationship,
    reached: int,
    at_ms: int,
    reason: MoveReason,
    event: Interaction | None,
    rules: Rules,
    journal: Journal | None,
) -> Transition:
    current = rel.stage
    credits: Mapping[str, int] | None = None
    won: tuple[bool, ...] = ()
    if reached > current:
        credits, won = _credit(rel, at_ms, reached, rules, journal)
    moved = move(rel, reached, at_ms, reason, _cause(event), rules, credits, won)
    if credits is not None:
        _book(rel, at_ms, current, won, credits, moved.quality, event is None, journal)
    return moved


def since_last_advance(rel: Relationship, at_ms: int) -> list[Touch]:
    """The touches that an advance at `at_ms` would be credited to."""
    oldest_ms, credited = at_ms - TOUCH_LIFE_MS, rel.credited
    return [touch for touch in rel.touches if touch.number > credited and touch.at_ms >= oldest_ms]


def _credit(
    rel: Relationship, at_ms: int, reached: int, rules: Rules, journal: Journal | None
) -> tuple[Mapping[str, int], tuple[bool, ...]]:
    """An advance at `at_ms` is credited to the touches since the last one."""
    touches = since_last_advance(rel, at_ms)
    if journal is not None and rel.brand in journal.paths:
        path = tuple(touch.method for touch in touches)
        journal.paths[rel.brand].append(GonePath(path, rel.stage + 1, reached))
    highest = rel.highest
    won = tuple([rung > highest for rung in range(rel.stage + 1, reached + 1)])
    rel.credited = rel.records
    if reached > highest:
        rel.highest = reached
    return credit(touches, rules.model), won


def _book(
    rel: Relationship,
    at_ms: int,
    current: int,
    won: tuple[bool, ...],
    credits: Mapping[str, int],
    found: Quality,
    by_midnight: bool,
    journal: Journal | None,
) -> None:
    """An advance from `current` goes into the reports, and is decided in 120 days."""
    day = at_ms // DAY_MS
    undecided = rel.undecided
    if undecided is None:
        undecided = rel.undecided = []
    undecided.append(Undecided(day + SURVIVAL_DAYS, current + 1, current + len(won), credits))
    if len(undecided) > UNDECIDED:
        del undecided[0]
    if journal is not None:
        on = journal.midnight_day(day) if by_midnight else journal.open_day(day)
        journal.advance(rel.brand, on, current + 1, won, credits, found.overall)


def _cause(event: Interaction | None) -> Cause | None:
    if event is None:
        return None
    return Cause(event.id, event.verb, event.platform, event.method)


def _reason(event: Interaction) -> MoveReason:
    if event.verb == "block":
        return MoveReason.BLOCKED
    if event.verb in MEMBERSHIP_VERBS:
        return MoveReason.MEMBERSHIP
    return MoveReason.UNDO if event.undo else MoveReason.EVIDENCE
