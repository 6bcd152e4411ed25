"""Journals, sketches and stored methods, piece by piece."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_app.contracts.panes import NewerFormatError
from stream_app.contracts.people import Sketch, sketch_of
from stream_app.domain.costs import KnownCost
from stream_app.domain.ledger import Journal
from stream_app.domain.reports import Method
from stream_app.domain.rows import Row
from stream_app.edge import pages
from tests.methods.compare import policy_of, replayed
from tests.oracle.worth.lines import act, cost, eur
from tests.oracle.worth.policy import DEFAULT

DAY_MS = 86_400_000


@pytest.mark.parametrize("count", [0, 1, 37, 3_000, 20_000, 150_000])
def test_people_within_two_percent_in_any_order(count: int) -> None:
    names = [f"person-{number}" for number in range(count)]
    counts = set()
    for seed in (1, 2):
        random.Random(seed).shuffle(names)
        sketch = Sketch()
        size = max(1, count // (7 * seed))
        for first in range(0, count, size):
            sketch.add(sketch_of(names[first : first + size]) or b"")
        counts.add(sketch.count())
        assert Sketch(sketch.stored()).count() == sketch.count()
        assert len(sketch.stored()) < 20_000
    [found] = counts
    assert abs(found - count) <= 0.02 * count


def test_people_are_not_to_be_read_from_a_sketch() -> None:
    assert b"person" not in (sketch_of([f"person-{number}" for number in range(9)]) or b"")


def test_methods_beyond_the_limit_are_other() -> None:
    journal = Journal(method_limit=2)
    names = ("ads", "care", "blog", "other", "unattributed", "ads", "late")
    told = [journal.method("acme", name) for name in names]
    assert told == ["ads", "care", "other", "other", "unattributed", "ads", "other"]
    assert journal.method("globex", "blog") == "blog"
    assert journal.grown == {"acme", "globex"}


def test_a_midnight_is_closed_by_the_record_that_took_the_watermark_there() -> None:
    journal = Journal()
    for day, recorded_day in ((100, 100), (110, 300), (120, 300), (250, 301), (305, 306)):
        journal.passed(day, recorded_day * DAY_MS)
    found = {day: journal.midnight_day(day) for day in (99, 100, 105, 120, 121, 230, 260, 300)}
    assert found == {99: 99, 100: 100, 105: 210, 120: 210, 121: 211, 230: 230, 260: 260, 300: 300}
    journal.oldest = 400
    assert journal.midnight_day(305) == 305
    assert journal.midnight_day(306) == 400  # beyond the watermark: the record at hand


STEPS = st.lists(st.tuples(st.integers(1, 60), st.integers(0, 200)), max_size=40)


@given(STEPS)
@settings(max_examples=200)
def test_runs_say_what_a_list_of_all_days_says(steps: list[tuple[int, int]]) -> None:
    journal, closed = Journal(), dict[int, int]()
    day = 1_000
    journal.passed(day, day * DAY_MS)
    for forward, late in steps:
        for passed in range(day + 1, day + forward + 1):
            closed[passed] = max(passed, day + late - 90)
        journal.passed(day + forward, (day + late) * DAY_MS)
        day += forward
    assert {passed: journal.midnight_day(passed) for passed in closed} == closed


def test_pages_are_stored_by_the_days_that_changed() -> None:
    page = pages.Page(Method("acme", "ads"))
    stored: dict[bytes, Any] = {}
    for day in (20_000, 20_001):
        page.method.add(day, Row(touches=day), sketch_of([f"p{day}", "q"]), Sketch)
    page.unpublished.add(20_001)
    stored.update(pages.dump(page))
    assert len(stored) == 3
    loaded = pages.load(stored[b""], stored.get)
    assert isinstance(loaded, pages.Page)
    assert loaded.waits
    assert loaded.unpublished == {20_001}
    assert loaded.method.days[20_000].row == page.method.days[20_000].row
    assert loaded.method.days[20_001].people.count() == 2
    loaded.method.add(20_001, Row(touches=1), None, Sketch)
    assert len(list(pages.dump(loaded))) == 2
    known = KnownCost(created=True, booked=True, method="ads", day=7, minor=12)
    [(_, head)] = pages.dump(known)
    assert head is not None
    assert pages.load(head, {}.get) == known
    with pytest.raises(NewerFormatError):
        pages.load(b"C\x09" + head[2:], {}.get)


def test_money_of_any_size_is_exact() -> None:
    """Eighteen digits before the point and nine behind it, at a rate of twelve digits."""
    value = {"amount": "999999999999999999.999999999", "currency": "EUR"}
    lines = [act("p", "purchase", 0, method="ads", value=value)]
    costs = [cost("c", 0, amount=eur("999999999999999999.994999999"))]
    _, rows, _ = replayed(lines, costs, policy=policy_of(DEFAULT))
    assert rows[0]["value"] == "1000000000000000000.00"
    assert rows[0]["cost"] == "999999999999999999.99"
