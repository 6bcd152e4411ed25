"""What people write to the brand, as Mailgun and SendGrid pass it on."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

from stream_app.adapters.base import Finding, Outcome, Refusal
from stream_app.adapters.registry import read

from .support import found, lines_of

AT = 1772449200
FORWARDED = {
    "recipient": "help@tea.example",
    "sender": "bounce-7@far.example",
    "from": "Anna <anna@far.example>",
    "subject": "Tea = good?",
    "body-plain": "Is it & will it be?",
    "timestamp": str(AT),
    "token": "t",
    "signature": "s",
    "Message-Id": "<1@far.example>",
}
HEAD = "Received: by far\nMessage-ID: <2@far.example>\nDate: Mon, 2 Mar 2026 12:00:00 +0100\n"
PARSED = {
    "headers": HEAD,
    "from": "Anna <anna@far.example>",
    "to": "help@tea.example",
    "envelope": '{"to":["help@tea.example"],"from":"anna@far.example"}',
    "text": "event=1&recipient=x\r\n\r\nMessage-ID: <no>",
}


def in_parts(fields: dict[str, str]) -> bytes:
    parts = [
        f'--xYzZY\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    file = '--xYzZY\r\nContent-Disposition: form-data; name="from"; filename="from"\r\n\r\nx\r\n'
    return "".join([*parts, file, "--xYzZY--\r\n"]).encode()


def only(payload: bytes) -> Finding:
    (one,) = read("email", payload)
    assert isinstance(one, Finding)
    return one


@pytest.mark.parametrize("payload", [urlencode(FORWARDED).encode(), in_parts(FORWARDED)])
def test_a_message_that_mailgun_forwards(payload: bytes) -> None:
    one = only(payload)
    assert (one.native, one.verb, one.actor) == ("inbound", "message", "anna@far.example")
    assert (one.id, one.object, one.at_us) == ("1@far.example", "1@far.example", AT * 1_000_000)
    assert (one.direction, one.automated) == ("inbound", False)


@pytest.mark.parametrize(
    "fields", [PARSED, {**{k: PARSED[k] for k in ("from", "envelope")}, "email": f"{HEAD}\n\nHi"}]
)
def test_a_message_that_sendgrid_parses_has_no_time(fields: dict[str, str]) -> None:
    one = only(in_parts(fields))
    assert (one.verb, one.actor, one.id) == ("message", "anna@far.example", "2@far.example")
    assert one.time_source == "receipt"


def test_a_message_that_is_stored_and_forwarded_is_one() -> None:
    head = {"from": "Anna <anna@far.example>", "message-id": "1@far.example"}
    stored = {"event": "stored", "id": "e", "timestamp": AT + 0.5, "message": {"headers": head}}
    assert lines_of("email", [FORWARDED, {"event-data": stored}]) == [
        "create inbound message 1@far.example",
        "create inbound message 1@far.example",
    ]


@pytest.mark.parametrize(
    ("said", "automated"), [("auto-replied", True), ("auto-generated", True), ("no", False)]
)
def test_what_is_sent_while_somebody_is_away_is_automated(said: str, automated: bool) -> None:
    (one,) = found("email", {**FORWARDED, "Auto-Submitted": said})
    head = {**PARSED, "headers": f"{HEAD}Auto-Submitted: {said}\n"}
    assert one.automated == only(in_parts(head)).automated == automated


@pytest.mark.parametrize(
    ("said", "actor"),
    [
        ("anna@far.example", "anna@far.example"),
        ('"B, <Anna>" <anna@far.example>', "anna@far.example"),
        ("Anna", "bounce-7@far.example"),
        ("", "bounce-7@far.example"),
    ],
)
def test_who_it_is_from(said: str, actor: str) -> None:
    (one,) = found("email", {**FORWARDED, "from": said})
    assert one.actor == actor


def test_without_an_id_a_message_is_told_by_who_and_when() -> None:
    told: dict[str, Any] = {**FORWARDED, "Message-Id": ""}
    untold = {**told, "timestamp": ""}
    assert lines_of("email", [told, untold]) == [
        f"create inbound message inbound:anna@far.example:{AT}",
        "refused wrong_shape",
    ]


def test_many_parts_and_deep_names_cost_no_time() -> None:
    hostile = [b"--\r\n" * 60_000, b"--x\r\n" + b"<" * 200_000, in_parts({"from": "(" * 200_000})]
    for payload in hostile:
        outcomes: list[Outcome] = read("email", payload)
        assert [type(one) for one in outcomes] == [Refusal]
