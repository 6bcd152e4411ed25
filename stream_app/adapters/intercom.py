"""Intercom notifications: the old shape (`user`) and the new (`source`, `contacts`).

The workspace (`app_id`) is the brand. Each part of a conversation is an act of its own, with its
own time; the notification's time is a little later.
"""

from __future__ import annotations

from collections.abc import Iterator

from stream_app.adapters import times
from stream_app.adapters.base import Delivery, Event, Finding, Outcome
from stream_app.adapters.fields import Node, whole
from stream_app.adapters.sentiments import of_stars

PLATFORM = "intercom"
_WRITTEN = {
    # topic: (written by a person?, the start of a conversation?)
    "conversation.user.created": (True, True),
    "conversation.user.replied": (True, False),
    "conversation.admin.single.created": (False, True),
    "conversation.admin.replied": (False, False),
    "conversation.operator.replied": (False, False),
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
_BOTS = frozenset(("conversation.operator.replied",))
_STATS = {
    # what somebody did with an e-mail, a post, a banner, a tour, ... of the company's
    "open": ("view", "create"),
    "click": ("click", "create"),
    "button_tap": ("click", "create"),
    "reaction": ("like", "create"),
    "answer": ("track", "create"),
    "completion": ("track", "create"),
    "reply": ("message", "create"),
    "keyword_reply": ("message", "create"),
    "collected_email": ("lead", "create"),
    "spam_complaint": ("report", "create"),
    "unsubscribe": ("subscribe", "undo"),
}
_REPLIES = frozenset(("reply", "keyword_reply"))
_CONTACTS = {
    "user.unsubscribed": ("subscribe", "undo"),
    "contact.unsubscribed": ("subscribe", "undo"),
    "user.unsubscribed_from_sms": ("subscribe", "undo"),
    "contact.unsubscribed_from_sms": ("subscribe", "undo"),
    "contact.subscribed": ("subscribe", "create"),
    "contact.signed_up": ("join", "create"),
    "contact.lead.signed_up": ("join", "create"),
    "visitor.signed_up": ("join", "create"),
    "contact.added_email": ("lead", "create"),
    "contact.lead.added_email": ("lead", "create"),
}

_COUNTED = "counted by its conversation"

EVENTS = (
    *(
        Event(name, "message", note="by a bot: automated" if name in _BOTS else "")
        for name in _WRITTEN
    ),
    Event("conversation_part.redacted", "message", "delete", "whose part it was"),
    Event("conversation.deleted", "message", "delete", "the person from what was seen"),
    Event("conversation.rating.added", "review", note="sentiment from the rating, 1 to 5"),
    Event("conversation.read", "view", note="by the person"),
    *(
        Event(f"content_stat({name})", verb, op, _COUNTED if name in _REPLIES else "")
        for name, (verb, op) in _STATS.items()
    ),
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
    elif topic == "conversation_part.redacted":
        yield from _redacted(root, item, topic)
    elif topic == "conversation.deleted":
        yield _deleted(root, item, topic)
    elif topic == "conversation.rating.added":
        yield _rating(root, item, topic)
    elif topic == "conversation.read":
        yield _read(root, item, topic)
    elif topic.startswith("content_stat."):
        yield _stat(root, item)
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
        yield _nothing(root)


def _nothing(root: Node) -> Finding:
    at = times.seconds(root, "created_at")
    return Finding(native="other", op="ignore", at_us=at, direction="none", reason="no_act")


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
        object=own if verb in ("message", "track") else _channel(topic),
        at_us=at if at is not None else times.seconds(root, "created_at"),
        account=app,
        id=own,
    )


def _channel(topic: str) -> str:
    """What a membership is of, where it is not of everything."""
    return "sms" if topic.endswith("_from_sms") else ""


def _message(root: Node, item: Node, topic: str) -> Finding:
    inbound, start = _WRITTEN[topic]
    app, conversation = root.id("app_id"), item.id("id")
    said = item.child("conversation_message") or item.child("source")
    part = None if start else _reply(item, inbound, topic)
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
        key=f"conversation:{conversation}" if start else "",
        in_reply_to=f"conversation:{conversation}" if part is not None else "",
        automated=topic in _BOTS,
    )


