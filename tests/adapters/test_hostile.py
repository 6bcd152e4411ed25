"""What mutated deliveries once broke, each in a few lines."""

from __future__ import annotations

import json
import time
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from stream_app.adapters.accounts import NO_ACCOUNTS
from stream_app.adapters.base import Finding, Refusal
from stream_app.adapters.interactions import Skip, erased, interaction
from stream_app.adapters.registry import read
from stream_app.adapters.seen import Act, Seen
from stream_app.contracts.policy import default_policy
from stream_app.contracts.reject import write_reject
from stream_app.domain.rejects import Reason, Reject

from .lane import Lane
from .mutation import Delivery
from .support import RECEIVED_MS

COMMENT = b"<comment><comment_id>1</comment_id></comment>"


def reason_of(platform: str, payload: bytes, headers: dict[str, str] | None = None) -> str:
    """Why the only thing in a delivery is refused."""
    [outcome] = read(platform, payload, headers)
    assert isinstance(outcome, Refusal), outcome
    return str(outcome.reason)


def act(**fields: Any) -> Finding:
    """A like that is in order but for these fields."""
    told = {"native": "like", "verb": "like", "actor": "1", "target": "2", "id": "3"}
    return Finding(**(told | fields))


@pytest.mark.parametrize("encoding", ["bogus", "hex", "utf-7", "undefined", "utf-16", "idna"])
def test_an_export_in_an_unknown_encoding_is_refused(encoding: str) -> None:
    payload = f'<?xml version="1.0" encoding="{encoding}"?><item/>'.encode()
    assert reason_of("wordpress", payload) == "not_json"


def test_a_document_type_does_not_hide_in_utf_16() -> None:
    text = '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE a [<!ENTITY b "c">]><item>&b;</item>'
    assert reason_of("wordpress", text.encode("utf-16")) == "not_json"


def test_an_export_takes_time_by_its_size_only() -> None:
    """It took its square: 22 s of a worker for one delivery."""
    payload = b"<item>" + b"<comment/>" * 25_000 + b"</item>"
    began = time.thread_time()
    assert len(read("wordpress", payload)) == 25_000
    assert time.thread_time() - began < 2


@pytest.mark.parametrize("platform", ["wordpress", "stumbleupon", "friendfeed"])
def test_one_endless_text_is_not_copied_into_every_item(platform: str) -> None:
    endless = "9" * 120_000
    likes = [{"from": {"id": "b"}}] * 2_500
    items = [{"type": "like", "url": "http://a.example"}] * 2_500
    payload = {
        "wordpress": f"<item><post_id>{endless}</post_id>".encode() + COMMENT * 2_500 + b"</item>",
        "stumbleupon": json.dumps({"user": endless, "items": items}).encode(),
        "friendfeed": json.dumps({"id": endless, "from": {"id": "a"}, "likes": likes}).encode(),
    }[platform]
    tracemalloc.start()
    try:
        assert len(read(platform, payload)) >= 2_500
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()


def test_a_price_times_a_count_beyond_all_digits_is_refused() -> None:
    count, cents = int("9" * 4_200), int("9" * 400)
    told = {
        "action": "purchased",
        "sender": {"id": 1},
        "marketplace_purchase": {
            "account": {"id": 1},
            "unit_count": count,
            "plan": {"monthly_price_in_cents": cents},
        },
    }
    payload = json.dumps(told).encode()
    headers = {"X-GitHub-Event": "marketplace_purchase"}
    assert reason_of("github", payload, headers) == "wrong_shape"


def test_a_sum_of_refunds_beyond_what_an_amount_is_is_refused() -> None:
    part = {"kind": "refund", "amount": "9" * 18, "currency": "EUR"}
    told = {"id": 1, "order_id": 2, "transactions": [part, part]}
    headers = {"X-Shopify-Topic": "refunds/create"}
    assert reason_of("shopify", json.dumps(told).encode(), headers) == "wrong_shape"


def test_a_corrected_clock_stays_within_the_calendar() -> None:
    told = {
        "type": "track",
        "messageId": "1",
        "userId": "2",
        "receivedAt": "9999-12-01T00:00:00Z",
        "sentAt": "0001-01-03T00:00:00Z",
        "originalTimestamp": "9999-12-01T00:00:00Z",
    }
    assert reason_of("segment", json.dumps(told).encode()) == "bad_time"


def test_a_detail_repeats_no_name_out_of_the_delivery() -> None:
    note = {
        "action": "LIKE",
        "organizationalEntity": "urn:li:organization:1",
        "decoratedGeneratedActivity": {"urn:li:person:secret": {"owner": []}},
    }
    [outcome] = read("linkedin", json.dumps({"notifications": [note]}).encode())
    assert isinstance(outcome, Refusal)
    assert "secret" not in outcome.path


