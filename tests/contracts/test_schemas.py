"""The schemas on disk are those of the code, and say what the code does."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_app.contracts.interaction import InteractionV1
from stream_app.contracts.policy import default_policy
from stream_app.contracts.reject import write_reject
from stream_app.contracts.schemas import DIALECT, TOPICS, write_all
from stream_app.contracts.times import format_time
from stream_app.domain.events import Interaction
from stream_app.domain.rejects import Reject
from stream_app.domain.verbs import INBOUND_VERBS, OUTBOUND_VERBS
from stream_app.replay import Replay
from tests.contracts.support import read, record
from tests.oracle.histories import history

SCHEMAS = Path(__file__).parents[2] / "schemas"
FILES = sorted(path.relative_to(SCHEMAS) for path in SCHEMAS.glob("*/examples/*.json"))


@cache
def validator(topic: str) -> jsonschema_rs.Draft202012Validator:
    schema = json.loads((SCHEMAS / topic / "v1.json").read_text("utf-8"))
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True)


def test_they_are_what_the_code_makes_of_the_types(tmp_path: Path) -> None:
    """If this fails: python -m stream_app.contracts.schemas."""
    made = {path.relative_to(tmp_path): path for path in write_all(tmp_path, SCHEMAS)}
    topics = {
        path for path in SCHEMAS.glob("*/**/*.json") if path.parts[-2] in (*TOPICS, "examples")
    }
    assert set(made) == {path.relative_to(SCHEMAS) for path in topics}
    for name, path in made.items():
        assert (SCHEMAS / name).read_text("utf-8") == path.read_text("utf-8"), name


@pytest.mark.parametrize("topic", TOPICS)
def test_a_schema_is_one_and_names_no_host(topic: str) -> None:
    schema = json.loads((SCHEMAS / topic / "v1.json").read_text("utf-8"))
    assert schema["$schema"] == DIALECT
    assert jsonschema_rs.meta.is_valid(schema)
    assert schema["$id"] == f"urn:rapport:schema:{topic}:v1"
    assert schema["title"] == f"{topic}/v1"
    assert schema["description"]
    assert len(schema["examples"]) == 3
    assert "(?!" not in json.dumps(schema)
    assert set(schema["properties"]) == {
        field.encode_name for field in msgspec.structs.fields(TOPICS[topic])
    }


@pytest.mark.parametrize("file", FILES, ids=str)
def test_every_example_is_valid(file: Path) -> None:
    validator(file.parts[0]).validate(json.loads((SCHEMAS / file).read_text("utf-8")))


def test_each_topic_has_examples_of_every_sort() -> None:
    by_topic = {topic: [file for file in FILES if file.parts[0] == topic] for topic in TOPICS}
    assert all(len(files) >= 3 for files in by_topic.values())
    reasons = [
        json.loads((SCHEMAS / file).read_text())["reason"] for file in by_topic["transition"]
    ]
    assert {"evidence", "membership", "undo", "blocked", "expiry"} <= set(reasons)


NEGATIVE: list[dict[str, Any]] = [
    {"id": ""},
    {"id": "i" * 201},
    {"id": 5},
    {"id": None},
    {"brand": "Acme"},
    {"brand": "acme\n"},
    {"brand": "b" * 65},
    {"person": "a\u0000b"},
    {"person": "ann\n"},
    {"person": ""},
    {"platform": "X"},
    {"verb": "poke"},
    {"verb": "offer"},
    {"verb": "view", "direction": "outbound"},
    {"direction": "sideways"},
    {"op": "delete"},
    {"occurred_at": "2026-05-01T10:00:00"},
    {"occurred_at": "2026-05-01T24:00:00Z"},
    {"occurred_at": 946_684_799_999},
    {"occurred_at": 253_402_300_800_000},
    {"occurred_at": 1.5},
    {"occurred_at": True},
    {"undoes": ""},
    {"in_reply_to": 7},
    {"object": "o" * 201},
    {"method": "m" * 129},
    {"topics": ["News"]},
    {"topics": ["n"] * 17},
    {"sentiment": 1.1},
    {"dwell_ms": -1},
    {"value": {"amount": 5, "currency": "EUR"}},
    {"value": {"amount": "5", "currency": "EURO"}},
    {"value": {"amount": "5\n", "currency": "EUR"}},
    {"value": {"currency": "EUR"}},
    {"automated": 1},
]


@pytest.mark.parametrize("change", NEGATIVE, ids=str)
def test_schema_and_reader_both_refuse(change: dict[str, Any]) -> None:
    value = record(**change)
    assert isinstance(read(value), Reject)
    assert not validator("interaction").is_valid(json.loads(value))


@pytest.mark.parametrize("name", ["id", "brand", "person", "platform", "verb"])
def test_both_refuse_what_lacks_a_field(name: str) -> None:
    fields = json.loads(record())
    del fields[name]
    assert isinstance(read(json.dumps(fields).encode()), Reject)
    assert not validator("interaction").is_valid(fields)


# For each field of the type: what it may hold, and what it may not but perhaps does.
slug = st.from_regex(r"\A[a-z0-9][a-z0-9._-]{0,63}\Z")
text = st.text(st.characters(codec="utf-8"), max_size=210)
times = st.one_of(
    st.integers(946_684_800_000, 253_402_300_799_999),
    st.integers(946_684_800_000, 253_402_300_799_999).map(format_time),
    st.integers(-5, 10**14),
    st.sampled_from(("2026-05-01t10:00:00.5+05:30", "2026-05-01T10:00:00", "noon", "2026-05-01")),
)
junk = st.one_of(st.none(), st.booleans(), st.integers(), st.just(-2.5), st.just([]), text)
SPACE: dict[str, st.SearchStrategy[Any]] = {
    "id": text,
    "brand": slug | text,
    "person": text,
    "platform": slug | text,
    "verb": st.sampled_from(sorted({*INBOUND_VERBS, *OUTBOUND_VERBS, "reinforced", "poke"})),
    "direction": st.sampled_from(("inbound", "outbound", "both")),
    "op": st.sampled_from(("create", "undo", "delete")),
    "occurred_at": times,
    "undoes": text,
    "in_reply_to": text,
    "object": text,
    "method": text,
    "topics": st.lists(slug | text, max_size=18),
    "sentiment": st.floats(-1.5, 1.5) | st.integers(-2, 2),
    "dwell_ms": st.integers(-5, 2**70),
    "value": st.fixed_dictionaries(
        {
            "amount": st.from_regex(r"\A[0-9]{1,19}(\.[0-9]{0,10})?\n?\Z"),
            "currency": st.sampled_from(("EUR", "USD", "eur", "EURO", "\u20ac")),
        }
    ),
    "automated": st.booleans(),
    "incentivised": st.booleans(),
}
REQUIRED = ("id", "brand", "person", "platform", "verb")


@st.composite
def wire_interactions(draw: Any) -> dict[str, Any]:
    """Fields as a publisher may send them: mostly right, one or two of them wild."""
    wild = draw(st.sets(st.sampled_from(sorted(SPACE)), max_size=2))
    fields: dict[str, Any] = json.loads(record())
    for name in draw(st.sets(st.sampled_from(sorted(SPACE)), max_size=8)) | wild:
        fields[name] = draw(junk if name in wild and draw(st.booleans()) else SPACE[name])
    return fields


def test_the_generator_knows_every_field() -> None:
    assert set(SPACE) == {field.name for field in msgspec.structs.fields(InteractionV1)}


@given(wire_interactions())
@settings(max_examples=600)
def test_reader_and_schema_agree(fields: dict[str, Any]) -> None:
    accepted = isinstance(read(json.dumps(fields).encode()), Interaction)
    assert validator("interaction").is_valid(fields) == accepted


def test_what_only_the_reader_can_tell() -> None:
    """The schema knows no calendar where formats are not checked, and no record's timestamp."""
    value = record(occurred_at="2026-02-30T00:00:00Z")
    loose = json.loads((SCHEMAS / "interaction" / "v1.json").read_text("utf-8"))
    assert jsonschema_rs.is_valid(loose, json.loads(value), validate_formats=False)
    assert isinstance(read(value), Reject)


@pytest.mark.slow
def test_all_that_replay_writes_is_valid() -> None:
    replay = Replay(default_policy(), "test", 4)
    transition, reject = validator("transition"), validator("reject")
    counted = {"transition": 0, "reject": 0}
    for number, line in enumerate(history(3)):
        answer = replay.feed(line)
        if isinstance(answer, Reject):
            written = write_reject(
                answer,
                topic="history.jsonl",
                partition=0,
                offset=number,
                timestamp_ms=None,
                key=None,
                value=line,
            )
            reject.validate(json.loads(written))
            counted["reject"] += 1
        else:
            for move in answer:
                transition.validate(json.loads(move))
                counted["transition"] += 1
    for move in replay.finish():
        transition.validate(json.loads(move))
    assert counted["transition"] > 300
    assert counted["reject"] > 50
