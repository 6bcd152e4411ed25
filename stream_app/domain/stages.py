"""The rules of the four stages: which one a relationship is in, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from stream_app.domain.policy import MEMBERS, CompiledRule, CompiledTerm, Rules
from stream_app.domain.transitions import Finding, Stage


def decide(
    current: int, sums: Sequence[int], members: int, topic_fit: float | None, rules: Rules
) -> int:
    """The stage after `current`: the highest k whose conditions and all below it hold.

    A stage's condition is its `hold` if the relationship is at that stage or above, else its
    `enter`. So a relationship climbs by the strict conditions, stays by the lenient ones and cools
    down step by step.
    """
    for level in range(4):
        rule = rules.hold[level] if level < current else rules.enter[level]
        for clause in rule:
            for term in clause:
                if _met(term, sums, members, topic_fit):
                    break
            else:
                return level
    return 4


def _met(term: CompiledTerm, sums: Sequence[int], members: int, topic_fit: float | None) -> bool:
    value = _value(term, sums, members, topic_fit)
    if value is None:
        return True  # a topic fit that is not known stands in nobody's way
    return value >= term.threshold if term.at_least else value <= term.threshold


def _value(
    term: CompiledTerm, sums: Sequence[int], members: int, topic_fit: float | None
) -> float | None:
    if term.slot >= 0:
        return sums[term.slot]
    return members if term.slot == MEMBERS else topic_fit


def findings(
    current: int,
    reached: int,
    sums: Sequence[int],
    members: int,
    topic_fit: float | None,
    rules: Rules,
) -> Iterator[Finding]:
    """Every term that `decide` looked at on the way to `reached`, in order: the evidence."""
    for level in range(min(reached + 1, 4)):
        holds = level < current
        rule: CompiledRule = rules.hold[level] if holds else rules.enter[level]
        for clause in rule:
            for compiled in clause:
                term = compiled.term
                yield Finding(
                    stage=Stage(level + 1).label,
                    rule="hold" if holds else "enter",
                    measure=term.measure,
                    days=term.days,
                    value=_value(compiled, sums, members, topic_fit),
                    bound=term.bound,
                    threshold=term.threshold,
                    met=_met(compiled, sums, members, topic_fit),
                )


def blocked(blocks: int) -> Finding:
    """The evidence while a block is on: nothing else was looked at."""
    return Finding(
        stage=Stage.NONE.label,
        rule="block",
        measure="blocks",
        days=None,
        value=blocks,
        bound="at_most",
        threshold=0,
        met=False,
    )
