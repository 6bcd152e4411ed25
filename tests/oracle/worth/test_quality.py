"""The formulas of quality, with numbers worked by hand."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest

from .lines import DAY_0, act, at, eur, money, out, undo
from .policy import WorthPolicy
from .quality import burstiness, overall, quality
from .run import worth

POLICY = WorthPolicy(topics={"acme": ("a", "b")}, rates={"USD": [(DAY_0, Decimal("0.5"))]})

Case = tuple[list[bytes], float | None]


def measured(part: str, lines: list[bytes], when: float, policy: WorthPolicy = POLICY) -> object:
    """One part of ann's quality `when` days after the start of day 0."""
    (ann,) = worth(lines, policy=policy).relationships
    return quality(ann.known(), at(when), policy)[part]


# All at day 90: an act of day 0 is worth half.
TRUST: dict[str, Case] = {
    "a purchase: 3 of 4": ([act("p", "purchase", 90)], 0.75),
    "half of one: 2 of 3": ([act("p", "purchase", 0)], 0.666667),
    "half a purchase and a complaint: 2 of 5": (
        [act("p", "purchase", 0), act("c", "complain", 90)],
        0.4,
    ),
    "half a complaint: 1 of 3": ([act("c", "complain", 0)], 0.333333),
    "a dislike and a report: 1 of 7": ([act("d", "dislike", 90), act("r", "report", 90)], 0.142857),
    "a share, a reply, a follow: 3.5 of 4.5": (
        [act("s", "share", 90), act("r", "reply", 90), act("f", "follow", 90)],
        0.777778,
    ),
    "contribute and endorse: 6 of 7": (
        [act("c", "contribute", 90), act("e", "endorse", 90)],
        0.857143,
    ),
    "incentivised, 0.3 of 3: 1.9 of 2.9": (
        [act("e", "endorse", 90, incentivised=True)],
        0.655172,
    ),
    "incentivised complaint, 0.3 of 2: 1 of 2.6": (
        [act("c", "complain", 90, incentivised=True)],
        0.384615,
    ),
    "incentivised purchase, fully": ([act("p", "purchase", 90, incentivised=True)], 0.75),
    "automated: nothing known": ([act("e", "endorse", 90, automated=True)], None),
    "a like: nothing known": ([act("l", "like", 90)], None),
    "negative endorsement, 3 bad: 1 of 5": ([act("e", "endorse", 90, sentiment=-0.5)], 0.2),
    "negative reply, 0.5 bad: 1 of 2.5": ([act("r", "reply", 90, sentiment=-0.5)], 0.4),
    "negative like, 0.5 bad: 1 of 2.5": ([act("l", "like", 90, sentiment=-0.5)], 0.4),
    "negative complaint, its own 2: 1 of 4": ([act("c", "complain", 90, sentiment=-1)], 0.25),
    "negative and incentivised is negative: 1 of 5": (
        [act("e", "endorse", 90, sentiment=-1, incentivised=True)],
        0.2,
    ),
    "review 0.75: 2.5 of 3.5": ([act("r", "review", 90, sentiment=0.75)], 0.714286),
    "review -0.5: 1 of 3": ([act("r", "review", 90, sentiment=-0.5)], 0.333333),
    "review -0.1: 1 of 2.2": ([act("r", "review", 90, sentiment=-0.1)], 0.454545),
    "review without sentiment": ([act("r", "review", 90)], None),
    "review 0": ([act("r", "review", 90, sentiment=0)], None),
    "the brand's reply": ([out("r", "reply", 90)], None),
    "the brand's resolve: 2 of 3": ([out("r", "resolve", 90)], 0.666667),
    "the brand's automated resolve": ([out("r", "resolve", 90, automated=True)], None),
    "an answered offer, the view itself nothing: 2 of 3": (
        [out("o", "offer", 89), act("v", "view", 90)],
        0.666667,
    ),
    "the answer undone": (
        [out("o", "offer", 89), act("v", "view", 90), undo("u", "view", 90, undoes="v")],
        None,
    ),
    "the offer undone, its reinforcement stays": (
        [out("o", "offer", 89), act("v", "view", 90), undo("u", "offer", 90, direction="outbound")],
        0.666667,
    ),
    "an undone endorsement": ([act("e", "endorse", 90), undo("u", "endorse", 90)], None),
    "a refund in part, 2 good and 2 bad": (
        [act("p", "purchase", 90, value=eur("10")), undo("u", "purchase", 90, value=eur("4"))],
        0.5,
    ),
    "two refunds of one purchase count once": (
        [
            act("p", "purchase", 90, value=eur("10")),
            undo("u", "purchase", 90, value=eur("4")),
            undo("w", "purchase", 90, value=eur("4")),
        ],
        0.5,
    ),
    "at its first: half of 2 bad": (
        [
            act("p", "purchase", 0, value=eur("10")),
            undo("u", "purchase", 0, value=eur("4")),
            undo("w", "purchase", 90, value=eur("4")),
        ],
        0.5,
    ),
    "a full refund: no good, 2 bad": ([act("p", "purchase", 90), undo("u", "purchase", 90)], 0.25),
    "a full refund before its purchase": (
        [undo("u", "purchase", 90, undoes="p"), act("p", "purchase", 90)],
        0.25,
    ),
    "a membership that is ended: no good, 2 bad": (
        [act("f", "join", 0), undo("u", "join", 90)],
        0.25,
    ),
    "half of it, when ended at day 0": ([act("f", "join", 0), undo("u", "join", 0)], 0.333333),
    "ended and begun again: 1 good": (
        [act("f", "join", 0), undo("u", "join", 0), act("g", "join", 90)],
        0.666667,
    ),
    "an end without a beginning": ([undo("u", "join", 90)], 0.25),
    "the person's block, half of 8: 1 of 6": ([act("b", "block", 0)], 0.166667),
    "blocks on two platforms: 1 of 18": (
        [act("b", "block", 90), act("c", "block", 90, platform="web")],
        0.055556,
    ),
    "a block that is lifted": ([act("b", "block", 0), undo("u", "block", 90)], None),
    "the brand's block": ([out("b", "block", 90)], None),
    "older than a pane still counts: 1.5 of 2.5": (
        [act("p", "purchase", -90)],
        0.6,
    ),
}


