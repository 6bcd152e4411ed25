"""Segment (and RudderStack): `track`, `page`, `screen`, `identify`, `group`, `alias`, alone or in a
`batch`. The workspace's owner is the brand.

`originalTimestamp` is the client's clock; where the server says when it got the message, the
client's error is taken out: `receivedAt - (sentAt - originalTimestamp)`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from stream_app.adapters import times
from stream_app.adapters.accounts import OWNER
from stream_app.adapters.base import Delivery, Event, Finding, Money, Outcome, each
from stream_app.adapters.fields import Node, amount, currency
from stream_app.adapters.sentiments import of_stars

PLATFORM = "segment"
_NAMED = {
    # the names of Segment's specifications: e-commerce, email, lifecycle, mobile, live chat
    "order completed": ("purchase", "create"),
    "order refunded": ("purchase", "undo"),
    "order cancelled": ("purchase", "undo"),
    "product viewed": ("view", "create"),
    "product list viewed": ("view", "create"),
    "promotion viewed": ("view", "create"),
    "cart viewed": ("view", "create"),
    "checkout step viewed": ("view", "create"),
    "email opened": ("view", "create"),
    "product clicked": ("click", "create"),
    "promotion clicked": ("click", "create"),
    "email link clicked": ("click", "create"),
    "push notification tapped": ("click", "create"),
    "live chat message sent": ("message", "create"),
    "product shared": ("share", "create"),
    "cart shared": ("share", "create"),
    "product reviewed": ("review", "create"),
    "signed up": ("join", "create"),
    "account created": ("join", "create"),
    "account deleted": ("join", "undo"),
    "account added user": ("join", "create"),
    "account removed user": ("join", "undo"),
    "subscribed": ("subscribe", "create"),
    "unsubscribed": ("subscribe", "undo"),
    "email marked as spam": ("report", "create"),
}
_OF_GROUP = frozenset(("track(account added user)", "track(account removed user)"))
"""The same membership as that of a `group` message."""
_FORMER = {
    # names of the first version of the e-commerce specification
    "completed order": "order completed",
    "viewed product": "product viewed",
    "viewed product category": "product list viewed",
}
_GAPS = re.compile(r"[\s_-]+")
_BY_SENDER = frozenset(
    (
        "email delivered",
        "email bounced",
        "push notification received",
        "push notification bounced",
        "live chat message received",
    )
)
_SIGNS = {"$": "USD", "\u20ac": "EUR", "\u00a3": "GBP"}
_PRICE = re.compile(r"(-?)\s*([$\u20ac\u00a3]?)\s*(-?)([0-9][0-9,]*(?:\.[0-9]+)?)")

EVENTS = (
    Event("page", "view"),
    Event("screen", "view"),
    Event("track", "track", note="any other event"),
    *(Event(f"track({name})", verb, op) for name, (verb, op) in _NAMED.items()),
    Event(
        "track(delivery)", "", "ignore", "of e-mail, push and chat, and bounces: the sender's acts"
    ),
    Event("group", "join"),
    Event("delete", "", "erase"),
    Event("identify", "", "ignore", "traits"),
    Event("alias", "", "ignore", "two ids are one person: publish it to relationship.links"),
    Event("other", "", "ignore", "what is new"),
)


def read(delivery: Delivery) -> Iterator[Outcome]:
    """The findings of a message, or of all messages of a batch."""
    yield from each(delivery.parts(), _messages)


def _messages(root: Node) -> Iterator[Outcome]:
    if "batch" in root:
        yield from each(root.parts("batch"), lambda message: _message(message))
    else:
        yield _message(root)


def _name(message: Node) -> str:
    """The event's name as the specification has it, however it is written: `order_completed`."""
    said = _GAPS.sub(" ", message.text("event")).strip().lower()
    return _FORMER.get(said, said)


