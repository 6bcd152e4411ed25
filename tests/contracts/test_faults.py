"""Details of refusals are sentences: no pattern, no name of a class, and never empty."""

from __future__ import annotations

import pytest

from stream_app.contracts.cost import read_cost
from stream_app.contracts.erasure import read_erasure
from stream_app.contracts.faults import json_fault
from stream_app.contracts.link import read_link
from stream_app.contracts.policy_record import read_policy
from stream_app.domain.rejects import Reason, Reject
from tests.contracts.support import record, refused

DEEP = b"[" * 100_000
CUT = [
    (b'{"id": "1", "brand": "acme"', "Input data was truncated"),
    (b'{"id": "1" "brand"}', "JSON is malformed: expected ',' or '}' (byte 11)"),
    (b'{"id": "\xff"}', "not UTF-8 (byte 8)"),
    (b'{"id": 5, "brand": ', "Input data was truncated"),
    (b'{"id": "1", "note": ' + DEEP, "nested too deep"),
]


@pytest.mark.parametrize(("value", "detail"), CUT, ids=range(len(CUT)))
def test_what_is_not_json_says_where(value: bytes, detail: str) -> None:
    found = refused(value)
    assert (found.reason, found.detail) == (Reason.NOT_JSON, detail)
    assert json_fault(value) == detail


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"brand": "Acme Inc."}, "$.brand: Expected a slug (a-z, 0-9, "),
        ({"person": "a\nb"}, "$.person: Expected text without control characters"),
        ({"platform": "My Space"}, "$.platform: Expected a slug (a-z, 0-9, "),
        ({"topics": ["fine", "Not"]}, "$.topics[1]: Expected a slug (a-z, 0-9, "),
        ({"value": {"amount": "1", "currency": "eur"}}, "$.value.currency: Expected a currency in"),
    ],
)
def test_a_pattern_is_told_in_words(changes: dict[str, object], detail: str) -> None:
    assert refused(record(**changes)).detail.startswith(detail)


@pytest.mark.parametrize(
    "value", [b"{", b"\xff", b"[]", b'{"brand": "A b", "person": "\\n"}', DEEP]
)
def test_other_topics_say_it_alike(value: bytes) -> None:
    for found in (
        read_cost(value, 0),
        read_link(value, 0),
        read_erasure(value),
        read_policy(value),
    ):
        assert isinstance(found, Reject)
        assert found.detail
        assert "regex" not in found.detail
        assert "Error" not in found.detail


def test_every_brand_has_its_own_word() -> None:
    found = read_erasure(b'{"brand": "A b", "person": "web:1"}')
    assert isinstance(found, Reject)
    assert found.detail.startswith("$.brand: Expected a slug (")
    assert found.detail.endswith("or `*`")
