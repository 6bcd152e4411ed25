"""CloudEvents 1.0 on the log: structured, binary, and what is none."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest

from stream_app.contracts.envelope import Headers, read_record
from stream_app.contracts.interaction import MAX_BYTES
from stream_app.contracts.policy import default_policy
from stream_app.domain.events import Interaction
from stream_app.domain.rejects import Reject
from tests.contracts.support import GOOD, NOW, accepted, record

STRUCTURED: Headers = [("content-type", b"application/cloudevents+json; charset=UTF-8")]
BATCH: Headers = [("content-type", b"application/cloudevents-batch+json")]
AVRO: Headers = [("content-type", b"application/cloudevents+avro")]
NOBODY = b64encode(record(person="")).decode()
NOT_SET = object()


def envelope(data: Any = NOT_SET, **more: Any) -> bytes:
    """A structured CloudEvent around a good interaction; `None` leaves an attribute out."""
    fields: dict[str, Any] = {
        "specversion": "1.0",
        "id": "ce-1",
        "source": "/shop",
        "type": "com.example.reply",
        "time": "2026-05-01T10:00:00Z",
        "datacontenttype": "application/json",
        "data": GOOD if data is NOT_SET else data,
        **more,
    }
    return json.dumps({name: value for name, value in fields.items() if value is not None}).encode()


def binary(**more: bytes | None) -> Headers:
    """The headers of a binary CloudEvent; `None` leaves one out."""
    fields = {
        "ce_specversion": b"1.0",
        "ce_id": b"ce-1",
        "ce_source": b"/shop",
        "ce_type": b"com.example.reply",
        "ce_time": b"2026-05-01T10:00:00Z",
        "content-type": b"application/json",
        **more,
    }
    return [(name, value) for name, value in fields.items() if value is not None]


def got(value: bytes | None, headers: Headers = ()) -> Interaction | Reject:
    return read_record(value, headers, NOW, default_policy())


def without(*names: str) -> dict[str, Any]:
    """A good interaction without these fields."""
    return {name: value for name, value in GOOD.items() if name not in names}


CE_TIME = 1_777_629_600_000


def test_a_bare_interaction_with_and_without_headers() -> None:
    assert got(record()) == accepted()
    assert got(record(), [("traceparent", b"00-1-2-3"), ("content-type", b"application/json")]) == (
        accepted()
    )


@pytest.mark.parametrize("headers", [(), STRUCTURED], ids=["by specversion", "by content type"])
def test_structured(headers: Headers) -> None:
    assert got(envelope(), headers) == accepted()
    in_base64 = b64encode(record()).decode()
    assert got(envelope(None, data_base64=in_base64), headers) == accepted()


@pytest.mark.parametrize("prefix", ["ce_", "ce-", "CE_"])
def test_binary(prefix: str) -> None:
    headers = [(name.replace("ce_", prefix), value) for name, value in binary()]
    assert got(record(), headers) == accepted()
    assert got(json.dumps(without("id")).encode(), headers) == accepted(id="ce-1")


@pytest.mark.parametrize("missing", [("id",), ("occurred_at",), ("id", "occurred_at")])
def test_the_envelope_stands_in_for_id_and_time(missing: tuple[str, ...]) -> None:
    expected = accepted(
        **({"id": "ce-1"} if "id" in missing else {}),
        **({"occurred_at": CE_TIME} if "occurred_at" in missing else {}),
    )
    data = without(*missing)
    assert got(envelope(data)) == expected
    assert got(json.dumps(data).encode(), binary()) == expected
    assert got(json.dumps(data, indent=1).encode() + b" \n", binary()) == expected


def test_null_is_no_time_and_a_wrong_id() -> None:
    expected = accepted(occurred_at=CE_TIME)
    assert got(envelope({**GOOD, "occurred_at": None}), STRUCTURED) == expected
    found = got(envelope({**GOOD, "id": None}))
    assert isinstance(found, Reject)
    assert found.detail == "$.data.id: Expected `str`, got `null`"


def test_what_the_data_say_goes_first() -> None:
    assert got(envelope(id="other", time="2020-01-01T00:00:00Z")) == accepted()
    assert got(record(), binary(ce_time=b"2020-01-01T00:00:00Z")) == accepted()
    assert got(envelope(time="never")) == accepted()


def test_without_any_time_the_records_own_counts() -> None:
    assert got(envelope(without("occurred_at"), time=None)) == accepted(occurred_at=NOW)
    value = json.dumps(without("occurred_at")).encode()
    assert got(value, binary(ce_time=None)) == accepted(occurred_at=NOW)


SHAPES: list[tuple[str, str, bytes | None, Headers]] = [
    ("wrong_shape", "$.specversion:", envelope(specversion="0.3"), ()),
    ("wrong_shape", "$.specversion:", envelope(specversion=1.0), ()),
    ("wrong_shape", "$.specversion:", envelope(specversion=None), STRUCTURED),
    ("wrong_shape", "$.specversion:", record(), binary(ce_specversion=b"0.3")),
    ("wrong_shape", "$.specversion:", record(), binary(ce_specversion=b"\xff")),
    ("wrong_shape", "$.data: missing", envelope(None), ()),
    ("wrong_shape", "$.data: missing", envelope(None), STRUCTURED),
    ("wrong_shape", "$.data: missing", b'{"specversion":"1.0","data":null}', ()),
    ("wrong_shape", "$.data:", envelope([GOOD]), ()),
    ("wrong_shape", "$.data:", envelope("text"), ()),
    ("wrong_shape", "$.data_base64:", envelope(None, data_base64="not base 64!"), ()),
    ("wrong_shape", "$.data_base64:", envelope(None, data_base64=5), ()),
    ("wrong_shape", "$: has `data` and", envelope(data_base64="e30="), ()),
    ("wrong_shape", "$.id:", envelope(without("id"), id=None), ()),
    ("wrong_shape", "$.id:", envelope(without("id"), id=7), ()),
    ("wrong_shape", "$.id:", json.dumps(without("id")).encode(), binary(ce_id=None)),
    ("wrong_shape", "$.data.id:", envelope(without("id"), id="i" * 201), ()),
    ("wrong_shape", "$.data:", envelope({}), ()),
    ("wrong_shape", "$.data.sentiment:", envelope({**GOOD, "sentiment": "good"}), ()),
    ("wrong_shape", "$: a batch", b"[" + envelope() + b"]", BATCH),
    ("wrong_shape", "$:", b"[" + envelope() + b"]", ()),
    ("wrong_shape", "$:", b"[" + envelope() + b"]", STRUCTURED),
    ("wrong_shape", "$: CloudEvents are", b"Obj", AVRO),
    ("bad_time", "$.time:", envelope(without("occurred_at"), time="noon"), ()),
    ("bad_time", "$.time:", envelope(without("occurred_at"), time=1_780_000_000), ()),
    ("bad_time", "$.data.occurred_at:", envelope({**GOOD, "occurred_at": "noon"}), ()),
    ("unknown_verb", "$.data.verb:", envelope({**GOOD, "verb": "poke"}), ()),
    ("bad_brand", "$.brand:", record(brand="Acme"), binary()),
    ("bad_person", "$.data_base64.person:", envelope(None, data_base64=NOBODY), ()),
    ("not_json", "", envelope()[:-1], STRUCTURED),
    ("not_json", "", envelope()[:-1], ()),
    ("not_json", "", envelope(None, data_base64="aGVsbG8="), ()),
    ("not_json", "", b"plain text", binary()),
    ("empty", "", None, binary()),
    ("empty", "", b" ", binary()),
    ("empty", "", None, STRUCTURED),
    ("too_large", "", envelope(note="n" * MAX_BYTES), STRUCTURED),
    ("too_large", "", envelope(note="n" * MAX_BYTES), ()),
    ("too_large", "", record(note="n" * MAX_BYTES), binary()),
]  # fmt: skip


@pytest.mark.parametrize(
    ("reason", "detail", "value", "headers"), SHAPES, ids=[str(n) for n in range(len(SHAPES))]
)
def test_refused(reason: str, detail: str, value: bytes | None, headers: Headers) -> None:
    found = got(value, headers)
    assert isinstance(found, Reject)
    assert found.reason == reason
    assert found.detail.startswith(detail)


def test_an_unknown_field_of_a_good_interaction_makes_no_cloudevent_of_it() -> None:
    assert got(record(specversion="1.0")) == accepted()


def test_attributes_that_nobody_needs_are_not_looked_at() -> None:
    assert got(envelope(source=None, type=None, datacontenttype=7, traceparent="x")) == accepted()
    assert got(record(), [("ce_specversion", b"1.0")]) == accepted()
