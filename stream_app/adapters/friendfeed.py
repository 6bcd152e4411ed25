"""FriendFeed: entries of API v2 (real time and feeds) and v1, for import of old archives.

An entry is sent whole each time somebody comments or likes: what is in it already has the same ids
again. A like has no id but its entry, its author and its date.
"""

from __future__ import annotations

from collections.abc import Iterator

from stream_app.adapters import times
from stream_app.adapters.base import Delivery, Event, Finding, Outcome, each
from stream_app.adapters.fields import Malformed, Node

PLATFORM = "friendfeed"

EVENTS = (
    Event("entry", "post", note="by the feed's owner"),
    Event("comment", "reply"),
    Event("like", "like"),
    Event("v1:favorite", "like", note="a like on another service, imported: towards nobody"),
    Event("deleted", "post", "delete"),
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
    yield from each(entry.parts("comments"), lambda c: _comment(c, own, owner))
    yield from each(entry.parts("likes"), lambda n: _like(n, own, owner))


def _comment(comment: Node, entry: str, owner: str) -> Finding:
    own, actor = comment.id("id"), _author(comment)
    return Finding(
        native="comment",
        verb="reply",
        actor=actor,
        target=owner,
        object=own,
        at_us=_time(comment),
        direction="self" if actor == owner else "inbound",
        id=own,
        key=own,
        in_reply_to=entry,
    )


def _like(like: Node, entry: str, owner: str) -> Finding:
    actor, at = _author(like), _time(like)
    return Finding(
        native="like",
        verb="like",
        actor=actor,
        target=owner,
        object=entry,
        at_us=at,
        direction="self" if actor == owner else "inbound",
        id=f"like:{entry}:{actor}:{'' if at is None else at // 1_000_000}",
    )


def _author(node: Node) -> str:
    person = node.child("from") or node.child("user")
    return person.first("id", "nickname")


def _time(node: Node) -> int | None:
    at = times.iso(node, "date")
    return times.iso(node, "published") if at is None else at
