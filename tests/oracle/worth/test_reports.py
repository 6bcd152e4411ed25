"""Rows of the method reports, worked by hand."""

from __future__ import annotations

from decimal import Decimal
from typing import cast

from .ledger import RUNGS, Report
from .lines import DAY_0, act, at, clock, cost, eur, money, out, undo
from .policy import WorthPolicy
from .rows import Rows

# Day 0 is 2022-01-08.


# --- touches and people ---


def test_touches_and_people_stay_apart() -> None:
    """Three touches, one of them of bob; one is undone: it leaves touches, not people."""
    lines = [
        act("v", "view", 0, method="ads"),
        out("o", "offer", 0.5, method="ads"),
        act("w", "view", 0.6, method="ads", person="bob"),
        undo("u", "view", 3, person="bob"),
    ]
    rows = Rows(lines)
    row = rows.day("ads", "2022-01-08")
    assert (row["touches"], row["people"]) == (2, 2)
    assert set(rows.column("touches")) == {"2022-01-08"}


def test_trailing_rows_count_a_person_once_and_end_after_29_days() -> None:
    rows = Rows([act("v", "view", 0, method="ads"), act("w", "view", 2, method="ads")])
    found = {
        cast("str", day): (row["touches"], row["people"])
        for (_, period, day), row in rows.all.items()
        if period == "trailing_30_days"
    }
    assert found["2022-01-08"] == (1, 1)
    assert found["2022-01-10"] == (2, 1)
    assert found["2022-02-06"] == (2, 1)  # day 29
    assert found["2022-02-07"] == (1, 1)
    assert max(found) == "2022-02-08"


def test_what_comes_too_late_goes_to_the_oldest_open_row() -> None:
    """A row is open for 90 days after its day, by the record's timestamp."""
    lines = [
        act("in-time", "view", 0, method="ads", recorded_at=at(90.9)),
        act("late", "view", 0, method="ads", recorded_at=at(91)),
        undo("u", "view", 100, undoes="in-time"),
    ]
    # day 0: one in time; day 1: the late one; day 10 (open on day 100): what the undo takes back
    assert Rows(lines).column("touches") == {"2022-01-08": 1, "2022-01-09": 1, "2022-01-18": -1}


# --- cost ---


def test_cost_is_exact_and_rounded_half_even_once_per_record() -> None:
    costs = [
        cost("half", 0, amount=money("0.05", "USD")),  # 0.04525: 0.05
        cost("even", 1, amount=eur("0.125")),  # 0.12
        cost("odd", 1, amount=eur("0.135")),  # 0.14
        cost("once", 2, amount=eur("0.004"), minutes=1.0),  # 0.004 + 0.8333..: 0.84, not 0.83
        cost("hour", 3, minutes=90),
    ]
    assert Rows([], costs).column("cost") == {
        "2022-01-08": "0.05",
        "2022-01-09": "0.26",
        "2022-01-10": "0.84",
        "2022-01-11": "75.00",
    }


def test_rate_is_the_latest_one_not_after_the_day() -> None:
    costs = [cost(f"c{day}", day, amount=money("10", "USD")) for day in (-1, 4.99, 5, 400)]
    rows = Rows([], costs)
    assert rows.column("cost") == {
        "2022-01-07": None,
        "2022-01-12": "9.05",
        "2022-01-13": "8.00",
        "2023-02-12": "8.00",
    }
    assert rows.column("cost_incomplete") == {
        "2022-01-07": True,
        "2022-01-12": False,
        "2022-01-13": False,
        "2023-02-12": False,
    }
    both = rows.trailing("ads", "2022-01-13")
    assert (both["cost"], both["cost_incomplete"]) == ("17.05", True)


def test_what_has_a_rate_counts_though_another_part_has_none() -> None:
    row = Rows([], [cost("c", 0, amount=money("10", "CHF"), minutes=60)]).day("ads", "2022-01-08")
    assert (row["cost"], row["cost_incomplete"]) == ("50.00", True)


def test_minutes_without_an_hourly_rate_are_incomplete() -> None:
    row = Rows([], [cost("c", 0, minutes=60)], policy=WorthPolicy()).day("ads", "2022-01-08")
    assert (row["cost"], row["cost_incomplete"]) == (None, True)


