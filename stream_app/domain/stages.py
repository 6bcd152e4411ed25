"""The rules of the four stages: which one a relationship is in."""

from __future__ import annotations

from collections.abc import Sequence

from stream_app.domain.rules import Number, Rules


def decide(current: int, values: Sequence[Number], rules: Rules) -> int:
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