@pytest.mark.parametrize("case", TRUST)
def test_trust(case: str) -> None:
    lines, expected = TRUST[case]
    assert measured("trust", lines, 90) == expected


def test_decay_goes_on_beyond_the_panes() -> None:
    """900 days are ten half-lives: 2 / 1024 good."""
    expected = round((2 / 1024 + 1) / (2 / 1024 + 2), 6)
    assert measured("trust", [act("p", "purchase", 0)], 900) == expected == 0.500488


SINCERITY: dict[str, Case] = {
    "plain": ([act("r", "reply", 90)], 1.0),
    "anger is real": ([act("c", "complain", 90, sentiment=-1)], 1.0),
    "incentivised": ([act("s", "share", 90, incentivised=True)], 0.3),
    "4 of 4.25": ([act("r", "reply", 90), act("v", "view", 90, automated=True)], 0.941176),
    "4 of 4 and half of 4": (
        [act("r", "reply", 0, automated=True), act("s", "reply", 90)],
        0.666667,
    ),
    "automated only": ([act("r", "reply", 90, automated=True)], 0.0),
    "the brand alone, one of two": ([out("o", "offer", 90), out("r", "reply", 90)], 0.5),
    "the brand alone, a half of one and a half": (
        [out("r", "reply", 0), out("o", "offer", 90)],
        0.333333,
    ),
    "the brand's automated reply is none": (
        [out("m", "reply", 90, automated=True), out("r", "reply", 90)],
        0.5,
    ),
    "offers only": ([out("o", "offer", 90)], 0.0),
    "both, 0.3 and 0.5: 0.3 of 0.8": (
        [
            out("o", "offer", 90),
            out("r", "reply", 90),
            act("s", "share", 90, incentivised=True),
        ],
        0.375,
    ),
    "both, one of them 0": ([out("o", "offer", 90), act("s", "share", 90)], 0.0),
    "blocks aside": ([out("b", "block", 90), act("c", "block", 90)], None),
    "undone": ([act("s", "share", 90), undo("u", "share", 90)], None),
}


