"""Instagram: `comments`, `mentions`, `live_comments` and the `messaging` events of an account.

A change of what was posted has no time of its own: `entry.time` is all there is (seconds; in some
deliveries milliseconds, as for messaging).
"""

from __future__ import annotations

from collections.abc import Iterator

from stream_app.adapters import meta, times
from stream_app.adapters.base import Delivery, Event, Finding, Outcome, each, renamed
from stream_app.adapters.fields import Node

PLATFORM = "instagram"

EVENTS = (
    Event("comments", "reply"),
    Event("live_comments", "reply"),
    Event("mentions", "mention", note="names the media only; the person is known to the API"),
    Event("story_insights", "view", "aggregate", "counts that name nobody"),
    Event("messaging_seen", "view"),
    Event("other", "", "ignore", "handovers, what is new"),
    *(event for event in meta.EVENTS if event.native != "message_reads"),
)


def read(delivery: Delivery) -> Iterator[Outcome]:
    """All changes of all entries, then their messaging events."""
    yield from meta.entries(delivery, _entry)


def _entry(entry: Node, kind: str) -> Iterator[Outcome]:
    account = entry.id("id")
    changes = list(entry.parts("changes"))
    if not changes and "field" in entry:  # the entry is the change
        changes = [(entry.value, entry.path)]
    yield from each(changes, lambda change: _change(change, account, entry))
    for key in ("messaging", "standby"):
        yield from each(entry.parts(key), lambda event: _message(event, account))


def _message(event: Node, account: str) -> Iterator[Outcome]:
    for outcome in meta.message(event, account):
        if isinstance(outcome, Finding) and outcome.native == "message_reads":
            yield renamed(outcome, "messaging_seen")
        else:
            yield outcome


def _change(change: Node, account: str, entry: Node) -> Iterator[Outcome]:
    field, value = change.id("field"), change.child("value")
    if meta.is_messaging(change):
        yield from _message(value, account)
    elif field in ("comments", "live_comments"):
        yield _comment(field, value, account, entry)
    elif field == "mentions":
        yield _mention(value, account, entry)
    else:
        insights = field == "story_insights"
        yield Finding(
            native=field if insights else "other",
            verb="view" if insights else "",
            op="aggregate" if insights else "ignore",
            target=account,
            object=value.text("media_id") if insights else "",
            at_us=times.seconds_or_millis(entry, "time"),
            direction="inbound" if insights else "none",
            reason="" if insights else "unknown_field",
        )


def _comment(field: str, value: Node, account: str, entry: Node) -> Finding:
    author = value.child("from")
    actor, own = author.text("id"), value.first("id", "comment_id") or value.id("id")
    # Of the account's own comments it is told under which id others know it.
    ours = actor == account or "self_ig_scoped_id" in author
    return Finding(
        native=field,
        verb="reply",
        actor=actor,
        target=account,
        object=own,
        at_us=times.seconds_or_millis(entry, "time"),
        direction="self" if ours else "inbound",
        id=own,
        key=own,
        in_reply_to=value.text("parent_id") or value.child("media").text("id"),
    )


def _mention(value: Node, account: str, entry: Node) -> Finding:
    own = value.first("comment_id", "media_id") or value.id("media_id")
    return Finding(
        native="mentions",
        verb="mention",
        actor=value.child("from").text("id"),
        target=account,
        object=own,
        at_us=times.seconds_or_millis(entry, "time"),
        id=own,
        key=own,
    )
