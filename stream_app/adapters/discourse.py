"""Discourse webhooks: event and event id are in headers only (`X-Discourse-Event`,
`X-Discourse-Event-Id`), the forum in `X-Discourse-Instance`; the forum is the brand.

A topic is delivered as `topic_created` and as `post_created` of its first post: one act. Who
deleted or accepted a post is not told.
"""

from __future__ import annotations

from collections.abc import Iterator

from stream_app.adapters import times
from stream_app.adapters.accounts import OWNER
from stream_app.adapters.base import Delivery, Event, Finding, Outcome
from stream_app.adapters.fields import Malformed, Node

PLATFORM = "discourse"
_POST_OPS = {
    "post_created": "create",
    "post_edited": "update",
    "post_destroyed": "delete",
    "post_recovered": "restore",
}
_TOPIC_OPS = {
    "topic_created": "create",
    "topic_edited": "update",
    "topic_destroyed": "delete",
    "topic_recovered": "restore",
}
_ERASED = ("user_destroyed", "user_anonymized")
_ACTIONS = frozenset(("2", "3"))
"""Types of posts that say what a moderator did: closed, pinned, moved."""
_AUTOMATIC = frozenset(map(str, (*range(4), *range(10, 15))))
"""Groups of every forum: everyone, staff, and the levels of trust."""
_WHISPER = "4"
"""The type of posts that only the staff sees."""
_ROOTS = ("post", "topic", "like", "solved", "user", "group_user", "chat_message", "topic_voting")

EVENTS = (
    *(Event(name, "reply", op) for name, op in _POST_OPS.items()),
    *(Event(f"{name}(first)", "message", op, "the topic") for name, op in _POST_OPS.items()),
    *(Event(name, "message", op) for name, op in _TOPIC_OPS.items()),
    Event("post_liked", "like", note="has no time; towards the post's author"),
    Event("accepted_solution", "endorse", note="who accepted is not told"),
    Event("unaccepted_solution", "endorse", "undo"),
    Event("topic_upvote", "vote"),
    Event("topic_unvote", "vote", "undo"),
    Event("user_created", "join"),
    *(Event(name, "", "erase") for name in _ERASED),
    Event("user_added_to_group", "join"),
    Event("user_removed_from_group", "join", "undo"),
    Event("chat_message_created", "message"),
    Event("chat_message_edited", "message", "update"),
    Event("chat_message_trashed", "message", "delete"),
    Event("chat_message_restored", "message", "restore"),
    Event("moderation", "", "moderate", "status changes, also as posts, suspensions, reviews"),
    Event("other", "", "ignore", "whispers, log-ins, automatic groups, badges, what is new"),
)
_CHAT_OPS = {
    "chat_message_created": "create",
    "chat_message_edited": "update",
    "chat_message_trashed": "delete",
    "chat_message_restored": "restore",
}


def read(delivery: Delivery) -> Iterator[Outcome]:
    """The finding of one webhook."""
    root = delivery.json()
    if not root:
        raise Malformed("$", "a webhook's payload")
    name = delivery.header("x-discourse-event") or _guessed(root)
    if name in _POST_OPS:
        yield _post(root.need("post"), name, delivery)
    elif name in _TOPIC_OPS:
        yield _topic(root.need("topic"), name, delivery)
    elif name in _CHAT_OPS:
        yield _chat(root.child("chat_message") or root, name, delivery)
    else:
        yield _other(root, name, delivery)


def _guessed(root: Node) -> str:
    """The event of a payload that came without its headers, where the body shows it."""
    return {"like": "post_liked", "solved": "accepted_solution"}.get(
        next((key for key in _ROOTS if key in root), ""), ""
    )


def _forum(delivery: Delivery) -> str:
    """The forum's address, as the brand's account."""
    return delivery.header("x-discourse-instance").rstrip("/") or OWNER


def _event_id(delivery: Delivery) -> str:
    return delivery.header("x-discourse-event-id")


def _finding(
    delivery: Delivery,
    native: str,
    verb: str,
    op: str,
    own: str,
    *,
    actor: str = "",
    target: str = "",
    object_: str = "",
    at_us: int | None = None,
    direction: str = "inbound",
    key: str = "",
    in_reply_to: str = "",
) -> Finding:
    return Finding(
        native=native,
        verb=verb,
        op=op,
        actor=actor,
        target=target,
        object=object_,
        at_us=at_us,
        direction=direction,
        account=_forum(delivery) if direction == "inbound" else "",
        id=f"{own}~{_event_id(delivery)}" if op == "restore" else own,
        key=key,
        undoes=own if op == "delete" else "",
        in_reply_to=in_reply_to,
        # The system and its bots write, too: their ids are below zero.
        automated=actor.startswith("-"),
    )


def _edit_or_birth(node: Node, op: str) -> int | None:
    """A deletion and a recovery have no time; those in the body are the post's own."""
    if op == "create":
        return times.iso(node, "created_at")
    return times.iso(node, "updated_at") if op == "update" else None


