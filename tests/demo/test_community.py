"""The generated history is what the screen says it is."""

from __future__ import annotations

from collections import Counter

import orjson
import pytest

from stream_app.contracts.policy import load_policy
from stream_app.contracts.reading import read_interaction
from stream_app.contracts.times import parse_time
from stream_app.demo.check import line
from stream_app.demo.community import (
    ADS,
    ANSWERS,
    BRAND,
    DAYS,
    GIVEAWAY,
    Act,
    history,
    present,
)
from stream_app.demo.mischief import BROKEN, Sent, records
from stream_app.domain.clock import DAY_MS
from stream_app.domain.rejects import Reject
from stream_app.replay import Replay

END_MS = parse_time("2026-11-25T10:00:00Z")


@pytest.fixture(scope="session")
def acts() -> list[Act]:
    return history(1, 600, END_MS)


@pytest.fixture(scope="session")
def sent(acts: list[Act]) -> list[Sent]:
    return records(acts, 1)


def test_same_seed_same_bytes_another_seed_others(sent: list[Sent]) -> None:
    assert records(history(1, 600, END_MS), 1) == sent
    assert records(history(2, 600, END_MS), 2) != sent


def test_more_people_change_nobody_who_was_there(acts: list[Act]) -> None:
    more = history(1, 700, END_MS)
    known = {act.person for act in acts}
    assert [act for act in more if act.person in known] == acts


def test_it_spans_ninety_days_and_ends_now(acts: list[Act]) -> None:
    times = [act.at_ms for act in acts]
    assert times == sorted(times)
    assert END_MS - DAYS * DAY_MS <= times[0] < END_MS - (DAYS - 2) * DAY_MS
    assert END_MS - DAY_MS < times[-1] <= END_MS


def test_everyone_who_was_promised_is_there(acts: list[Act]) -> None:
    said = [act.fields for act in acts]
    verbs = Counter((f["verb"], f.get("direction", "inbound"), f.get("op", "create")) for f in said)
    for expected in (
        ("impression", "inbound", "create"),
        ("like", "inbound", "undo"),
        ("follow", "inbound", "undo"),
        ("subscribe", "inbound", "create"),
        ("purchase", "inbound", "undo"),
        ("complain", "inbound", "create"),
        ("block", "inbound", "create"),
        ("offer", "outbound", "create"),
        ("reply", "outbound", "create"),
    ):
        assert verbs[expected], expected
    assert {ADS, GIVEAWAY, ANSWERS} <= {f.get("method") for f in said}
    assert any(f.get("automated") for f in said)
    assert any(f.get("incentivised") for f in said)
    assert any(not act.person.isascii() for act in acts)


def test_good_records_are_valid_and_bad_ones_are_refused_for_their_reason(
    sent: list[Sent],
) -> None:
    core = Replay(load_policy(None), "test")
    found: Counter[str] = Counter()
    for one in sent:
        outcome = core.feed(line(one.value, END_MS))
        reason = outcome.reason if isinstance(outcome, Reject) else None
        assert reason == one.bad, one
        found[str(reason)] += 1
    assert all(found[reason] for reason in BROKEN)


def test_the_mischief_is_there(sent: list[Sent]) -> None:
    good = [one for one in sent if one.bad is None and one.value is not None]
    values = Counter(one.value for one in good)
    astray = [one for one in good if one.astray]
    misfiled = [one for one in good if not one.key.startswith(BRAND.encode())]
    times = [parse_time(orjson.loads(one.value or b"")["occurred_at"]) for one in good]
    late = sum(at < max(times[:n][-50:], default=0) - 60_000 for n, at in enumerate(times))
    assert sum(count - 1 for count in values.values()) > 20
    assert astray
    assert misfiled
    assert late > 20


def test_the_present_goes_on_with_the_same_people(acts: list[Act]) -> None:
    going_on = present(1, 600)
    now = [next(going_on) for _ in range(200)]
    assert len({act.fields["id"] for act in now}) == 200
    assert len({act.person for act in now} & {act.person for act in acts}) > 50
    for act in now:
        said = act.fields | {"brand": BRAND, "person": act.person, "occurred_at": END_MS}
        assert not isinstance(
            read_interaction(orjson.dumps(said), END_MS, load_policy(None)), Reject
        )
