"""Markov and Shapley against the oracle's exact fractions, and what must hold of any shares."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from stream_app.domain.attribution import MILLION, Path, counted, markov, shapley, wilson
from tests.oracle.worth import markov as oracle_markov
from tests.oracle.worth import shapley as oracle_shapley

NAMES = ("ads", "blog", "care", "event", "mail")


def paths_over(names: tuple[str, ...], most: int) -> st.SearchStrategy[list[Path]]:
    path = st.tuples(st.lists(st.sampled_from(names), max_size=5).map(tuple), st.booleans())
    return st.lists(path, max_size=most)


def is_near(shares: dict[str, int], exact: dict[str, Fraction], within: int = 1) -> bool:
    names = shares.keys() | exact.keys()
    return all(
        abs(shares.get(name, 0) - exact.get(name, Fraction(0)) * MILLION) <= within
        for name in names
    )


@settings(max_examples=200)
@given(paths_over(NAMES, 25))
def test_markov_is_the_removal_effect(paths: list[Path]) -> None:
    shares = markov(counted(paths))
    assert is_near(shares, oracle_markov(paths), within=2)
    assert sum(shares.values()) in (0, MILLION)
    assert markov(counted(reversed(paths))) == shares


@settings(max_examples=200)
@given(paths_over(NAMES, 25))
def test_shapley_is_exact_for_few_methods(paths: list[Path]) -> None:
    shares = shapley(counted(paths))
    assert is_near(shares, oracle_shapley(paths))
    assert sum(shares.values()) in (0, MILLION)
    assert shapley(counted(reversed(paths))) == shares


def test_shapley_is_exact_for_many_methods() -> None:
    """A ring of forty: each of the won paths needs two of them, each is needed twice."""
    names = [f"m{number:02}" for number in range(40)]
    ring: list[Path] = [
        ((name, after), True) for name, after in zip(names, [*names[1:], names[0]], strict=True)
    ]
    assert shapley(counted(ring)) == dict.fromkeys(names, MILLION // 40)


def test_shapley_of_twelve_methods() -> None:
    names = tuple(f"m{number:02}" for number in range(12))
    paths: list[Path] = [(names[first : first + first % 5], True) for first in range(12)]
    assert is_near(shapley(counted(paths)), oracle_shapley(paths))


def test_by_hand() -> None:
    """Ads alone wins 1 of 2; ads then care wins 1 of 1. Without care only ads is left.

    From ads: half of three goes on ... 1/3 won, 1/3 lost, 1/3 care; from care won. Whole chance
    2/3; without care 1/3 (effect 1/2), without ads 0 (effect 1): shares 1/3 and 2/3.
    """
    paths: list[Path] = [(("ads",), True), (("ads",), False), (("ads", "care"), True)]
    assert markov(counted(paths)) == {"ads": 666_667, "care": 333_333}
    # ads wins one of the two advances alone, and half of the other
    assert shapley(counted(paths)) == {"ads": 750_000, "care": 250_000}


def test_nobody_won_anything() -> None:
    paths = counted([(("ads",), False), ((), True)])
    assert markov(paths) == {}
    assert shapley(paths) == {}


def test_wilson() -> None:
    """8 of 10: the textbook's 0.490 to 0.943."""
    low, high = wilson(0.8, 10)
    assert (round(low, 3), round(high, 3)) == (0.490, 0.943)
    assert wilson(0.5, 0) == (0.0, 1.0)
