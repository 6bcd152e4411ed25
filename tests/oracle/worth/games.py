"""Credit over all paths of a brand, in exact fractions: Markov removal effect, and Shapley."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction

Path = tuple[Sequence[str], bool]  # methods in order, and whether it ends in an advance
START, WON, LOST = "(start)", "(won)", "(lost)"
MOST_PLAYERS = 12


def markov(paths: Iterable[Path]) -> dict[str, Fraction]:
    """Removal effect of each method in a first-order chain, normalised to 1 in all.

    Removing a method sends whoever would come to it to the end that is lost. Repeats of a method
    are steps to itself. A path without methods goes straight from start to its end. No method
    with an effect: no shares at all.
    """
    paths = list(paths)
    if not any(is_won for _, is_won in paths):
        return {}
    steps: Counter[tuple[str, str]] = Counter()
    for methods, is_won in paths:
        stations = [START, *methods, WON if is_won else LOST]
        steps.update(itertools.pairwise(stations))
    names = sorted({name for methods, _ in paths for name in methods})
    whole = chance_to_win(steps, names)
    lost = {name: 1 - chance_to_win(steps, names, without=name) / whole for name in names}
    total = sum(lost.values())
    return {name: effect / total for name, effect in lost.items()} if total else {}


def chance_to_win(
    steps: Counter[tuple[str, str]], names: Sequence[str], without: str | None = None
) -> Fraction:
    """Probability to end won from the start: x = (steps between methods) x + (steps to won)."""
    states = [START, *(name for name in names if name != without)]
    rows: list[list[Fraction]] = []
    for state in states:
        leaving = sum(count for (source, _), count in steps.items() if source == state)
        row = [Fraction(-steps[state, other], leaving) for other in states]
        row[states.index(state)] += 1
        rows.append([*row, Fraction(steps[state, WON], leaving)])
    return solved(rows)[0]


def solved(rows: list[list[Fraction]]) -> list[Fraction]:
    """Gauss and Jordan: the unknowns of a square system with its right side as last column."""
    for place in range(len(rows)):
        pivot = next(at for at in range(place, len(rows)) if rows[at][place])
        rows[place], rows[pivot] = rows[pivot], rows[place]
        rows[place] = [value / rows[place][place] for value in rows[place]]
        for at in range(len(rows)):
            if at != place and rows[at][place]:
                times = rows[at][place]
                pairs = zip(rows[at], rows[place], strict=True)
                rows[at] = [value - times * other for value, other in pairs]
    return [row[-1] for row in rows]


def shapley(paths: Iterable[Path]) -> dict[str, Fraction]:
    """Shapley values of the methods, normalised to 1 in all (at most 12 methods).

    A coalition is worth the won paths that need no method outside it. Paths without methods are
    nobody's; no won path with a method: no shares at all.
    """
    paths = list(paths)
    names = sorted({name for methods, _ in paths for name in methods})
    assert len(names) <= MOST_PLAYERS
    needs = Counter(frozenset(methods) for methods, is_won in paths if is_won and methods)
    if not needs:
        return {}

    def worth_of(coalition: frozenset[str]) -> Fraction:
        return Fraction(sum(count for need, count in needs.items() if need <= coalition))

    values = shapley_values(names, worth_of)
    return {name: value / sum(needs.values()) for name, value in values.items()}


def shapley_values(
    players: Sequence[str], worth_of: Callable[[frozenset[str]], Fraction]
) -> dict[str, Fraction]:
    """Each player's mean gain over all orders in which all can join (Shapley 1953)."""
    everybody = len(players)
    coalitions = [
        frozenset(members)
        for size in range(everybody + 1)
        for members in itertools.combinations(players, size)
    ]
    worth = {coalition: worth_of(coalition) for coalition in coalitions}
    values = dict.fromkeys(players, Fraction(0))
    for coalition in coalitions:
        for player in players:
            if player not in coalition:
                before = math.factorial(len(coalition))
                after = math.factorial(everybody - len(coalition) - 1)
                gain = worth[coalition | {player}] - worth[coalition]
                values[player] += Fraction(before * after, math.factorial(everybody)) * gain
    return values