def _message(message: Node) -> Finding:
    kind = message.id("type")
    if kind in ("page", "screen"):
        return _finding(message, kind, "view", "create")
    if kind == "group":
        return _finding(message, kind, "join", "create")
    if kind == "track":
        name = _name(message)
        if name in _BY_SENDER:
            return _ignored(message, "track(delivery)", "no_act")
        verb, op = _NAMED.get(name, ("track", "create"))
        return _finding(message, f"track({name})" if name in _NAMED else kind, verb, op)
    if kind == "delete":
        own = _person(message)
        return Finding(native=kind, op="erase", actor=own, direction="none", id=own)
    known = kind in ("identify", "alias")
    return _ignored(message, kind if known else "other", "no_act" if known else "unknown_type")


def _ignored(message: Node, native: str, reason: str) -> Finding:
    return Finding(
        native=native,
        op="ignore",
        actor=_person(message),
        at_us=_time(message),
        direction="none",
        reason=reason,
    )


def _finding(message: Node, native: str, verb: str, op: str) -> Finding:
    own = _own_id(message)
    properties = message.child("properties")
    order = properties.first("order_id", "orderId") if verb == "purchase" else ""
    key = f"order:{order}" if order else ""
    return Finding(
        native=native,
        verb=verb,
        op=op,
        actor=_person(message),
        object=_object(message, properties, native, verb),
        at_us=_time(message),
        account=OWNER,
        id=key if key and op == "create" else own,
        key=key,
        undoes=key if op == "undo" else "",
        value=_money(properties, op) if verb == "purchase" else None,
        method=_method(message, properties),
        sentiment=_sentiment(properties) if verb == "review" else None,
    )


def _object(message: Node, properties: Node, native: str, verb: str) -> str:
    """What the act is on. Of a membership it is the same when it ends: never the message."""
    if native == "group":
        return message.text("groupId")
    if native in _OF_GROUP:
        return message.child("context").text("groupId")
    if verb in ("subscribe", "join"):
        return properties.text("list_id")
    return message.text("messageId")


def _own_id(message: Node) -> str:
    """The message's id; of one without, who did what, and when. Raises `Malformed` without both."""
    at = _time(message)
    if "messageId" in message or at is None:
        return message.id("messageId")
    what = message.first("event", "name", "groupId")
    return f"{message.text('type')}:{_person(message)}:{what}:{at // 1_000}"


def _method(message: Node, properties: Node) -> str:
    """The campaign: of the page's address, of an e-mail, of a push notification."""
    campaign = properties.raw("campaign")
    push = properties.child("campaign").text("name") if isinstance(campaign, dict) else ""
    of_page = message.child("context").child("campaign").text("name")
    return of_page or properties.text("campaign_name") or push


def _sentiment(properties: Node) -> float | None:
    """Five stars are +1, one is -1."""
    try:
        return of_stars(Decimal(str(properties.raw("rating")).strip()))
    except ArithmeticError:
        return None


def _person(message: Node) -> str:
    return message.first("userId", "anonymousId")


def _time(message: Node) -> int | None:
    sent, received = times.iso(message, "sentAt"), times.iso(message, "receivedAt")
    original = times.iso(message, "originalTimestamp")
    if sent is not None and received is not None and original is not None:
        return times.epoch(received - (sent - original), message.at("receivedAt"), 1)
    return times.iso(message, "timestamp") if original is None else original


def _money(properties: Node, op: str) -> Money | None:
    for field in ("total", "revenue", "value"):
        if field in properties:
            value, sign = _plain(properties.raw(field))
            if op == "undo" and isinstance(value, int | Decimal) and not isinstance(value, bool):
                value = abs(value)  # some write a refund as what it is to the shop
            code = properties.raw("currency") or _SIGNS.get(sign, "USD")  # the default there
            return Money(
                amount(value, properties.at(field)), currency(code, properties.at("currency"))
            )
    return None


def _plain(value: Any) -> tuple[Any, str]:
    """An amount that may be written as on a price tag (`$1,027.50`), and its sign of currency."""
    match = _PRICE.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        return value, ""
    before, sign, behind, digits = match.groups()
    return Decimal(f"{before or behind}{digits.replace(',', '')}"), sign
