"""The rules of the four stages: which one a relationship is in, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from stream_app.domain.policy import CompiledTerm, Rules
from stream_app.domain.transitions import STAGES, Finding, Stage


def decide(current: int, values: Sequence[float], rules: Rules) -> int:
    """The stage after `current`: the highest k whose conditions and all below it are true.

    A stage's condition is its `hold` if the relationship is at that stage or above, else its
    `enter`. So a relationship climbs by the strict conditions, stays by the lenient ones and cools
    down step by step. `values` are those of `Windows.sums`.
    """
    for level, rule in enumerate(rules.asked[current]):
        for clause in rule:
            for slot, at_least, threshold, _ in clause:
                # written so that a value that is not a number passes
                if not (values[slot] < threshold if at_least else values[slot] > threshold):
                    break
            else:
                return level
    return 4


class Evidence(msgspec.Struct, frozen=True, gc=False):
    """What a decision was made on. `findings` spells it out; keeping it costs next to nothing."""

    current: int
    reached: int
    values: tuple[float, ...]
    blocks: int
    rules: Rules

    def terms(self) -> Iterator[tuple[int, bool, CompiledTerm]]:
        """Level, whether it is the `hold` condition, and term, of all that `decide` looked at."""
        for level in range(min(self.reached + 1, 4)):
            holds = level < self.current
            for clause in self.rules.hold[level] if holds else self.rules.enter[level]:
                for compiled in clause:
                    yield level, holds, compiled

    def findings(self) -> tuple[Finding, ...]:
        """Every term with its value and its threshold, in the order they were looked at."""
        if self.blocks:
            return (blocked(self.blocks),)
        return tuple(
            finding(level, holds, compiled, self.values[compiled.slot])
            for level, holds, compiled in self.terms()
        )


def finding(level: int, holds: bool, compiled: CompiledTerm, value: float) -> Finding:
    """One term of the condition of the stage above `level`, as it stood."""
    _, at_least, threshold, term = compiled
    return Finding(
        STAGES[level + 1].label,
        "hold" if holds else "enter",
        term.measure,
        term.days,
        None if value != value else value,  # not a number: not known
        term.bound,
        threshold,
        not (value < threshold if at_least else value > threshold),
    )


def blocked(blocks: int) -> Finding:
    """The evidence while a block is on: nothing else was looked at."""
    return Finding(Stage.NONE.label, "block", "blocks", None, blocks, "at_most", 0, False)
