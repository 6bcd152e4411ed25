"""Shares of touches, touches of relationships, Markov and Shapley, worked by hand."""

from __future__ import annotations

from fractions import Fraction

import pytest

from .credit import Touch, apportioned, shares
from .games import markov, shapley, shapley_values
from .lines import act, at, clock, out, undo
from .policy import WorthPolicy
from .run import worth
from .valued import WorthTransition

# touches: method and day of each, in log order
MODELS: dict[str, tuple[str, list[tuple[str, float]], dict[str, int]]] = {
    "none": ("linear", [], {"unattributed": 1_000_000}),
    "first of 1": ("first", [("a", 0)], {"a": 1_000_000}),
    "first of 3, in log order": ("first", [("b", 9), ("a", 0), ("c", 5)], {"b": 1_000_000}),
    "last of 3, in log order": ("last", [("b", 9), ("a", 0), ("c", 5)], {"c": 1_000_000}),
    "linear of 2": ("linear", [("b", 0), ("a", 1)], {"a": 500_000, "b": 500_000}),
    "linear of 3, the rest by name": (
        "linear",
        [("c", 0), ("b", 1), ("a", 2)],
        {"a": 333_334, "b": 333_333, "c": 333_333},
    ),
    "linear, each touch one unit": (
        "linear",
        [("a", 0), ("b", 1), ("a", 2)],
        {"a": 666_667, "b": 333_333},
    ),
    "position of 1": ("position", [("a", 0)], {"a": 1_000_000}),
    "position of 2": ("position", [("a", 0), ("b", 1)], {"a": 500_000, "b": 500_000}),
    "position of 3": (
        "position",
        [("a", 0), ("b", 1), ("c", 2)],
        {"a": 400_000, "b": 200_000, "c": 400_000},
    ),
    "position of 5, three in the middle": (
        "position",
        [("a", 0), ("b", 1), ("c", 2), ("d", 3), ("e", 4)],
        {"a": 400_000, "b": 66_667, "c": 66_667, "d": 66_666, "e": 400_000},
    ),
    "position of 5, first again in the middle": (
        "position",
        [("a", 0), ("a", 1), ("b", 2), ("b", 3), ("a", 4)],
        {"a": 866_667, "b": 133_333},
    ),
    "time decay of 1": ("time_decay", [("a", 0)], {"a": 1_000_000}),
    "time decay of 2, 1 to 2": ("time_decay", [("a", 0), ("b", 7)], {"a": 333_333, "b": 666_667}),
    "time decay of 2, whatever the log order": (
        "time_decay",
        [("b", 7), ("a", 0)],
        {"a": 333_333, "b": 666_667},
    ),
    "time decay of 3, 1 to 2 to 4": (
        "time_decay",
        [("a", 0), ("b", 7), ("c", 14)],
        {"a": 142_857, "b": 285_714, "c": 571_429},  # remainders .14 .29 .57
    ),
    "time decay of 5, of one time": (
        "time_decay",
        [("c", 3), ("b", 3), ("a", 3), ("b", 3), ("c", 3)],
        {"a": 200_000, "b": 400_000, "c": 400_000},
    ),
    "time decay of 7, the rest by name": (
        "time_decay",
        [(name, 3) for name in "gfedcba"],
        {**dict.fromkeys("a", 142_858), **dict.fromkeys("bcdefg", 142_857)},
    ),
    "a share below half a millionth is none": (
        "time_decay",
        [("a", 0), ("b", 7 * 22)],  # 1 to 4,194,304
        {"b": 1_000_000},
    ),
}


@pytest.mark.parametrize("case", MODELS)
def test_shares(case: str) -> None:
    model, given, expected = MODELS[case]
    touches = [Touch(n, n, method, at(when)) for n, (method, when) in enumerate(given, 1)]
    assert shares(touches, WorthPolicy(model=model)) == expected


