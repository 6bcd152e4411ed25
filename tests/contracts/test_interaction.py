"""interaction/v1 from bytes: what is read, and why the rest is refused."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_app.contracts.interaction import MAX_BYTES
from stream_app.contracts.policy import default_policy, parse_policy
from stream_app.contracts.reading import read_interaction, read_line
from stream_app.domain.events import Interaction
from stream_app.domain.money import Money
from stream_app.domain.rejects import Reject
from stream_app.domain.verbs import INBOUND_VERBS, OUTBOUND_VERBS, Kind
from tests.contracts.support import GOOD, NOW, accepted, read, record, refused


def test_every_field_arrives() -> None:
    assert accepted(
        direction="inbound",
        op="undo",
        undoes="a",
        in_reply_to="b",
        object="post/1",
        method="care",
        topics=["news", "repair"],
        sentiment=0.5,
        dwell_ms=1_200,
        value={"amount": "12.50", "currency": "EUR"},
        automated=False,
        incentivised=True,
    ) == Interaction(
        id="113998215502",
        brand="acme",
        person="mastodon:1093",
        platform="mastodon",
        verb="reply",
        inbound=True,
        undo=True,
        at_ms=NOW,
        kind=Kind.INCENTIVISED,
        undoes="a",
        object="post/1",
        method="care",
        value=Money(Decimal("12.50"), "EUR"),
        topics=("news", "repair"),
        sentiment=0.5,
    )


# One record or more for every reason that the reader gives. (`from_the_future` and `too_old`
# depend on the state: tests/domain; `unknown_account` on the policy: tests/adapters.)
REFUSED: list[tuple[str, bytes | None]] = [
    ("empty", None),
    ("empty", b""),
    ("empty", b" \t\r\n"),
    ("not_json", b"hello"),
    ("not_json", record()[:-1]),
    ("not_json", record() + b"{}"),
    ("not_json", b"{}{}"),
    ("not_json", record(sentiment="good")[:-1]),  # two faults: not JSON goes first
    ("not_json", b"\xef\xbb\xbf" + record()),
    ("not_json", record(note="?").replace(b"?", b"\xff")),
    ("not_json", record(note="?").replace(b"?", b"\\ud800")),
    ("not_json", record(note=1).replace(b": 1}", b": NaN}")),
    ("not_json", record(sentiment=float("inf"))),
    ("not_json", record(note="?").replace(b'"?"', b"[" * 100_000 + b"]" * 100_000)),
    ("too_large", record(note="n" * MAX_BYTES)),
    ("wrong_shape", b"[]"),
    ("wrong_shape", b"1"),
    ("wrong_shape", b"null"),
    ("wrong_shape", record(id=5)),
    ("wrong_shape", record(id="")),
    ("wrong_shape", record(id="i" * 201)),
    ("wrong_shape", record(brand=None)),
    ("wrong_shape", record(person=7)),
    ("wrong_shape", record(platform="Twitter")),
    ("wrong_shape", record(platform="x\n")),
    ("wrong_shape", record(verb=None)),
    ("wrong_shape", record(direction="in")),
    ("wrong_shape", record(op="delete")),
    ("wrong_shape", record(undoes="")),
    ("wrong_shape", record(in_reply_to="r" * 201)),
    ("wrong_shape", record(object="o" * 201)),
    ("wrong_shape", record(method="m" * 129)),
    ("wrong_shape", record(topics="news")),
    ("wrong_shape", record(topics=["News"])),
    ("wrong_shape", record(topics=["n"] * 17)),
    ("wrong_shape", record(sentiment=1.01)),
    ("wrong_shape", record(sentiment=True)),
    ("wrong_shape", record(dwell_ms=-1)),
    ("wrong_shape", record(dwell_ms=1.5)),
    ("wrong_shape", record(value="5 EUR")),
    ("wrong_shape", record(value={"amount": 5, "currency": "EUR"})),
    ("wrong_shape", record(value={"amount": "-5", "currency": "EUR"})),
    ("wrong_shape", record(value={"amount": "5", "currency": "eur"})),
    ("wrong_shape", record(value={"amount": "5"})),
    ("wrong_shape", record(automated="yes")),
    ("wrong_shape", record(incentivised=1)),
    ("unknown_verb", record(verb="poke")),
    ("unknown_verb", record(verb="reinforced")),
    ("unknown_verb", record(verb="Reply")),
    ("unknown_verb", record(verb="offer")),
    ("unknown_verb", record(verb="view", direction="outbound")),
    ("bad_brand", record(brand="Acme Inc.")),
    ("bad_brand", record(brand="acme/eu")),
    ("bad_brand", record(brand="acme\n")),
    ("bad_brand", record(brand="b" * 65)),
    ("bad_brand", record(brand="")),
    ("bad_person", record(person="")),
    ("bad_person", record(person="p" * 201)),
    ("bad_person", record(person="a\u0000b")),
    ("bad_person", record(person="ann\n")),
    ("bad_person", record(person="\u0085")),
    ("bad_time", record(occurred_at="yesterday")),
    ("bad_time", record(occurred_at=True)),
    ("bad_time", record(occurred_at=1.78e12)),
    ("bad_time", record(occurred_at={"ms": 1})),
    ("bad_time", record(occurred_at="1999-12-31T23:59:59Z")),
    ("bad_time", record(occurred_at=10**30)),
]


@pytest.mark.parametrize(
    ("reason", "value"), REFUSED, ids=[f"{n}-{reason}" for n, (reason, _) in enumerate(REFUSED)]
)
def test_refused(reason: str, value: bytes | None) -> None:
    assert refused(value).reason == reason


def test_a_refusal_says_where_and_what_was_expected() -> None:
    assert (
        refused(record(sentiment="good")).detail
        == "$.sentiment: Expected `float | null`, got `str`"
    )
    assert refused(record(topics=["a", 5])).detail.startswith("$.topics[1]: ")
    assert (
        refused(record(value={"amount": "1,5", "currency": "EUR"})).detail
        == "$.value.amount: Expected a decimal in a string, such as `12.50`"
    )
    assert refused(b'{"id":"1"}').detail == "$: Object missing required field `brand`"


@pytest.mark.parametrize("verb", sorted({*INBOUND_VERBS, *OUTBOUND_VERBS}))
def test_every_verb_in_its_directions(verb: str) -> None:
    inbound, outbound = read(record(verb=verb)), read(record(verb=verb, direction="outbound"))
    assert isinstance(inbound, Interaction) == (verb in INBOUND_VERBS)
    assert isinstance(outbound, Interaction) == (verb in OUTBOUND_VERBS)


OPTIONAL = [
    "direction",
    "op",
    "undoes",
    "in_reply_to",
    "object",
    "method",
    "topics",
    "sentiment",
    "dwell_ms",
    "value",
    "automated",
    "incentivised",
]


@pytest.mark.parametrize("name", OPTIONAL)
def test_null_is_absent(name: str) -> None:
    assert accepted(**{name: None}) == accepted()


def test_without_a_time_the_records_own_counts() -> None:
    assert accepted(occurred_at=None).at_ms == NOW
    bare = {name: value for name, value in GOOD.items() if name != "occurred_at"}
    found = read_interaction(json.dumps(bare).encode(), 5, default_policy())
    assert isinstance(found, Interaction)
    assert found.at_ms == 5


def test_unknown_fields_are_ignored_and_the_last_of_two_counts() -> None:
    assert accepted(lang="en", extra={"deep": [None, 1e300]}, n=10**40) == accepted()
    twice = record().replace(b'"verb"', b'"verb": "like", "verb"')
    assert read(twice) == accepted()


def test_persons_are_any_text_without_control_characters() -> None:
    for person in ("Zo\u00eb \u043f\u0430\u043d", "a/b", "\u200b", "\U0001f600" * 200, " ", "-"):
        assert accepted(person=person).person == person


def test_a_value_of_256_kib_is_read_and_a_byte_more_is_not() -> None:
    bare = len(record(note=""))
    exact = record(note="n" * (MAX_BYTES - bare))
    assert len(exact) == MAX_BYTES == 262_144
    assert read(exact) == accepted()
    assert refused(exact + b" ").reason == "too_large"


def test_huge_integers_do_no_harm() -> None:
    assert accepted(dwell_ms=10**40) == accepted()


KINDS = [
    ({}, Kind.PLAIN),
    ({"sentiment": -0.25}, Kind.PLAIN),
    ({"sentiment": -0.2500001}, Kind.NEGATIVE),
    ({"incentivised": True}, Kind.INCENTIVISED),
    ({"incentivised": True, "sentiment": -1}, Kind.NEGATIVE),
    ({"automated": True, "incentivised": True, "sentiment": -1}, Kind.AUTOMATED),
    ({"automated": False, "incentivised": False}, Kind.PLAIN),
]


@pytest.mark.parametrize(("fields", "kind"), KINDS)
def test_kind(fields: dict[str, Any], kind: Kind) -> None:
    assert accepted(**fields).kind is kind


def test_where_negative_begins_is_the_brands_own() -> None:
    policy = parse_policy("[brands.acme.sentiment]\nnegative_below = 0.5\n")
    cool = read_interaction(record(sentiment=0.4), NOW, policy)
    other = read_interaction(record(sentiment=0.4, brand="globex"), NOW, policy)
    assert isinstance(cool, Interaction)
    assert isinstance(other, Interaction)
    assert (cool.kind, other.kind) == (Kind.NEGATIVE, Kind.PLAIN)


# Lines of a file


def test_a_lines_recorded_at_is_its_records_timestamp() -> None:
    policy = default_policy()
    assert read_line(record(recorded_at=NOW + 5), policy) == (accepted(), NOW + 5)
    assert read_line(record(), policy) == (accepted(), NOW)
    assert read_line(record(occurred_at=None, recorded_at=NOW + 5), policy) == (
        accepted(occurred_at=NOW + 5),
        NOW + 5,
    )
    for fields in ({"occurred_at": None}, {"recorded_at": "soon"}, {"recorded_at": 1.5}):
        found = read_line(record(**fields), policy)
        assert isinstance(found, Reject)
        assert found.reason == "bad_time" or "recorded_at" in found.detail


# No refusal repeats what was sent

MARK = "Marker-7f3a"
FIELDS = (*GOOD, *OPTIONAL)
values = st.sampled_from(
    [
        MARK,
        f"{MARK}\n",
        MARK * 40,
        [MARK],
        [[MARK]],
        {MARK: MARK},
        {"amount": MARK, "currency": MARK},
    ]
)


@given(st.dictionaries(st.sampled_from(FIELDS), values, min_size=1), st.integers(0, 60))
@settings(max_examples=400)
def test_no_detail_repeats_a_value(changes: dict[str, Any], cut: int) -> None:
    whole = record(**changes)
    for value in (whole, whole[: len(whole) - cut]):
        found = read(value)
        if isinstance(found, Reject):
            assert "arker" not in found.detail
            line = read_line(value, default_policy())
            assert isinstance(line, Reject)
            assert "arker" not in line.detail