def _post(post: Node, name: str, delivery: Delivery) -> Finding:
    op, own, topic = _POST_OPS[name], post.id("id"), post.text("topic_id")
    kind = post.text("post_type")
    if kind in _ACTIONS or kind == _WHISPER:
        return _no_act(moderates=kind in _ACTIONS)
    first = post.text("post_number") == "1"
    # An answer names the number in its topic of what it answers, and not its id.
    number, answers = post.text("post_number"), post.text("reply_to_post_number")
    key = f"topic:{topic}" if first else f"post:{topic}:{number}" if number else f"post:{own}"
    return _finding(
        delivery,
        f"{name}(first)" if first else name,
        "message" if first else "reply",
        op,
        key if first else f"post:{own}",
        actor=post.text("user_id"),
        object_=own,
        at_us=_edit_or_birth(post, op),
        key=key,
        in_reply_to="" if first else _answered(topic, answers),
    )


def _answered(topic: str, number: str) -> str:
    return f"post:{topic}:{number}" if number not in ("", "1") else f"topic:{topic}"


def _topic(topic: Node, name: str, delivery: Delivery) -> Finding:
    op, own = _TOPIC_OPS[name], topic.id("id")
    author = topic.text("user_id") or topic.child("created_by").text("id")
    key = f"topic:{own}"
    return _finding(
        delivery,
        name,
        "message",
        op,
        key,
        actor=author,
        object_=own,
        at_us=_edit_or_birth(topic, op),
        key=key,
    )


def _chat(item: Node, name: str, delivery: Delivery) -> Finding:
    op = _CHAT_OPS[name]
    message = item.child("message") or item
    own = message.id("id")
    key = f"chat:{own}"
    return _finding(
        delivery,
        name,
        "message",
        op,
        key,
        actor=message.child("user").text("id") or message.text("user_id"),
        object_=own,
        at_us=times.iso(message, "created_at") if op == "create" else None,
        key=key,
    )


def _other(root: Node, name: str, delivery: Delivery) -> Finding:
    if name == "post_liked":
        return _like(root.need("like"), delivery)
    if name in ("accepted_solution", "unaccepted_solution"):
        return _solved(root.need("solved"), name, delivery)
    if name in ("topic_upvote", "topic_unvote"):
        return _vote(root, name, delivery)
    if name == "user_created" or name in _ERASED:
        return _user(root.need("user"), name, delivery)
    if name in ("user_added_to_group", "user_removed_from_group"):
        return _group(root.need("group_user"), name, delivery)
    moderates = "status_updated" in name or name in ("user_suspended", "user_unsuspended")
    return _no_act(moderates=moderates or name.startswith("reviewable"))


def _no_act(*, moderates: bool) -> Finding:
    if moderates:
        return Finding(native="moderation", op="moderate", direction="none")
    return Finding(native="other", op="ignore", direction="none", reason="no_act")


def _like(like: Node, delivery: Delivery) -> Finding:
    actor, post = like.need("user").id("id"), like.need("post")
    target, own = post.text("user_id"), post.id("id")
    return _finding(
        delivery,
        "post_liked",
        "like",
        "create",
        f"like:{actor}:{own}:{_event_id(delivery)}",
        actor=actor,
        target=target,
        object_=own,
        direction="self" if actor == target else "peer",
    )


def _solved(post: Node, name: str, delivery: Delivery) -> Finding:
    own, undo = post.id("id"), name.startswith("un")
    return _finding(
        delivery,
        name,
        "endorse",
        "undo" if undo else "create",
        f"solved:{own}:{_event_id(delivery)}",
        target=post.text("user_id"),
        object_=own,
    )


def _vote(root: Node, name: str, delivery: Delivery) -> Finding:
    # The plugin's root and its fields have changed their names.
    vote = root.child("topic_voting") or root.child("topic_vote") or root.child(name) or root
    topic = vote.text("topic_id") or vote.child("topic").text("id")
    actor = vote.first("voter_id", "user_id") or vote.child("user").text("id")
    return _finding(
        delivery,
        name,
        "vote",
        "undo" if name == "topic_unvote" else "create",
        f"vote:{actor}:{topic}:{_event_id(delivery)}",
        actor=actor,
        object_=topic,
    )


def _user(user: Node, name: str, delivery: Delivery) -> Finding:
    own = user.id("id")
    if name in _ERASED:
        return Finding(native=name, op="erase", actor=own, direction="none", id=own)
    at = times.iso(user, "created_at")
    return _finding(delivery, name, "join", "create", f"join:{own}", actor=own, at_us=at)


def _group(member: Node, name: str, delivery: Delivery) -> Finding:
    actor, group = member.id("user_id"), member.text("group_id")
    if group in _AUTOMATIC:  # nobody joins them: the forum keeps them by its own rules
        return _no_act(moderates=False)
    removed = name == "user_removed_from_group"
    return _finding(
        delivery,
        name,
        "join",
        "undo" if removed else "create",
        f"join:{actor}:{group}:{_event_id(delivery)}",
        actor=actor,
        object_=group,
        at_us=None if removed else times.iso(member, "created_at"),
    )
