"""Moves that nobody earned: by another policy, or because two ids turn out to be one person."""

from __future__ import annotations

from stream_app.domain.evidence import Evidence
from stream_app.domain.outcome import Transition
from stream_app.domain.quality import quality
from stream_app.domain.rules import MEMBERS, Rules
from stream_app.domain.stages import decide
from stream_app.domain.state import Relationship
from stream_app.domain.transitions import STAGES, MoveReason


def evaluate(rel: Relationship, rules: Rules) -> int:
    """The stage that the relationship belongs in as of now."""
    values = rel.windows.sums
    values[MEMBERS] = rel.members.on
    reached = 0 if rel.blocks.on else decide(rel.stage, values, rules)
    rel.settled = reached == rel.stage
    return reached


def move(rel: Relationship, reached: int, reason: MoveReason, rules: Rules) -> Transition:
    """A transition as of now, credited to nobody and in no report."""
    current = rel.stage
    if reached > current:
        rel.credited = rel.records
        rel.highest = max(rel.highest, reached)
    rel.stage = reached
    rel.sequence += 1
    rel.since_ms = rel.as_of
    return Transition(
        rel.brand,
        rel.person,
        rel.epoch,
        rel.sequence,
        STAGES[current],
        STAGES[reached],
        rel.as_of,
        reason,
        None,
        Evidence(current, reached, tuple(rel.windows.sums), rel.blocks.on, rules),
        quality(rel, rel.as_of, rules.topics),
        None,
        (),
        rules.version,
    )
