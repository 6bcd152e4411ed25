"""Readable scenarios for what the contract implies and a reader easily misses."""

from __future__ import annotations

import json

import pytest

from .rescan import Rescan, rescan
from .rules import DAY

DAY_0 = 19_000
HOUR = DAY // 24


def at(when: float) -> int:
    """Milliseconds of `when` days after the start of day 0."""
    return DAY_0 * DAY + round(when * DAY)


def record(name: str, verb: str, when: float, **more: object) -> bytes:
    """One line of Ann's with the id `name`, `when` days after the start of day 0."""
    fields = {"id": name, "brand": "acme", "person": "ann", "platform": "x", "verb": verb}
    return json.dumps({**fields, "occurred_at": at(when), **more}).encode()


def undo(name: str, verb: str, when: float, **more: object) -> bytes:
    return record(name, verb, when, op="undo", **more)


def offer(name: str, when: float) -> bytes:
    return record(name, "offer", when, direction="outbound")


def clock(when: float) -> bytes:
    """Somebody else's act, which only moves the watermark (to a day before `when`)."""
    return record(f"clock{when}", "impression", when, person="zed", automated=True)


def moves(result: Rescan) -> list[str]:
    """`stage day reason cause` of each move."""
    return [
        f"{moved.to} {(moved.at_ms - DAY_0 * DAY) / DAY:g} {moved.reason} {moved.cause_id}"
        for moved in result.transitions
    ]


REPLIES = [record(f"r{n}", "reply", n) for n in range(4)]
UP = ["attention 0 evidence r0", "attraction 2 evidence r2", "affinity 3 evidence r3"]

SCENARIOS: dict[str, tuple[list[bytes], list[str]]] = {
    "a membership closed by `undoes` before its own time opens again with a later act": (
        [
            *REPLIES,
            record("f", "follow", 10),
            undo("u", "follow", 5, undoes="f"),
            record("g", "follow", 7),
        ],
        [*UP, "audience 10 membership f", "affinity 10 membership u", "audience 10 membership g"],
    ),
    "an undo without `undoes` that is older than the membership leaves it alone": (
        [*REPLIES, record("f", "follow", 10), undo("u", "follow", 5)],
        [*UP, "audience 10 membership f"],
    ),
    "of two follows, undoing the one that does not hold it open changes no membership": (
        [
            *REPLIES,
            record("f", "follow", 10),
            record("g", "follow", 11),
            undo("u", "follow", 12, undoes="f"),
        ],
        [*UP, "audience 10 membership f"],
    ),
    "an unknown act's undo without `undoes` keeps an older, later arriving follow out": (
        [*REPLIES, undo("u", "follow", 10), record("f", "follow", 9), record("g", "follow", 10)],
        [*UP, "audience 10 membership g"],
    ),
    "an act whose undo came first opens no membership, and still moves time": (
        [*REPLIES, undo("u", "follow", 4, undoes="f"), record("f", "follow", 100)],
        [*UP, "attraction 92 expiry None"],
    ),
    "an early undo is remembered while its own pane lives, 180 days": (
        [
            undo("u", "follow", 4, undoes="f"),
            undo("v", "like", 5, undoes="l"),
            record("l", "like", 184),
            record("f", "follow", 184),
        ],
        ["attention 184 membership f"],
    ),
    "an early undo of another verb is not its undo": (
        [undo("u", "like", 0, undoes="a"), record("a", "reply", 0)],
        ["attention 0 evidence a"],
    ),
    "an automated follow opens a membership": (
        [*REPLIES, record("f", "follow", 4, automated=True)],
        [*UP, "audience 4 membership f"],
    ),
    "a first event that is late is dated at the last midnight before the watermark": (
        [clock(11.5), record("a", "reply", 2)],
        ["attention 10 evidence a"],
    ),
    "the watermark is that of before the record at hand": (
        [record("a", "reply", 0), clock(300), clock(300.5)],
        ["attention 0 evidence a", "none 180 expiry None"],
    ),
    "a late event corrects the state and not the history": (
        [record("a", "reply", 0), clock(31.5), record("b", "reply", 1), record("c", "reply", 2)],
        ["attention 0 evidence a", "attraction 30 evidence c"],
    ),
    "a block by either side holds until the last is lifted; then entering is needed": (
        [
            *REPLIES,
            record("b", "block", 40),
            record("o", "block", 41, direction="outbound"),
            undo("ub", "block", 42),
            undo("uo", "block", 43, direction="outbound"),
            record("back", "reply", 44),
        ],
        [*UP, "none 40 blocked b", "affinity 44 evidence back"],
    ),
    "taking back the only act leaves nothing to hold": (
        [record("a", "click", 0), undo("u", "click", 0)],
        ["attention 0 evidence a", "none 0 undo u"],
    ),
    "an objection that falls out of its window lets the relationship advance": (
        [*(record(f"c{n}", "complain", 0) for n in range(2)), *REPLIES, clock(40)],
        [
            "attention 0 evidence c1",
            "attraction 2 evidence r2",
            "affinity 30 expiry None",
        ],
    ),
    "a refund in part leaves the purchase, the rest takes it": (
        [
            record("p", "purchase", 0, value={"amount": "10.00", "currency": "EUR"}),
            undo("u1", "purchase", 1, value={"amount": "4.00", "currency": "EUR"}),
            undo("u2", "purchase", 2, value={"amount": "7.00", "currency": "EUR"}),
        ],
        ["attention 0 evidence p", "none 2 undo u2"],
    ),
    "early refunds in part leave the purchase until they are all of it": (
        [
            undo("u1", "purchase", 1, undoes="p", value={"amount": "4.00", "currency": "EUR"}),
            undo("u3", "purchase", 1, undoes="q", value={"amount": "4.00", "currency": "EUR"}),
            undo("u2", "purchase", 2, undoes="p", value={"amount": "6.00", "currency": "EUR"}),
            record("p", "purchase", 0, value={"amount": "10.00", "currency": "EUR"}),
            record("q", "purchase", 3, value={"amount": "10.00", "currency": "EUR"}),
        ],
        ["attention 3 evidence q"],
    ),
    "a duplicate moves neither the stage nor the watermark": (
        [record("a", "reply", 0), record("a", "reply", 300), clock(2)],
        ["attention 0 evidence a"],
    ),
    "the undo may have the id of its act": (
        [record("a", "reply", 0), undo("a", "reply", 1, undoes="a")],
        ["attention 0 evidence a", "none 1 undo a"],
    ),
}


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_scenario(scenario: str) -> None:
    lines, expected = SCENARIOS[scenario]
    assert moves(rescan(lines)) == expected