@pytest.mark.parametrize(
    ("weights", "total", "expected"),
    [
        ({"a": 1, "b": 1, "c": 1}, 100, {"a": 34, "b": 33, "c": 33}),
        ({"c": 1, "a": 1, "b": 1}, 101, {"a": 34, "b": 34, "c": 33}),
        ({"a": 1, "b": 5}, 4, {"a": 1, "b": 3}),  # 0.67 and 3.33
        ({"a": 3, "b": 2}, 0, {"a": 0, "b": 0}),
    ],
)
def test_largest_remainder(weights: dict[str, int], total: int, expected: dict[str, int]) -> None:
    assert apportioned(weights, total) == expected


LINEAR = WorthPolicy(model="linear")
HALVES = {"a": 500_000, "b": 500_000}
ALL_A, ALL_B = {"a": 1_000_000}, {"b": 1_000_000}
NOBODY = {"unattributed": 1_000_000}


def reply(day: int, **more: object) -> bytes:
    return act(f"r{day}", "reply", day, **more)


# Replies move ann up on days 0 (attention), 2 (attraction) and 3 (affinity).
FLOWS: dict[str, tuple[list[bytes], list[dict[str, int] | None]]] = {
    "the cause itself is a touch": ([reply(0, method="a")], [ALL_A]),
    "the brand's acts are": ([out("o", "offer", 0, method="a"), reply(0)], [ALL_A]),
    "nobody": ([reply(0)], [NOBODY]),
    "since the last advance": (
        [
            reply(0, method="a"),
            reply(1, method="b"),
            reply(2),
            reply(3),
        ],
        [ALL_A, ALL_B, NOBODY],
    ),
    "by the log, not by time": (
        [reply(0, method="a"), out("o", "reply", -5, method="b"), reply(1), reply(2)],
        [ALL_A, ALL_B],
    ),
    "automated and negative acts and empty names are no touches, incentivised ones are": (
        [
            out("o", "offer", 0, method="a", automated=True),
            out("p", "reply", 0, method="a", sentiment=-0.5),
            out("q", "reply", 0, method=""),
            act("v", "impression", 0, method="b", incentivised=True),
            reply(0),
        ],
        [ALL_B],
    ),
    "an undone touch is none": (
        [
            out("o", "offer", 0, method="a"),
            undo("u", "offer", 0, direction="outbound", undoes="o", method="b"),
            reply(0),
        ],
        [NOBODY],
    ),
    "nor is one whose undo came first": (
        [undo("u", "impression", 0, undoes="v"), act("v", "impression", 0, method="a"), reply(0)],
        [NOBODY],
    ),
    "credit that is given stays": (
        [
            out("o", "offer", 0, method="a"),
            reply(0),
            undo("u", "offer", 1, direction="outbound"),
        ],
        [ALL_A],
    ),
    "of 90 days": (
        [out("o", "like", 0, method="a"), out("p", "like", 1, method="b"), reply(91)],
        [ALL_B],
    ),
    "to the millisecond": (
        [out("o", "like", 1, method="a"), out("p", "like", 1, method="b"), reply(91)],
        [HALVES],
    ),
    "the newest 64 of the log": (
        [
            *(out(f"a{n}", "like", 0, method="a") for n in range(40)),
            *(out(f"b{n}", "like", 0, method="b") for n in range(32)),
            reply(0),
        ],
        [HALVES],
    ),
    "one that was pushed out does not come back": (
        [
            *(out(f"a{n}", "like", 0, method="a") for n in range(2)),
            *(out(f"b{n}", "like", 0, method="b") for n in range(64)),
            undo("u", "like", 0, direction="outbound", undoes="b7"),
            reply(0),
        ],
        [ALL_B],
    ),
    "a lapse has no credits, and touches before it count for what comes after it": (
        [reply(0), out("o", "like", 170, method="a"), reply(200)],
        [NOBODY, None, ALL_A],
    ),
    "by a block and its end": (
        [
            reply(0, method="a"),
            act("b", "block", 1),
            out("o", "like", 1, method="b"),
            undo("u", "block", 2),
        ],
        [ALL_A, None, ALL_B],
    ),
}


def moves_of(lines: list[bytes], policy: WorthPolicy = LINEAR) -> list[WorthTransition]:
    return [m for m in worth(lines, policy=policy).transitions if m.person == "ann"]


@pytest.mark.parametrize("case", FLOWS)
def test_credits(case: str) -> None:
    lines, expected = FLOWS[case]
    assert [moved.credits for moved in moves_of(lines)] == expected