def test_costs_count_once_and_an_undo_takes_back_exactly() -> None:
    costs = [
        cost("early", 0, op="undo", undoes="c"),
        cost("a", 0, amount=money("0.05", "USD")),
        cost("a", 3, amount=eur("7")),  # the same record again, whatever it says
        cost("b", 0, amount=eur("1.10")),
        cost("c", 0, amount=eur("100")),
        cost("d", 0, amount=money("1", "CHF")),
        cost("u", 7, op="undo", undoes="b"),
        cost("w", 7, op="undo", undoes="b"),
        cost("x", 7, op="undo", undoes="d"),
    ]
    rows = Rows([], costs)
    assert rows.column("cost") == {"2022-01-08": "0.05"}
    assert rows.column("cost_incomplete") == {"2022-01-08": False}


def test_a_cost_that_is_all_undone_is_not_known() -> None:
    costs = [cost("b", 0, amount=eur("1.10")), cost("u", 7, op="undo", undoes="b")]
    assert Rows([], costs).column("cost") == {"2022-01-08": None}


def test_a_late_invoice_and_a_late_undo_go_to_open_rows() -> None:
    costs = [
        cost("c", 0, amount=eur("10"), recorded_at=at(95)),
        cost("u", 120, op="undo", undoes="c"),
    ]
    rows = Rows([], costs)
    assert rows.column("cost") == {"2022-01-13": "10.00", "2022-02-07": "-10.00"}
    assert rows.trailing("ads", "2022-02-07")["cost"] == "0.00"


# --- value ---


def test_value_goes_to_the_method_that_the_purchase_names() -> None:
    lines = [
        out("o", "offer", 0, method="care"),
        act("p", "purchase", 1, method="ads", value=money("10.01", "USD")),  # 9.05905
    ]
    rows = Rows(lines)
    assert rows.column("value") == {"2022-01-09": "9.06"}
    assert rows.column("value", "care") == {"2022-01-08": None, "2022-01-09": None}


def test_value_goes_over_the_touches_not_later_than_the_purchase() -> None:
    """10.00 over three: 3.34 to the first by name; `late` is later than the purchase."""
    lines = [
        out("a", "offer", 0, method="ads"),
        out("b", "offer", 0, method="care"),
        act("r", "reply", 0, method="blog"),
        out("c", "offer", 3, method="late"),
        act("p", "purchase", 1, value=eur("10")),
    ]
    rows = Rows(lines)
    assert rows.column("value") == {"2022-01-09": "3.34", "2022-01-08": None}
    assert rows.day("blog", "2022-01-09")["value"] == "3.33"
    assert rows.day("care", "2022-01-09")["value"] == "3.33"
    assert ("late", "day", "2022-01-09") not in rows.all


def test_value_of_nobody() -> None:
    lines = [
        act("p", "purchase", 1, value=eur("10")),
        act("q", "purchase", 1, value=money("10", "CHF")),
        act("r", "purchase", 1),
    ]
    row = Rows(lines).day("unattributed", "2022-01-09")
    assert (row["value"], row["value_incomplete"]) == ("10.00", True)


def test_refunds_take_back_from_where_it_went() -> None:
    """10.00 is 6.67 and 3.33; of 5.00 back 3.335 and 1.665: the cent of the tie by name."""
    bought = [
        out("a", "offer", 0, method="ads"),
        out("b", "offer", 0, method="ads"),
        out("c", "offer", 0, method="care"),
        act("p", "purchase", 1, value=eur("10")),
    ]
    half = undo("u", "purchase", 2, undoes="p", value=eur("5"))
    rest = undo("w", "purchase", 3, undoes="p")
    assert Rows(bought).column("value")["2022-01-09"] == "6.67"
    after = Rows([*bought, half])
    assert after.column("value")["2022-01-09"] == "3.33"  # 3.34 back
    assert after.column("value", "care")["2022-01-09"] == "1.67"  # 1.66 back
    gone = Rows([*bought, half, rest])
    assert gone.column("value")["2022-01-09"] is None
    assert gone.column("value", "care")["2022-01-09"] is None


