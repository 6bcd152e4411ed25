"""Reddit things: inbox items (`dest` names whom they are for) and a subreddit's stream.

Only `created_utc` is UTC; `created` is off by the server's zone. An inbox item is for the account
that reads it; in a stream the subreddit is the brand's account.
"""

from __future__ import annotations

from collections.abc import Iterator

from stream_app.adapters import times
from stream_app.adapters.base import Delivery, Event, Finding, Outcome, each
from stream_app.adapters.fields import Malformed, Node, Part

PLATFORM = "reddit"
_GONE = frozenset(("[deleted]", "[removed]"))

EVENTS = (
    Event("inbox:comment", "reply", note="to a comment or a post of the account"),
    Event("inbox:username_mention", "mention"),
    Event("inbox:message", "message"),
    Event("stream:comment", "reply"),
    Event("stream:submission", "message"),
    Event("deleted", "reply", "delete", "the text is [deleted]"),
    Event("deleted(submission)", "message", "delete"),
    Event("moderation", "", "moderate", "the text is [removed]; moderators' actions"),
    Event("other", "", "ignore", "accounts, awards, what is new"),
)


def read(delivery: Delivery) -> Iterator[Outcome]:
    """The findings of a thing, or of all things in a listing, or in those of a page: the post,
    and the comments with the answers below them."""
    yield from each(_things(delivery.parts()), lambda thing: _thing(thing))


def _things(parts: list[Part]) -> Iterator[Part]:
    """All things, in the order of the page. Not by recursion: answers may nest as deep as JSON."""
    waiting = parts[::-1]
    while waiting:
        value, path = waiting.pop()
        data = value.get("data") if isinstance(value, dict) else None
        replies = data.get("replies") if isinstance(data, dict) else None
        below: list[Part] = []
        if isinstance(value, dict) and value.get("kind") == "Listing":
            below = list(Node.of(value, path).need("data").parts("children"))
        else:
            yield value, path
        if isinstance(replies, dict):
            below.append((replies, "$..replies"))
        waiting += reversed(below)


def _thing(thing: Node) -> Finding:
    kind, data = thing.id("kind"), thing.need("data")
    if kind == "t4":
        return _finding(data, "inbox:message", "message", data.id("name"))
    if kind not in ("t1", "t3"):
        moderates = kind == "modaction"
        return Finding(
            native="moderation" if moderates else "other",
            op="moderate" if moderates else "ignore",
            direction="none",
            reason="" if moderates else "unknown_kind",
        )
    text = data.text("body") if kind == "t1" else data.text("selftext")
    if data.text("removed_by_category") == "deleted":  # a link has no text that could say so
        text = "[deleted]"
    if text in _GONE:
        return _gone(data, kind, text)
    if kind == "t3":
        return _finding(data, "stream:submission", "message", data.id("name"))
    if "username mention" in (data.text("type").replace("_", " "), data.text("subject")):
        return _finding(data, "inbox:username_mention", "mention", data.id("name"))
    native = "inbox:comment" if "dest" in data else "stream:comment"
    return _finding(data, native, "reply", data.text("parent_id") or data.text("link_id"))


def _finding(data: Node, native: str, verb: str, object_: str) -> Finding:
    own, actor, account = data.id("name"), _author(data), _account(data)
    return Finding(
        native=native,
        verb=verb,
        actor=actor,
        target=data.text("subreddit_id") if "dest" not in data else "",
        object=object_,
        at_us=times.seconds(data, "created_utc"),
        direction="inbound",
        account=account,
        id=own,
        key=own,
        in_reply_to=data.text("parent_id") if verb != "mention" else "",
        automated=data.text("author") == "AutoModerator",
    )


def _gone(data: Node, kind: str, text: str) -> Finding:
    own = data.id("name")
    if text == "[removed]":
        return Finding(native="moderation", op="moderate", object=own, direction="none")
    submission = kind == "t3"
    return Finding(
        native="deleted(submission)" if submission else "deleted",
        verb="message" if submission else "reply",
        op="delete",
        actor=_author(data),
        target=data.text("subreddit_id") if "dest" not in data else "",
        object=own,
        account=_account(data),
        id=own,
        key=own,
        undoes=own,
    )


def _author(data: Node) -> str:
    """The author's id where there is one, else the name; `""` for modmail and the deleted."""
    name = data.first("author_fullname", "author")
    return "" if name in _GONE else name


def _account(data: Node) -> str:
    """The brand's account: whom an inbox item is for (a name), or the subreddit."""
    to = data.text("dest")
    keys = ("subreddit_id", "subreddit", "dest")  # `#name`: to all moderators
    account = data.first(*keys) if to.startswith("#") else data.first("dest", *keys)
    if not account:
        raise Malformed(data.at("subreddit_id"), "dest or subreddit_id")
    return account