def points_of_offers(*lines: bytes) -> int:
    """How many offers are answered in the end, told by the cases that occurred."""
    seen = rescan(lines).seen
    return seen["offer answered"] - seen["answer undone"]


def test_an_answer_comes_after_the_offer_and_within_7_days_to_the_millisecond() -> None:
    assert points_of_offers(offer("o", 0), record("a", "like", 7)) == 1
    assert points_of_offers(offer("o", 0), record("a", "like", 7 + 1 / DAY)) == 0
    assert points_of_offers(offer("o", 1), record("a", "like", 1)) == 1
    assert points_of_offers(offer("o", 1), record("a", "like", 1 - 1 / DAY)) == 0
    assert points_of_offers(record("a", "like", 1), offer("o", 0)) == 0
    assert points_of_offers(offer("o", 0), record("a", "impression", 1)) == 0
    assert points_of_offers(offer("o", 0), record("a", "like", 1, incentivised=True)) == 1


def test_an_undone_answer_opens_the_offer_again_unless_that_was_undone() -> None:
    start = (offer("o", 0), record("a", "like", 1), undo("ua", "like", 2, undoes="a"))
    assert points_of_offers(*start, record("b", "like", 2)) == 1
    withdrawn = undo("uo", "offer", 1, direction="outbound", undoes="o")
    assert points_of_offers(start[0], start[1], withdrawn) == 1
    assert points_of_offers(start[0], start[1], withdrawn, start[2], record("b", "like", 2)) == 0


def test_an_offer_open_again_beyond_64_pushes_out_the_oldest_which_may_be_itself() -> None:
    many = [offer(f"o{n}", 0.001 * n) for n in range(1, 65)]
    answered = [offer("o0", 0), record("a", "like", 0), *many]
    seen = rescan([*answered, undo("u", "like", 1, undoes="a"), record("b", "like", 0)]).seen
    assert seen["offer pushed out by one open again"] == 1
    assert seen["offer answered"] == 1


def test_an_offer_is_forgotten_30_days_before_as_of_to_the_millisecond() -> None:
    late = record("a", "like", 5)
    assert points_of_offers(offer("o", 0), record("now", "impression", 30), late) == 1
    assert points_of_offers(offer("o", 0), record("now", "impression", 30 + 1 / DAY), late) == 0


def test_reinforced_counts_in_the_pane_of_the_answer_under_both_caps() -> None:
    """A view has no affinity points: what there is comes of reinforcement, 2 each, 3 a day."""
    offers = [offer(f"o{day}-{n}", day) for day in range(3) for n in range(5)]
    views = [record(f"v{day}-{n}", "view", day + 0.5) for day in range(1, 4) for n in range(5)]
    assert moves(rescan([*offers, *views])) == [
        "attention 2 evidence v1-0",
        "attraction 3.5 evidence v3-0",
        "affinity 3.5 evidence v3-1",  # 6 + 6 + 4 >= 16
    ]
    # Clicks bring 6 themselves, and 6 by reinforcement: 8 at most of one day, so 8 + 8 >= 16.
    clicks = [record(f"c{day}-{n}", "click", day + 0.5) for day in range(1, 4) for n in range(5)]
    assert moves(rescan([*offers, *clicks]))[-1] == "affinity 3.5 evidence c3-0"


@pytest.mark.parametrize(
    ("first", "refused"),
    [(180, ["too_old"]), (179, [])],
)
def test_too_old_is_180_days_by_pane(first: float, refused: list[str]) -> None:
    lines = [record("a", "like", first + 0.9), record("b", "like", 0.99)]
    assert [reason for _, reason in rescan(lines).rejects] == refused