def _parts(item: Node) -> list[Node]:
    return list(item.child("conversation_parts").nodes("conversation_parts"))


def _author_type(part: Node) -> str:
    return part.child("author").text("type")


def _reply(item: Node, inbound: bool, topic: str) -> Node | None:
    """The newest part of that side: others may have been faster than the notification, and some
    parts only say what happened to the conversation, or are notes. None: it stands in itself."""
    theirs = [one for one in _parts(item) if _author_type(one) not in _OTHERS[inbound]]

    def said(one: Node) -> tuple[bool, bool]:
        by_bot = _author_type(one) == "bot"
        text = bool(one.raw("body")) and one.text("part_type") != "note"
        return by_bot == (topic in _BOTS), text

    return max(reversed(theirs), key=said, default=None)


def _redacted(root: Node, item: Node, topic: str) -> Iterator[Finding]:
    app, person = root.id("app_id"), _contact(item)
    for part in _parts(item):
        if part.raw("redacted") is False:
            continue
        own, author = part.id("id"), part.child("author").text("id")
        inbound = _author_type(part) in _OTHERS[False]
        yield Finding(
            native=topic,
            verb="message",
            op="delete",
            actor=(author or person) if inbound else author,
            target=app if inbound else person,
            object=own,
            at_us=times.seconds(root, "created_at"),
            direction="inbound" if inbound else "outbound",
            account=app,
            id=f"part:{own}",
            undoes=f"part:{own}",
        )


def _deleted(root: Node, item: Node, topic: str) -> Finding:
    own = item.first("conversation_id", "id") or item.id("conversation_id")
    key = f"conversation:{own}"
    return Finding(
        native=topic,
        verb="message",
        op="delete",
        target=root.id("app_id"),
        object=own,
        at_us=times.seconds(root, "created_at"),
        account=root.id("app_id"),
        id=key,
        key=key,
        undoes=key,
    )


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
        sentiment=of_stars(stars) if whole(stars) else None,
    )


def _read(root: Node, item: Node, topic: str) -> Finding:
    own, at = item.id("id"), times.seconds(root, "created_at")
    return Finding(
        native=topic,
        verb="view",
        actor=_contact(item),
        target=root.id("app_id"),
        object=own,
        at_us=at,
        account=root.id("app_id"),
        id=f"read:{own}:{root.text('id') or at}",
    )


def _stat(root: Node, item: Node) -> Finding:
    stat = item.child("content_stat")
    name, content = stat.text("stat_type"), stat.text("content_type")
    if name not in _STATS:
        return _nothing(root)
    verb, op = _STATS[name]
    in_words = isinstance(said := item.raw("created_at"), str) and "-" in said
    at = times.iso(item, "created_at") if in_words else times.seconds(item, "created_at")
    sms = "sms" if content == "sms" else ""
    return Finding(
        native=f"content_stat({name})",
        verb=verb,
        op=op,
        actor=item.child("contact").text("id"),
        target=root.id("app_id"),
        object=sms if verb == "subscribe" else stat.text("content_id"),
        at_us=at if at is not None else times.seconds(root, "created_at"),
        account=root.id("app_id"),
        id=f"stat:{stat.text('id')}" if stat.text("id") else root.id("id"),
        method=stat.first("series_title", "content_title"),
        elsewhere=name in _REPLIES,
    )


def _contact(item: Node) -> str:
    """The person of a conversation or a ticket."""
    old = item.child("user").text("id")
    if old:
        return old
    for contact in item.child("contacts").nodes("contacts"):
        return contact.text("id")
    return item.child("contact").text("id")