@pytest.mark.parametrize("case", SINCERITY)
def test_sincerity(case: str) -> None:
    lines, expected = SINCERITY[case]
    assert measured("sincerity", lines, 90) == expected


def every(hours: float, times: int, start: float = 0.05) -> list[bytes]:
    return [act(f"v{n}", "view", start + n * hours / 24) for n in range(times)]


RHYTHM: dict[str, tuple[list[bytes], float]] = {
    "20 views every 4 hours": (every(4, 20), 0.5),
    "19 are too few": (every(4, 19), 1.0),
    "20, one undone": ([*every(4, 20), undo("u", "view", 4, undoes="v3")], 1.0),
    "exact midnights are no rhythm": (every(24, 30, start=0), 1.0),
    "midnights aside, they are": (every(24, 20, start=0.5) + every(24, 20, start=0)[5:6], 0.5),
    "the newest 64 decide": (
        [*every(0.1, 5), *(act(f"w{n}", "view", 3 + n / 6 + 0.01) for n in range(64))],
        0.5,
    ),
    "with only 63 after a break of weeks": (
        [*every(0.1, 5), *(act(f"w{n}", "view", 43 + n / 6 + 0.01) for n in range(63))],
        1.0,
    ),
}


@pytest.mark.parametrize("case", RHYTHM)
def test_suspect(case: str) -> None:
    lines, expected = RHYTHM[case]
    assert measured("sincerity", lines, 60) == expected


@pytest.mark.parametrize(
    ("times", "expected"),
    [([0, 5, 10, 15], -1.0), ([0, 1, 3], -0.5), ([0, 0, 4], 0.0), ([7, 7, 7], None)],
)
def test_burstiness(times: list[int], expected: float | None) -> None:
    assert burstiness(times) == expected


COMMON_VALUES: dict[str, Case] = {
    "one of the two declared": ([act("v", "view", 90, topics=["a"])], 0.707107),
    "both": ([act("v", "view", 90, topics=["a", "b"])], 1.0),
    "one, and another": ([act("v", "view", 90, topics=["a", "c"])], 0.5),
    "others only": ([act("v", "view", 90, topics=["c"])], 0.0),
    "0.5 and 1: 1.5 / sqrt(1.25 * 2)": (
        [act("v", "view", 0, topics=["a"]), act("w", "view", 90, topics=["b"])],
        0.948683,
    ),
    "twice in one act is once": ([act("v", "view", 90, topics=["a", "a", "c"])], 0.5),
    "incentivised counts in full": (
        [
            act("v", "view", 90, topics=["a"], incentivised=True),
            act("w", "view", 90, topics=["c"]),
        ],
        0.5,
    ),
    "automated": ([act("v", "view", 90, topics=["a"], automated=True)], None),
    "negative": ([act("v", "view", 90, topics=["a"], sentiment=-1)], None),
    "the brand's own": ([out("r", "reply", 90, topics=["a"])], None),
    "no topics": ([act("v", "view", 90)], None),
}


@pytest.mark.parametrize("case", COMMON_VALUES)
def test_common_values(case: str) -> None:
    lines, expected = COMMON_VALUES[case]
    assert measured("common_values", lines, 90) == expected


def test_common_values_need_declared_topics() -> None:
    lines = [act("v", "view", 90, topics=["a"])]
    assert measured("common_values", lines, 90, WorthPolicy()) is None


