"""Why a relationship is in its stage: every term that was looked at."""

from __future__ import annotations

from collections.abc import Iterator

from mypy_extensions import mypyc_attr

from stream_app.domain.rules import CompiledTerm, Number, Rules
from stream_app.domain.transitions import STAGES, Finding, Stage


@mypyc_attr(acyclic=True)
class Evidence:
    """What a decision was made on. `findings` spells it out; keeping it costs next to nothing."""

    def __init__(
        self,
        current: int,
        reached: int,
        values: tuple[Number, ...],
        blocks: int,
        rules: Rules,
    ) -> None:
        self.current = current
        self.reached = reached
        self.values = values
        self.blocks = blocks
        self.rules = rules

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


def finding(level: int, holds: bool, compiled: CompiledTerm, value: Number) -> Finding:
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
