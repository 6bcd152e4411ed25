"""FriendFeed: entries of API v2 (real time and feeds) and v1, for import of old archives.

An entry is sent whole each time somebody comments or likes: what is in it already has the same ids
again. A like has no id but its entry, its author and its date. Of many comments and likes some are
left out: what stands in their place only says how many.
"""

from __future__ import annotations

from collections.abc import Iterator

from stream_app.adapters import times
from stream_app.adapters.base import Delivery, Event, Finding, Outcome, each
from stream_app.adapters.fields import Malformed, Node, Part

PLATFORM = "friendfeed"

EVENTS = (
    Event("entry", "post", note="by the feed's owner"),
    Event("comment", "reply"),
    Event("like", "like"),
    Event("v1:favorite", "like", note="a like on another service, imported: towards nobody"),
    Event("deleted", "post", "delete"),
    Event("comment(deleted)", "reply", "delete"),
    Event("like(deleted)", "like", "undo"),
)


def read(delivery: Delivery) -> Iterator[Outcome]:
    """The findings of all entries, each with its comments and likes."""
    root = delivery.json()
    if "entries" in root:
        yield from each(root.parts("entries"), _entry)
    elif "from" in root or "user" in root:
        yield from _entry(root)
    else:
        raise Malformed("$.entries", "an array")


def _entry(entry: Node) -> Iterator[Outcome]:
    own, owner = entry.id("id"), _author(entry)
    at = _time(entry)
    if entry.flag("deleted"):
        yield Finding(
            native="deleted",
            verb="post",
            op="delete",
            actor=owner,
            object=own,
            direction="outbound",
            id=own,
        )
        return
    if entry.child("service").text("entryType") == "favorite":
        yield Finding(
            native="v1:favorite",
            verb="like",
            actor=owner,
            object=own,
            at_us=at,
            direction="none",
            id=own,
        )
    else:
        yield Finding(
            native="entry",
            verb="post",
            actor=owner,
            object=own,
            at_us=at,
            direction="outbound",
            id=own,
        )
    yield from each(_there(entry, "comments"), lambda c: _comment(c, own, owner))
    yield from each(_there(entry, "likes"), lambda n: _like(n, own, owner))


def _there(entry: Node, key: str) -> Iterator[Part]:
    """Those that are not left out."""
    for one, path in entry.parts(key):
        if not (isinstance(one, dict) and one.get("placeholder") is True):
            yield one, path


def _comment(comment: Node, entry: str, owner: str) -> Finding:
    own, actor, gone = comment.id("id"), _author(comment), comment.flag("deleted")
    return Finding(
        native="comment(deleted)" if gone else "comment",
        verb="reply",
        op="delete" if gone else "create",
        actor=actor,
        target=owner,
        object=own,
        at_us=None if gone else _time(comment),
        direction="self" if actor == owner else "inbound",
        id=own,
        key=own,
        undoes=own if gone else "",
        in_reply_to=entry,
    )


def _like(like: Node, entry: str, owner: str) -> Finding:
    actor, at, gone = _author(like), _time(like), like.flag("deleted")
    own = f"like:{entry}:{actor}:{'' if at is None else at // 1_000_000}"
    return Finding(
        native="like(deleted)" if gone else "like",
        verb="like",
        op="undo" if gone else "create",
        actor=actor,
        target=owner,
        object=entry,
        at_us=None if gone else at,
        direction="self" if actor == owner else "inbound",
        id=own,
        undoes=own if gone else "",
    )


def _author(node: Node) -> str:
    person = node.child("from") or node.child("user")
    return person.first("id", "nickname")


def _time(node: Node) -> int | None:
    at = times.iso(node, "date")
    return times.iso(node, "published") if at is None else at
