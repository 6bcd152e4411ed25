"""LinkedIn: social action notifications of an organisation's posts, up to ten in one delivery.

`subscriber` is the administrator who asked for them, not who acted. The address of a comment is
written with and without `urn:li:` inside; both are one comment.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from stream_app.adapters import times
from stream_app.adapters.base import Delivery, Event, Finding, Outcome, each
from stream_app.adapters.fields import Malformed, Node

PLATFORM = "linkedin"
_ACTIONS = {
    "LIKE": ("like", "create"),
    "COMMENT": ("reply", "create"),
    "ADMIN_COMMENT": ("reply", "create"),
    "COMMENT_EDIT": ("reply", "update"),
    "COMMENT_DELETE": ("reply", "delete"),
    "SHARE": ("share", "create"),
    "SHARE_MENTION": ("mention", "create"),
    "COMMENT_MENTION": ("mention", "create"),
    "PHOTO_MENTION": ("mention", "create"),
}
_PERSON = re.compile(r"urn:li:(?:person|organization|organizationBrand):[^,()]+")

EVENTS = (
    *(Event(name, verb, op) for name, (verb, op) in _ACTIONS.items()),
    Event("LEAD_ACTION", "lead", note="the person is known only through the API"),
    Event("LEAD_ACTION(deleted)", "lead", "delete"),
    Event("other", "", "ignore", "validations, what is new"),
)


def read(delivery: Delivery) -> Iterator[Outcome]:
    """The findings of all notifications."""
    root = delivery.json()
    if root.text("type") == "LEAD_ACTION" or "leadGenFormResponse" in root:
        yield _lead(root)
    elif "notifications" in root or "elements" in root:  # pushed, or asked for
        key = "notifications" if "notifications" in root else "elements"
        yield from each(root.parts(key), lambda n: _notification(n))
    elif "type" in root:
        yield Finding(native="other", op="ignore", direction="none", reason="unknown_type")
    else:
        raise Malformed("$.notifications", "an array")


def _notification(note: Node) -> Finding:
    action = note.id("action")
    known = _ACTIONS.get(action)
    at = times.millis(note, "lastModifiedAt")
    if known is None:
        return Finding(
            native="other", op="ignore", at_us=at, direction="none", reason="unknown_action"
        )
    verb, op = known
    target = note.id("organizationalEntity")
    post = note.text("sourcePost")
    made = note.text("generatedActivity").replace("urn:li:", "")
    actor = _actor(note)
    # What also mentions is told as that, too, and is one act. A like has the address of its post
    # and person, so liked again it is told apart by time.
    alone = verb != "like" and bool(made)
    own = made if alone else f"{verb}:{made or post}:{note.id('notificationId')}"
    return Finding(
        native=action,
        verb=verb,
        op=op,
        actor=actor,
        target=target,
        object=post,
        at_us=at,
        direction="self" if actor == target else "inbound",
        id=own,
        key=own if verb == "reply" else "",
        undoes=own if op == "delete" else "",
        in_reply_to=_parent(note),
    )


def _actor(note: Node) -> str:
    """Who acted: the owner of what was made; `""` where the delivery does not say."""
    made = note.child("decoratedGeneratedActivity")
    for part in made.value.values():
        owner = Node(part, made.at("*")).text("owner") if isinstance(part, dict) else ""
        if owner:
            return owner
    found = _PERSON.search(note.text("generatedActivity"))
    return found[0] if found else ""


def _parent(note: Node) -> str:
    """The key of the comment that a comment answers, or of the post."""
    comment = note.child("decoratedGeneratedActivity").child("comment")
    return (
        comment.first("parentComment", "object")
        .replace("urn:li:comment:", "comment:")
        .replace("urn:li:", "")
    )


def _lead(root: Node) -> Finding:
    own = root.id("leadGenFormResponse")
    deleted = root.text("leadAction").upper() == "DELETED"
    owner = root.child("owner")
    return Finding(
        native="LEAD_ACTION(deleted)" if deleted else "LEAD_ACTION",
        verb="lead",
        op="delete" if deleted else "create",
        target=owner.first("organization", "sponsoredAccount"),
        object=own,
        at_us=times.millis(root, "occurredAt"),
        id=own,
        key=own,
        undoes=own if deleted else "",
    )
