"""Credit over all paths of a brand: the removal effect in a Markov chain, and Shapley values.

A path is the methods that touched a relationship since its last advance, in order, and whether it
ended in an advance. Both models share out a million millionths over the methods; methods that get
nothing are left out. Both are deterministic.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from fractions import Fraction
from itertools import pairwise
from typing import Final

from stream_app.domain.credit import MILLION

PATHS: Final = 100_000
"""Of more paths the newest count."""
_ROUNDS: Final = 10_000
_STILL: Final = 1e-13

Path = tuple[tuple[str, ...], bool]
Paths = Mapping[Path, int]
"""How often each path was gone."""


def counted(paths: Iterable[Path]) -> Paths:
    """Paths with how often each was gone."""
    return Counter(paths)


def shared_out(weights: Mapping[str, Fraction]) -> dict[str, int]:
    """A million by weight: largest remainder, ties by name; of no weight at all nothing."""
    total = sum(weights.values(), Fraction(0))
    if not total:
        return {}
    quotas = {name: weight * MILLION / total for name, weight in sorted(weights.items())}
    cut = {name: int(quota) for name, quota in quotas.items()}
    order = sorted(quotas, key=lambda name: (cut[name] - quotas[name], name))
    for name in order[: MILLION - sum(cut.values())]:
        cut[name] += 1
    return {name: share for name, share in cut.items() if share}


# -- Markov


def markov(paths: Paths) -> dict[str, int]:
    """The removal effect of each method in a first-order chain, normalised.

    How much less likely an advance becomes when everybody who would come to the method is lost
    instead (Anderl et al., 2016). Repeats of a method are steps to itself.
    """
    steps = _steps(paths)
    names = sorted({name for methods, _ in paths for name in methods})
    whole = _chance(steps, None)
    if not whole:
        return {}
    effects = {name: Fraction(max(0.0, 1 - _chance(steps, name) / whole)) for name in names}
    return shared_out(effects)


_START: Final = ""
_WON: Final = "\x00won"
_LOST: Final = "\x00lost"
Steps = Mapping[str, Mapping[str, float]]


def _steps(paths: Paths) -> Steps:
    """State -> next state -> probability."""
    counts: dict[str, Counter[str]] = {}
    for (methods, won), times in paths.items():
        for state, after in pairwise((_START, *methods, _WON if won else _LOST)):
            counts.setdefault(state, Counter())[after] += times
    return {
        state: {after: times / after_all.total() for after, times in sorted(after_all.items())}
        for state, after_all in sorted(counts.items())
    }


def _chance(steps: Steps, without: str | None) -> float:
    """Probability to come from the start to an advance: Gauss and Seidel, until it stands still."""
    chances = {state: 0.0 for state in steps if state != without}
    if _START not in chances:
        return 0.0
    chances[_WON] = 1.0
    states = [state for state in reversed(list(chances)) if state != _WON]
    for _ in range(_ROUNDS):
        moved = 0.0
        for state in states:
            stays = steps[state].get(state, 0.0)
            chance = sum(
                share * chances.get(after, 0.0)
                for after, share in steps[state].items()
                if after != state
            )
            chance = chance / (1 - stays) if stays < 1 else 0.0
            moved = max(moved, abs(chance - chances[state]))
            chances[state] = chance
        if moved < _STILL:
            break
    return chances[_START]


# -- Shapley


def shapley(paths: Paths) -> dict[str, int]:
    """Shapley values: each method's mean gain over all orders in which all could join.

    A coalition is worth the advances whose methods are all in it (Shapley, 1953). That is a sum of
    unanimity games, one per advance, and of such a game the value is known: equal parts to those
    whom it needs. So it is exact for any number of methods, and nothing has to be sampled.
    """
    values: dict[str, Fraction] = {}
    for (methods, won), times in paths.items():
        needed = set(methods)
        for name in needed if won else ():
            values[name] = values.get(name, Fraction(0)) + Fraction(times, len(needed))
    return shared_out(values)


# -- rank


def wilson(share: float, of: float, z: float = 1.96) -> tuple[float, float]:
    """The 95 % interval of a share that was observed in so many cases (Wilson, 1927)."""
    if of <= 0:
        return 0.0, 1.0
    middle = share + z * z / (2 * of)
    spread = z * (share * (1 - share) / of + z * z / (4 * of * of)) ** 0.5
    whole = 1 + z * z / of
    return max(0.0, (middle - spread) / whole), min(1.0, (middle + spread) / whole)