# ln 11 = 2.397895, ln 7 = 1.945910, ln 6 = 1.791759
VALUE: dict[str, Case] = {
    "1 given, 2 received: 2/3 (1 - e^-0.3)": (
        [out("r", "reply", 90), act("s", "share", 90)],
        0.172788,
    ),
    "halves of them: 2/3 (1 - e^-0.15)": ([out("r", "reply", 0), act("s", "share", 0)], 0.092861),
    "3 given, ln 11 received": (
        [out("r", "resolve", 90), act("p", "purchase", 90, value=eur("10"))],
        round(2 * 2.397895 / 5.397895 * (1 - math.exp(-0.5397895)), 6),
    ),
    "after a refund in part, ln 7": (
        [
            out("r", "resolve", 90),
            act("p", "purchase", 90, value=eur("10")),
            undo("u", "purchase", 90, value=eur("4")),
        ],
        round(2 * 1.945910 / 4.945910 * (1 - math.exp(-0.4945910)), 6),
    ),
    "in the reporting currency, ln 6": (
        [out("r", "resolve", 90), act("p", "purchase", 90, value=money("10", "USD"))],
        round(2 * 1.791759 / 4.791759 * (1 - math.exp(-0.4791759)), 6),
    ),
    "without a rate": (
        [out("r", "resolve", 90), act("p", "purchase", 90, value=money("10", "CHF"))],
        None,
    ),
    "without a value": ([out("r", "resolve", 90), act("p", "purchase", 90)], None),
    "an automated purchase": (
        [out("r", "resolve", 90), act("p", "purchase", 90, value=eur("10"), automated=True)],
        None,
    ),
    "an answered offer 2, the share 2: 1 - e^-0.4": (
        [out("o", "offer", 90), act("s", "share", 90)],
        0.32968,
    ),
    "an offer of day 83 that is answered on day 90": (
        [out("o", "offer", 83), act("s", "share", 90)],
        round(
            2
            * (2 * 2 ** (-7 / 90))
            / (2 * 2 ** (-7 / 90) + 2)
            * (1 - math.exp(-(2 * 2 ** (-7 / 90) + 2) / 10)),
            6,
        ),
    ),
    "an open offer is nothing yet": ([out("o", "offer", 80), act("s", "share", 90)], None),
    "given only": ([out("r", "resolve", 90)], None),
    "received only": ([act("s", "share", 90)], None),
    "8 given, 10 received: 16/18 (1 - e^-1.8)": (
        [
            out("r", "resolve", 90),
            out("q", "resolve", 90),
            out("m", "message", 90),
            out("n", "reply", 90),
            act("e", "endorse", 90),
            act("c", "contribute", 90),
            act("w", "review", 90),
        ],
        0.741957,
    ),
}


@pytest.mark.parametrize("case", VALUE)
def test_value_exchanged(case: str) -> None:
    lines, expected = VALUE[case]
    assert measured("value_exchanged", lines, 90) == expected


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([None, 1.0, 1.0, 1.0], None),
        ([0.75, 1.0, None, None], 0.658037),  # 0.1875 ^ 1/4
        ([0.5, None, None, None], 0.5),
        ([0.8, 0.0, None, None], 0.316228),  # (0.8 * 0.05 * 0.25) ^ 1/4 = 0.01 ^ 1/4
        ([0.05, 0.01, 0.0, 0.03], 0.05),
        ([1.0, 1.0, 1.0, 1.0], 1.0),
    ],
)
def test_overall(parts: list[float | None], expected: float | None) -> None:
    found = overall(parts, parts[0])
    assert (found if found is None else round(found, 6)) == expected


def test_a_transition_has_the_quality_of_its_own_time() -> None:
    """An endorsement lifts to attention; 30 days of silence do not change that it was known."""
    lines = [act("e", "endorse", 0), act("c", "impression", 400, person="zed")]
    up, down = [moved for moved in worth(lines).transitions if moved.person == "ann"]
    assert up.quality["trust"] == 0.8  # 4 of 5
    assert (down.at_ms - at(0), down.reason) == (180 * 86_400_000, "expiry")
    assert down.quality["trust"] == round(1.75 / 2.75, 6)  # a quarter of 3
