"""Segment (and RudderStack): `track`, `page`, `screen`, `identify`, `group`, `alias`, alone or in a
`batch`. The workspace's owner is the brand.

`originalTimestamp` is the client's clock; where the server says when it got the message, the
client's error is taken out: `receivedAt - (sentAt - originalTimestamp)`.
"""

from __future__ import annotations

from collections.abc import Iterator

from stream_app.adapters import times
from stream_app.adapters.accounts import OWNER
from stream_app.adapters.base import Delivery, Event, Finding, Money, Outcome, each
from stream_app.adapters.fields import Node, amount, currency

PLATFORM = "segment"
_NAMED = {
    # the names of Segment's e-commerce, email and lifecycle specifications
    "order completed": ("purchase", "create"),
    "order refunded": ("purchase", "undo"),
    "order cancelled": ("purchase", "undo"),
    "product viewed": ("view", "create"),
    "product list viewed": ("view", "create"),
    "promotion viewed": ("view", "create"),
    "email opened": ("view", "create"),
    "product clicked": ("click", "create"),
    "promotion clicked": ("click", "create"),
    "email link clicked": ("click", "create"),
    "product shared": ("share", "create"),
    "cart shared": ("share", "create"),
    "product reviewed": ("review", "create"),
    "signed up": ("join", "create"),
    "account created": ("join", "create"),
    "account deleted": ("join", "undo"),
    "subscribed": ("subscribe", "create"),
    "unsubscribed": ("subscribe", "undo"),
    "email marked as spam": ("report", "create"),
}

EVENTS = (
    Event("page", "view"),
    Event("screen", "view"),
    Event("track", "track", note="any other event"),
    *(Event(f"track({name})", verb, op) for name, (verb, op) in _NAMED.items()),
    Event("group", "join"),
    Event("delete", "", "erase"),
    Event("identify", "", "ignore", "traits"),
    Event("alias", "", "ignore", "two ids are one person: publish it to relationship.links"),
    Event("other", "", "ignore", "what is new"),
)


def read(delivery: Delivery) -> Iterator[Outcome]:
    """The findings of a message, or of all messages of a batch."""
    root = delivery.json()
    if "batch" in root:
        yield from each(root.parts("batch"), lambda message: _message(message))
    else:
        yield _message(root)


def _message(message: Node) -> Finding:
    kind = message.id("type")
    if kind in ("page", "screen"):
        return _finding(message, kind, "view", "create")
    if kind == "group":
        return _finding(message, kind, "join", "create")
    if kind == "track":
        name = message.text("event").strip().lower()
        verb, op = _NAMED.get(name, ("track", "create"))
        return _finding(message, f"track({name})" if name in _NAMED else kind, verb, op)
    if kind == "delete":
        own = _person(message)
        return Finding(native=kind, op="erase", actor=own, direction="none", id=own)
    known = kind in ("identify", "alias")
    return Finding(
        native=kind if known else "other",
        op="ignore",
        actor=_person(message),
        at_us=_time(message),
        direction="none",
        reason="no_act" if known else "unknown_type",
    )


def _finding(message: Node, native: str, verb: str, op: str) -> Finding:
    own = message.id("messageId")
    properties = message.child("properties")
    order = properties.text("order_id") if verb == "purchase" else ""
    key = f"order:{order}" if order else ""
    return Finding(
        native=native,
        verb=verb,
        op=op,
        actor=_person(message),
        object=message.text("groupId") if native == "group" else own,
        at_us=_time(message),
        account=OWNER,
        id=key if key and op == "create" else own,
        key=key,
        value=_money(properties) if verb == "purchase" else None,
        method=message.child("context").child("campaign").text("name"),
    )


def _person(message: Node) -> str:
    return message.first("userId", "anonymousId")


def _time(message: Node) -> int | None:
    sent, received = times.iso(message, "sentAt"), times.iso(message, "receivedAt")
    original = times.iso(message, "originalTimestamp")
    if sent is not None and received is not None and original is not None:
        return times.epoch(received - (sent - original), message.at("receivedAt"), 1)
    return times.iso(message, "timestamp") if original is None else original


def _money(properties: Node) -> Money | None:
    for field in ("total", "revenue", "value"):
        if field in properties:
            code = properties.raw("currency") or "USD"  # the specification's default
            return Money(
                amount(properties.raw(field), properties.at(field)),
                currency(code, properties.at("currency")),
            )
    return None
