"""E-mail events of SendGrid (an array) and Mailgun (`event-data`; at first a form), and what people
write to the brand (`mail`). The sender of the rest is the brand.

An open is weak: mail programs fetch pictures by themselves. Where the provider says that a machine
did it, it is `automated`. A delivery says nothing of what was sent, so it is no offer.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from stream_app.adapters import mail, times
from stream_app.adapters.accounts import OWNER
from stream_app.adapters.base import Delivery, Event, Finding, Outcome, each
from stream_app.adapters.fields import Malformed, Node, decode

PLATFORM = "email"
_ACTS = {
    "open": ("view", "create"),
    "opened": ("view", "create"),
    "click": ("click", "create"),
    "clicked": ("click", "create"),
    "spamreport": ("report", "create"),
    "complained": ("report", "create"),
    "unsubscribe": ("subscribe", "undo"),
    "unsubscribed": ("subscribe", "undo"),
    "group_unsubscribe": ("subscribe", "undo"),
    "group_resubscribe": ("subscribe", "create"),
}

_CAMPAIGNS = ("marketing_campaign_name", "singlesend_name", "mc_auto_name")
"""Where SendGrid names a campaign: at first, a single send, an automation."""

EVENTS = (
    *(Event(name, verb, op) for name, (verb, op) in _ACTS.items()),
    Event(mail.NATIVE, "message", note="forwarded or stored by Mailgun, parsed by SendGrid"),
    Event("other", "", "ignore", "processed, delivered, deferred, bounced, dropped, what is new"),
)


def read(delivery: Delivery) -> Iterator[Outcome]:
    """All events of a delivery."""
    value = _value(delivery.payload)
    if isinstance(value, list):
        parts = ((item, f"$[{n}]") for n, item in enumerate(value))
        yield from each(parts, lambda event: _sendgrid(event))
        return
    root = Node.of(value)
    if "event-data" in root:
        yield _mailgun(root.need("event-data"))
    elif "event" in root and "recipient" in root:
        yield _former(root)
    elif "event" in root:
        yield _sendgrid(root)
    elif mail.is_inbound(root):
        yield mail.inbound(root)
    else:
        raise Malformed("$", "an array of SendGrid's, or event-data of Mailgun's")


def _value(payload: bytes) -> Any:
    """The JSON of a payload, or the fields of a form: of an inbound message, or Mailgun's first."""
    if b"=" in payload and payload.lstrip()[:1] not in (b"{", b"[", b'"'):
        fields = mail.form(payload)
        if "event" in fields or mail.is_inbound(Node.of(fields)):
            return fields
    return decode(payload)


def _former(event: Node) -> Finding:
    """An event of Mailgun's first webhooks, which have no id."""
    name, url = event.id("event"), event.text("url")
    message = event.first("Message-Id", "message-id")
    actor, clicked = event.text("recipient"), name == "clicked"
    own = ":".join((name, actor, message, str(event.raw("timestamp")), url if clicked else ""))
    return _finding(
        event,
        name,
        actor=actor,
        object_=url if clicked else message,
        own=own.rstrip(":"),
        message=message,
        method=event.first("campaign-name", "campaign-id", "X-Mailgun-Tag", "tag"),
        automated=event.text("client-type") == "robot",
    )


def _sendgrid(event: Node) -> Finding:
    name = event.id("event")
    message = event.text("sg_message_id")
    category = event.raw("category")
    first = category[0] if isinstance(category, list) and category else category
    return _finding(
        event,
        name,
        actor=event.text("email"),
        object_=event.text("url") if name == "click" else message,
        own=event.text("sg_event_id"),
        message=message,
        method=event.first(*_CAMPAIGNS) or (first if isinstance(first, str) else ""),
        automated=event.flag("sg_machine_open"),
        group=event.text("asm_group_id"),
    )


def _mailgun(event: Node) -> Finding:
    name = event.id("event")
    head = event.child("message").child("headers")
    if name == "stored":  # what was sent to the brand
        return mail.inbound(head, times.seconds(event, "timestamp"))
    message = head.text("message-id")
    tags = [tag for tag in event.list("tags") if isinstance(tag, str)]
    return _finding(
        event,
        name,
        actor=event.text("recipient"),
        object_=event.text("url") if name == "clicked" else message,
        own=event.text("id"),
        message=message,
        method=tags[0] if tags else _campaign(event),
        automated=event.child("client-info").text("client-type") == "robot"
        or bool(event.child("client-info").text("bot")),
    )


def _campaign(event: Node) -> str:
    """The campaign of Mailgun's: an array of them, mostly empty, in older deliveries one object."""
    said = event.raw("campaigns")
    one = said[0] if isinstance(said, list) and said else said
    if isinstance(one, dict):
        return Node(one, event.at("campaigns")).first("name", "id")
    return one if isinstance(one, str) else ""


def _finding(
    event: Node,
    name: str,
    *,
    actor: str,
    object_: str,
    own: str,
    message: str,
    method: str,
    automated: bool,
    group: str = "",
) -> Finding:
    at = times.seconds(event, "timestamp")
    act = _ACTS.get(name)
    if act is None:
        return Finding(
            native="other", op="ignore", actor=actor, at_us=at, direction="none", reason="no_act"
        )
    verb, op = act
    if verb == "subscribe":
        object_ = group
    return Finding(
        native=name,
        verb=verb,
        op=op,
        actor=actor,
        object=object_,
        at_us=at,
        account=OWNER,
        id=own or f"{name}:{actor}:{message}:{event.raw('timestamp')}",
        method=method,
        automated=automated,
    )