def test_an_advance_by_expiry_is_credited_without_the_act_that_comes_after() -> None:
    """Two objections of day 0 hold affinity up until they fall out on day 30."""
    lines = [act(f"c{n}", "complain", 0) for n in range(2)]
    lines += [reply(day) for day in range(1, 5)]
    lines += [out("o", "like", 9, method="a"), act("v", "impression", 40, method="b")]
    last = moves_of(lines)[-1]
    assert (last.to, last.reason, last.at_ms) == ("affinity", "expiry", at(30))
    assert last.credits == ALL_A


def test_at_a_boundary_touches_are_90_days_old_by_the_boundary() -> None:
    """When the last record came (day 68) both were young; on day 94 `a` is 93 days old, `b` 84."""
    lines = [act(f"c{n}", "complain", 64) for n in range(2)]
    lines += [reply(day) for day in range(65, 69)]
    lines += [out("o", "like", 1, method="a"), out("p", "like", 10, method="b"), clock(96)]
    last = moves_of(lines)[-1]
    assert (last.to, last.reason, last.at_ms) == ("affinity", "expiry", at(94))
    assert last.credits == ALL_B


def test_silence_and_an_own_act_give_the_same() -> None:
    lines = [act(f"c{n}", "complain", 0) for n in range(2)]
    lines += [reply(day, method="a") for day in range(1, 5)]
    walked = moves_of([*lines, clock(60)])
    assert walked == moves_of([*lines, act("v", "impression", 59, method="b")])


# --- all paths of a brand ---

# start: C1 twice, C2 once; C1: C2 or lost; C2: C3; C3: won or lost. So 1/3 win; without C1 1/6.
TEXTBOOK = [(("C1", "C2", "C3"), True), (("C1",), False), (("C2", "C3"), False)]


def test_markov_of_the_textbook() -> None:
    assert markov(TEXTBOOK) == {"C1": Fraction(1, 5), "C2": Fraction(2, 5), "C3": Fraction(2, 5)}


def test_markov_with_a_method_that_comes_again() -> None:
    """From a: again, to b, or won, 1/3 each; from b: lost. So 1/2 win, with b or without."""
    paths = [(("a", "a"), True), (("a", "b"), False)]
    assert markov(paths) == {"a": Fraction(1), "b": Fraction(0)}


def test_markov_gives_the_bridge_its_due() -> None:
    """1 of 2 wins by a alone and 1 by b and a: without a nobody, without b half."""
    paths = [(("a",), True), (("b", "a"), True)]
    assert markov(paths) == {"a": Fraction(2, 3), "b": Fraction(1, 3)}


def test_markov_of_nothing() -> None:
    assert markov([]) == markov([(("a",), False)]) == markov([((), True)]) == {}


def test_shapley_of_a_game_of_three() -> None:
    """The taxi: gains of a, b, c in the orders abc 80 0 10, acb 80 5 5, bac 24 56 10,
    bca 18 56 16, cab 15 5 70, cba 18 2 70."""
    worths = {"": 0, "a": 80, "b": 56, "c": 70, "ab": 80, "ac": 85, "bc": 72, "abc": 90}
    found = shapley_values("abc", lambda coalition: Fraction(worths["".join(sorted(coalition))]))
    assert found == {"a": Fraction(235, 6), "b": Fraction(124, 6), "c": Fraction(181, 6)}
    assert sum(found.values()) == 90


def test_shapley_of_paths() -> None:
    """Of 3 won, a gets 1 + 1/2 + 1/3, b 1/2 + 1/3, c 1/3; lost paths give nothing."""
    paths = [(("a",), True), (("b", "a", "b"), True), (("c", "b", "a"), True), (("c",), False)]
    assert shapley(paths) == {"a": Fraction(11, 18), "b": Fraction(5, 18), "c": Fraction(1, 9)}


def test_shapley_of_twelve() -> None:
    names = [f"m{n:02d}" for n in range(12)]
    assert shapley([(names, True)]) == dict.fromkeys(names, Fraction(1, 12))
    assert shapley([(names, False)]) == {}