def test_a_direct_event_that_is_new_is_ignored() -> None:
    message = {"sender_id": "1", "target": {"recipient_id": "2"}}
    event = {"id": "3", "type": "message_create", "message_create": message}
    payload = {"direct_message_events": [event]}
    data = {"event_type": "dm.danced", "filter": {"user_id": "2"}, "payload": payload}
    [found] = read("x", json.dumps({"data": data}).encode())
    assert isinstance(found, Finding)
    assert (found.native, found.op) == ("other", "ignore")


@pytest.mark.parametrize("item", ["like", "follow"])
def test_an_edit_of_what_cannot_be_edited_is_ignored(item: str) -> None:
    value = {"item": item, "verb": "edit", "post_id": "1_2", "sender_id": 3}
    entry = {"id": "1", "time": 1_772_000_000, "changes": [{"field": "feed", "value": value}]}
    [found] = read("facebook", json.dumps({"object": "page", "entry": [entry]}).encode())
    assert isinstance(found, Finding)
    assert (found.native, found.op) == ("other", "ignore")


@pytest.mark.parametrize(
    ("at_ms", "received_ms", "reason"),
    [
        (946_684_799_999, RECEIVED_MS, "bad_time"),
        (946_684_800_000, RECEIVED_MS, None),
        (RECEIVED_MS + 300_000, RECEIVED_MS, None),
        (RECEIVED_MS + 300_001, RECEIVED_MS, "from_the_future"),
        (RECEIVED_MS + 300_001, None, None),
        (None, -1, "bad_time"),
        (None, 2**62, "bad_time"),
        (None, RECEIVED_MS, None),
    ],
)
def test_what_the_log_would_refuse_for_its_time_is_refused_as_a_delivery(
    at_ms: int | None, received_ms: int | None, reason: str | None
) -> None:
    seen = Seen()
    found = act(at_us=None if at_ms is None else at_ms * 1_000, key="k")
    made = interaction(found, "x", NO_ACCOUNTS, received_ms, seen)
    assert (made.reason if isinstance(made, Refusal) else None) == reason
    assert (len(seen) == 0) == (reason is not None)


@pytest.mark.parametrize("person", ["a\u200db", "a\xa0b", "\u2028"])
def test_whoever_may_be_known_can_be_forgotten(person: str) -> None:
    made = interaction(act(actor=person), "x", NO_ACCOUNTS, RECEIVED_MS)
    assert isinstance(made, dict)
    assert erased(act(actor=person, op="erase"), "x") == made["person"]


def test_nobody_is_forgotten_by_no_name() -> None:
    assert erased(act(actor="", op="erase"), "x") == Skip("no_person")
    refused = erased(act(actor="a\x00b", op="erase"), "x")
    assert isinstance(refused, Refusal)
    assert refused.reason is Reason.BAD_PERSON


def test_acts_are_remembered_by_names_of_any_length() -> None:
    seen, one = Seen(), Act("1", "b", "p", "like", "inbound")
    seen.put("x", "k" * 100_000, one, RECEIVED_MS)
    assert seen.get("x", "k" * 100_000, RECEIVED_MS) == one
    assert seen.get("x", "k" * 99_999, RECEIVED_MS) is None
    assert len(seen.dump()) < 2_000


def test_a_header_without_value_and_an_endless_key_stop_nobody(tmp_path: Path) -> None:
    """Kafka has such headers; a key as long as a delivery fits no store."""
    lane = Lane(tmp_path, "wordpress", default_policy())
    told = {"id": 1, "post": "9" * 70_000, "author": 5, "link": "https://a.example/x"}
    headers: list[tuple[str, bytes | None]] = [("content-type", None)]
    lane.take([Delivery(json.dumps(told).encode(), headers, RECEIVED_MS)])
    lane.close()
    assert not lane.faults
    assert lane.counts == {"interaction": 1, "skipped": 0}


def test_the_largest_amounts_are_stored(tmp_path: Path) -> None:
    """In cents they do not fit into 64 bits, and their sum does not either."""
    lane = Lane(tmp_path, "segment", default_policy())
    told = {"type": "track", "event": "Order Completed", "userId": "5"}
    deliveries = []
    for number in range(3):
        money = {"total": "9" * 18, "currency": "EUR", "order_id": number}
        one = {**told, "messageId": str(number), "properties": money}
        deliveries.append(Delivery(json.dumps(one).encode(), [], RECEIVED_MS))
    lane.take(deliveries[:1])
    lane.take(deliveries[1:])
    lane.close()
    assert not lane.faults
    assert lane.counts["interaction"] == 3


@pytest.mark.parametrize("timestamp_ms", [-1, 253_402_300_800_000, 2**63 - 1])
def test_a_record_with_a_timestamp_that_is_no_time_can_be_refused(timestamp_ms: int) -> None:
    told = write_reject(
        Reject(Reason.EMPTY),
        topic="t",
        partition=0,
        offset=0,
        timestamp_ms=timestamp_ms,
        key=None,
        value=None,
    )
    assert json.loads(told)["source"]["timestamp"] is None
