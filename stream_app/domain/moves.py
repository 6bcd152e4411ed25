"""How a relationship comes to another stage: evaluated, moved, and told as a transition."""

from __future__ import annotations

from collections.abc import Mapping

from stream_app.domain.evidence import Evidence
from stream_app.domain.outcome import Transition
from stream_app.domain.quality import quality
from stream_app.domain.rules import MEMBERS, Rules
from stream_app.domain.stages import decide
from stream_app.domain.state import Relationship
from stream_app.domain.transitions import STAGES, Cause, MoveReason


def evaluate(rel: Relationship, rules: Rules) -> int:
    """The stage that the relationship belongs in as of now."""
    current = rel.stage
    values = rel.windows.sums
    values[MEMBERS] = rel.members.on
    reached = 0 if rel.blocks.on else decide(current, values, rules)
    rel.settled = reached == current
    return reached


def move(
    rel: Relationship,
    reached: int,
    at_ms: int,
    reason: MoveReason,
    cause: Cause | None,
    rules: Rules,
    credits: Mapping[str, int] | None = None,
    won: tuple[bool, ...] = (),
) -> Transition:
    """Bring the relationship to the stage `reached`, as of `at_ms`."""
    current = rel.stage
    rel.stage = reached
    rel.sequence += 1
    rel.since_ms = at_ms
    return Transition(
        rel.brand,
        rel.person,
        rel.epoch,
        rel.sequence,
        STAGES[current],
        STAGES[reached],
        at_ms,
        reason,
        cause,
        Evidence(current, reached, tuple(rel.windows.sums), rel.blocks.on, rules),
        quality(rel, at_ms, rules.topics),
        credits,
        won,
        rules.version,
    )


def move_unearned(rel: Relationship, reached: int, reason: MoveReason, rules: Rules) -> Transition:
    """A move that nobody earned, as of now: by another policy, or because two ids are one person.

    It is credited to nobody, and in no report.
    """
    if reached > rel.stage:
        rel.credited = rel.records
        rel.highest = max(rel.highest, reached)
    return move(rel, reached, rel.as_of, reason, None, rules)