def test_refunds_at_the_purchases_rate_end_at_nothing() -> None:
    """The rate of day 0, not of the refunds; what rounding leaves goes back with the last."""
    lines = [
        act("p", "purchase", 0, method="ads", value=money("0.06", "USD")),  # 0.0543: 0.05
        *(
            undo(f"u{n}", "purchase", 6 + n, undoes="p", value=money("0.02", "USD"))  # 0.0181: 0.02
            for n in range(3)
        ),
    ]
    found = [Rows(lines[:end]).column("value")["2022-01-08"] for end in range(1, 5)]
    assert found == ["0.05", "0.03", "0.01", None]


def test_a_late_refund_goes_to_the_oldest_open_row() -> None:
    lines = [
        act("p", "purchase", 0, method="ads", value=eur("10")),
        undo("u", "purchase", 100, undoes="p", value=eur("4")),
    ]
    assert Rows(lines).column("value") == {"2022-01-08": "10.00", "2022-01-18": "-4.00"}


def test_an_early_refund_leaves_the_rest() -> None:
    lines = [
        undo("u", "purchase", 0, undoes="p", value=eur("4")),
        act("p", "purchase", 0, method="ads", value=eur("10")),
    ]
    row = Rows(lines).day("ads", "2022-01-08")
    assert (row["value"], row["touches"]) == ("6.00", 1)


def test_return_is_value_over_cost() -> None:
    lines = [act("p", "purchase", 0, method="ads", value=eur("10"))]
    costs = [cost("c", 0, amount=eur("4")), cost("d", 1, amount=eur("4"))]
    rows = Rows(lines, costs)
    assert rows.column("return") == {"2022-01-08": 2.5, "2022-01-09": 0.0}
    assert rows.trailing("ads", "2022-01-09")["return"] == 1.25
    assert Rows(lines).column("return") == {"2022-01-08": None}
    assert Rows(lines, [cost("c", 0, amount=eur("0"))]).column("return") == {"2022-01-08": None}


def test_yen_have_no_minor_units() -> None:
    policy = WorthPolicy(reporting="JPY", rates={"EUR": [(DAY_0, Decimal("150.5"))]})
    row = Rows([], [cost("c", 0, amount=eur("0.33"))], policy).day("ads", "2022-01-08")
    assert row["cost"] == "50"  # 49.665


# --- advances ---


def credits_of(**stages: tuple[int, int]) -> dict[str, dict[str, int]]:
    """`won` and `regained` by stage, in whole advances."""
    return {
        stage: {
            "won": stages.get(stage, (0, 0))[0] * 1_000_000,
            "regained": stages.get(stage, (0, 0))[1] * 1_000_000,
        }
        for stage in RUNGS
    }


REPLIES = [act(f"r{day}", "reply", day, method="ads") for day in range(4)]


def test_won_by_day_and_over_thirty_days() -> None:
    rows = Rows(REPLIES, [cost("c", 0, amount=eur("10"))])
    assert rows.day("ads", "2022-01-08")["advances"] == credits_of(attention=(1, 0))
    assert rows.day("ads", "2022-01-10")["advances"] == credits_of(attraction=(1, 0))
    last = rows.trailing("ads", "2022-01-11")
    assert last["advances"] == credits_of(attention=(1, 0), attraction=(1, 0), affinity=(1, 0))
    assert last["cost_per_advance"] == {
        "attention": "10.00",
        "attraction": "10.00",
        "affinity": "10.00",
        "audience": None,
    }
    assert rows.day("ads", "2022-01-10")["cost_per_advance"] == dict.fromkeys(RUNGS)


def test_several_rungs_at_once_count_each_and_again_is_regained() -> None:
    lines = [*REPLIES, act("b", "block", 10), undo("u", "block", 11, method="ads")]
    lines += [out("o", "like", 10.5, method="care")]
    lines.sort(key=lambda line: b'"op"' in line)  # the touch of care comes before the lifting
    rows = Rows(lines)
    regained = credits_of(attention=(0, 1), attraction=(0, 1), affinity=(0, 1))
    assert rows.day("care", "2022-01-19")["advances"] == regained


