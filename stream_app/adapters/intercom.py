"""Intercom notifications: the old shape (`user`) and the new (`source`, `contacts`).

The workspace (`app_id`) is the brand. Each part of a conversation is an act of its own, with its
own time; the notification's time is a little later.
"""

from __future__ import annotations

from collections.abc import Iterator

from stream_app.adapters import times
from stream_app.adapters.base import Delivery, Event, Finding, Outcome
from stream_app.adapters.fields import Node

PLATFORM = "intercom"
_WRITTEN = {
    # topic: (written by a person?, the start of a conversation?)
    "conversation.user.created": (True, True),
    "conversation.user.replied": (True, False),
    "conversation.admin.single.created": (False, True),
    "conversation.admin.replied": (False, False),
}
_TICKETS = {
    # topic: written by a person?
    "ticket.contact.replied": True,
    "ticket.admin.replied": False,
}
_GRANULAR = {"granular.subscribe": "create", "granular.unsubscribe": "undo"}
_OTHERS = {
    # written by a person?: types of authors that are not
    True: frozenset(("admin", "bot", "team")),
    False: frozenset(("user", "lead", "contact", "visitor")),
}
_CONTACTS = {
    "user.unsubscribed": ("subscribe", "undo"),
    "contact.unsubscribed": ("subscribe", "undo"),
    "contact.subscribed": ("subscribe", "create"),
    "contact.signed_up": ("join", "create"),
    "visitor.signed_up": ("join", "create"),
}

EVENTS = (
    *(Event(name, "message") for name in _WRITTEN),
    Event("conversation.rating.added", "review", note="sentiment from the rating, 1 to 5"),
    Event("ticket.created", "message"),
    *(Event(name, "message") for name in _TICKETS),
    Event("event.created", "track"),
    *(Event(name, "subscribe", op, "each type on its own") for name, op in _GRANULAR.items()),
    *(Event(name, verb, op) for name, (verb, op) in _CONTACTS.items()),
    Event("user.deleted", "", "erase"),
    Event("contact.deleted", "", "erase"),
    Event("other", "", "ignore", "notes, assignments, states, tags, updates, what is new"),
)


def read(delivery: Delivery) -> Iterator[Outcome]:
    """The findings of one notification."""
    root = delivery.json()
    topic, item = root.id("topic"), root.child("data").child("item")
    if topic in _WRITTEN:
        yield _message(root, item, topic)
    elif topic in _TICKETS:
        yield _ticket(root, item, topic)
    elif topic in _GRANULAR:
        yield from _granular(root, item, topic)
    elif topic == "conversation.rating.added":
        yield _rating(root, item, topic)
    elif topic in ("ticket.created", "event.created"):
        verb = "message" if topic.startswith("ticket") else "track"
        actor = _contact(item) or item.text("intercom_user_id")
        own = item.text("id") or root.id("id")
        yield _finding(root, topic, verb, "create", actor, own, item)
    elif topic in _CONTACTS:
        verb, op = _CONTACTS[topic]
        contact = item.child("contact") or item
        own = root.id("id")
        yield _finding(root, topic, verb, op, contact.text("id"), own, Node({}, ""))
    elif topic in ("user.deleted", "contact.deleted"):
        own = item.id("id")
        at = times.seconds(root, "created_at")
        yield Finding(native=topic, op="erase", actor=own, at_us=at, direction="none", id=own)
    else:
        at = times.seconds(root, "created_at")
        yield Finding(native="other", op="ignore", at_us=at, direction="none", reason="no_act")


def _finding(
    root: Node, topic: str, verb: str, op: str, actor: str, own: str, item: Node
) -> Finding:
    at = times.seconds(item, "created_at")
    app = root.id("app_id")
    return Finding(
        native=topic,
        verb=verb,
        op=op,
        actor=actor,
        target=app,
        object="" if verb in ("subscribe", "join") else own,
        at_us=at if at is not None else times.seconds(root, "created_at"),
        account=app,
        id=own,
    )


def _message(root: Node, item: Node, topic: str) -> Finding:
    inbound, start = _WRITTEN[topic]
    app, conversation = root.id("app_id"), item.id("id")
    parts = list(item.child("conversation_parts").nodes("conversation_parts"))
    said = item.child("conversation_message") or item.child("source")
    # A reply is the newest part of that side (a bot may have been faster than the notification);
    # where a delivery has none, the conversation stands in.
    theirs = [one for one in parts if _author_type(one) not in _OTHERS[inbound]]
    part = theirs[-1] if theirs and not start else None
    author = (part or said).child("author").text("id")
    person = _contact(item)
    own = part.id("id") if part is not None else conversation
    return Finding(
        native=topic,
        verb="message",
        actor=(author or person) if inbound else author,
        target=app if inbound else person,
        object=own,
        at_us=times.seconds(part if part is not None else item, "created_at"),
        direction="inbound" if inbound else "outbound",
        account=app,
        id=f"part:{own}" if part is not None else f"conversation:{own}",
        in_reply_to=f"conversation:{conversation}" if part is not None else "",
    )


def _author_type(part: Node) -> str:
    return part.child("author").text("type")


def _ticket(root: Node, item: Node, topic: str) -> Finding:
    inbound, part, ticket = _TICKETS[topic], item.need("ticket_part"), item.child("ticket")
    app, own, person = root.id("app_id"), part.id("id"), _contact(ticket) or _contact(item)
    author = part.child("author").text("id")
    at = times.seconds(part, "created_at")
    return Finding(
        native=topic,
        verb="message",
        actor=(author or person) if inbound else author,
        target=app if inbound else person,
        object=own,
        at_us=at if at is not None else times.seconds(root, "created_at"),
        direction="inbound" if inbound else "outbound",
        account=app,
        id=f"part:{own}",
        in_reply_to=ticket.text("id"),
    )


def _granular(root: Node, item: Node, topic: str) -> Iterator[Finding]:
    """One membership for each type of subscription that is named."""
    contact = item.child("contact") or item
    named = [one.text("id") for one in item.child("subscription_types").nodes("data")]
    for own in named or [""]:
        yield Finding(
            native=topic,
            verb="subscribe",
            op=_GRANULAR[topic],
            actor=contact.text("id"),
            target=root.id("app_id"),
            object=own,
            at_us=times.seconds(root, "created_at"),
            account=root.id("app_id"),
            id=f"{root.id('id')}:{own}" if own else root.id("id"),
        )


def _rating(root: Node, item: Node, topic: str) -> Finding:
    rating = item.child("conversation_rating")
    stars = rating.raw("rating")
    fair = isinstance(stars, int) and not isinstance(stars, bool) and 1 <= stars <= 5
    app, own = root.id("app_id"), item.id("id")
    at = times.seconds(rating, "created_at")
    return Finding(
        native=topic,
        verb="review",
        actor=_contact(item) or rating.child("contact").text("id"),
        target=app,
        object=own,
        at_us=at if at is not None else times.seconds(root, "created_at"),
        account=app,
        id=f"rating:{own}",
        sentiment=(stars - 3) / 2 if fair else None,
    )


def _contact(item: Node) -> str:
    """The person of a conversation or a ticket."""
    old = item.child("user").text("id")
    if old:
        return old
    for contact in item.child("contacts").nodes("contacts"):
        return contact.text("id")
    return item.child("contact").text("id")