def test_cost_per_advance_needs_one_whole_advance() -> None:
    """Half of each of two advances: day 0 alone is too little, both together are one."""
    lines = [
        out("a", "like", 0, method="ads"),
        act("r", "reply", 0, method="care"),
        out("b", "like", 1, method="ads", person="bob"),
        act("s", "reply", 1, method="care", person="bob"),
    ]
    rows = Rows(lines, [cost("c", 0, amount=eur("10")), cost("d", 1, amount=eur("5.01"))])
    half = {"won": 500_000, "regained": 0}
    assert cast("dict[str, object]", rows.day("ads", "2022-01-08")["advances"])["attention"] == half
    assert rows.day("ads", "2022-01-08")["cost_per_advance"] == dict.fromkeys(RUNGS)
    both = cast("dict[str, object]", rows.trailing("ads", "2022-01-09")["cost_per_advance"])
    assert both["attention"] == "15.01"


def test_lapses_are_in_no_report() -> None:
    rows = Rows([act("r", "reply", 0, method="ads")], until=400)
    assert set(rows.column("touches")) == {"2022-01-08", "2022-05-08"}  # day 120: the survival


def test_quality_is_a_credit_weighted_mean() -> None:
    """Ann's overall: trust 1.5 / 2.5, sincerity 1: (0.6 * 0.25)^1/4. Bob's with half the credit."""
    lines = [
        act("r", "reply", 0, method="ads"),
        out("b", "like", 0, method="care", person="bob"),
        act("s", "endorse", 0, method="ads", person="bob"),
        act("t", "impression", 0, method="ads", person="cid"),
        act("w", "impression", 0, method="ads", person="cid"),
        act("x", "impression", 0, method="ads", person="cid"),
    ]
    ann = round((0.6 * 0.25) ** 0.25, 6)
    bob = round((0.8 * 0.25) ** 0.25, 6)
    rows = Rows(lines)
    assert rows.day("care", "2022-01-08")["quality"] == bob
    found = rows.day("ads", "2022-01-08")
    assert found["advances"] == {
        **credits_of(),
        "attention": {"won": 2_500_000, "regained": 0},  # cid's counts, but has no overall
    }
    quality = found["quality"]
    assert isinstance(quality, float)
    assert abs(quality - (ann + bob / 2) / 1.5) < 1e-9


# --- survival ---


def survived(row: Report) -> dict[str, tuple[int, int]]:
    found = cast("dict[str, dict[str, int]]", row["survival"])
    return {
        stage: (part["survived"] // 1_000_000, part["decided"] // 1_000_000)
        for stage, part in found.items()
        if part["decided"]
    }


def test_survival_is_decided_when_day_120_begins() -> None:
    """Affinity of day 3 is cold on day 123, attention of day 0 still lasts on day 120."""
    rows = Rows(REPLIES, until=123)
    assert survived(rows.day("ads", "2022-05-08")) == {"attention": (1, 1)}
    assert survived(rows.day("ads", "2022-05-10")) == {"attraction": (1, 1)}
    assert survived(rows.day("ads", "2022-05-11")) == {"affinity": (0, 1)}
    assert survived(rows.trailing("ads", "2022-05-11")) == {
        "attention": (1, 1),
        "attraction": (1, 1),
        "affinity": (0, 1),
    }
    until = Rows(REPLIES, until=122.9)
    assert ("ads", "day", "2022-05-11") not in until.all


def test_later_corrections_do_not_change_what_is_decided() -> None:
    """Silence has decided day 123; shares of days 80 and 81 would have kept affinity."""
    late = act("s", "share", 80, recorded_at=at(130))
    again = act("t", "share", 81, recorded_at=at(130))
    in_time = [*REPLIES, late, again, clock(130)]
    too_late = [*REPLIES, clock(130), late, again]
    assert survived(Rows(in_time).day("ads", "2022-05-11")) == {"affinity": (1, 1)}
    assert survived(Rows(too_late).day("ads", "2022-05-11")) == {"affinity": (0, 1)}


def test_each_rung_of_one_advance_has_its_own_survival() -> None:
    lines = [*REPLIES, act("b", "block", 10), undo("u", "block", 11)]
    rows = Rows(lines, until=140)
    assert survived(rows.day("unattributed", "2022-05-19")) == {
        "attention": (1, 1),
        "attraction": (0, 1),
        "affinity": (0, 1),
    }
