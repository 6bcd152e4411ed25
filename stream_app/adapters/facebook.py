"""Facebook Pages: `feed`, `mention`, `ratings`, `leadgen` changes, and Messenger's `messaging`.

Two shapes are about: `from {id, name}` and, from v2.5, `sender_id` (a number). `entry.time` is when
the batch was made: it stands in where a change has no time of its own, except for the removal of a
reaction, whose `created_time` is that of the reaction and whose own time is nowhere.
"""

from __future__ import annotations

from collections.abc import Iterator

from stream_app.adapters import meta, times
from stream_app.adapters.base import Delivery, Event, Finding, Outcome, each
from stream_app.adapters.fields import Node, whole
from stream_app.adapters.sentiments import of_stars

PLATFORM = "facebook"
_REMOVES = frozenset(("remove", "delete"))
_EDITS = frozenset(("edit", "edited", "update"))
_MODERATION = frozenset(("hide", "unhide", "block", "unblock", "mute", "unmute"))
_POSTS = frozenset(
    [
        "post",
        "status",
        "photo",
        "video",
        "link",
        "album",
        "photo-album",
        "note",
        "event",
        "milestone",
        "question",
        "offer",
        "coupon",
        "story",
        "platform-story",
        "live_video",
        "picture",
        "reel",
    ]
)
_LIKES = frozenset(("like", "reaction"))
_FIELDS = frozenset(("feed", "group_feed", "mention", "ratings"))
_THINGS = (
    "comment_id",
    "post_id",
    "photo_id",
    "video_id",
    "album_id",
    "event_id",
    "share_id",
    "open_graph_story_id",
    "parent_id",
)
"""Fields that name what was acted on, the nearest first; a review is an Open Graph story."""

EVENTS = (
    Event("feed:reaction:add", "like"),
    Event("feed:reaction:edit", "like", "update", "another kind of reaction, not a second one"),
    Event("feed:reaction:remove", "like", "undo", "has no time of its own"),
    Event("feed:like:add", "like"),
    Event("feed:like:remove", "like", "undo"),
    Event("feed:page_like:add", "follow", note="a like of the Page itself: they become a fan"),
    Event("feed:page_like:remove", "follow", "undo"),
    Event("feed:follow:add", "follow"),
    Event("feed:follow:remove", "follow", "undo"),
    Event("feed:comment:add", "reply"),
    Event("feed:comment:edit", "reply", "update"),
    Event("feed:comment:remove", "reply", "delete"),
    Event("feed:share:add", "share"),
    Event("feed:share:edit", "share", "update"),
    Event("feed:share:remove", "share", "delete"),
    Event("feed:post:add", "post", note="posts, statuses, photos, videos, links, events, ..."),
    Event("feed:post:edit", "post", "update"),
    Event("feed:post:remove", "post", "delete"),
    Event("feed:moderation", "", "moderate", "hide, unhide, block, unblock, mute"),
    Event("mention:add", "mention", note="often without an author (privacy)"),
    Event("mention:edit", "mention", "update"),
    Event("mention:remove", "mention", "delete"),
    Event("ratings:rating:add", "review", note="sentiment from recommendation or stars"),
    Event("ratings:rating:edit", "review", "update"),
    Event("ratings:rating:remove", "review", "delete"),
    Event("leadgen", "lead", note="the person is known only through the API"),
    Event("permissions:revoked", "", "revoke", "the app's access is withdrawn"),
    Event("other", "", "ignore", "page settings, conversations, what is new"),
    *meta.EVENTS,
)
_KNOWN = frozenset(event.native for event in EVENTS)


def read(delivery: Delivery) -> Iterator[Outcome]:
    """All changes of all entries, then their messaging events."""
    yield from meta.entries(delivery, _entry)


def _entry(entry: Node, kind: str) -> Iterator[Outcome]:
    page = entry.text("id") or entry.id("uid")
    if kind == "permissions":
        yield from each(entry.parts("changes"), lambda c: _permission(c, entry))
        return
    yield from each(entry.parts("changes"), lambda c: _of_change(c, page, entry))
    for key in ("messaging", "standby"):
        yield from each(entry.parts(key), lambda m: meta.message(m, page))


def _of_change(change: Node, page: str, entry: Node) -> Iterator[Outcome]:
    if meta.is_messaging(change):
        yield from meta.message(change.need("value"), page)
    else:
        yield _change(change, page, entry)


def _change(change: Node, page: str, entry: Node) -> Finding:
    field = change.id("field")
    value = change.child("value") if isinstance(change.raw("value"), dict) else Node({}, "")
    if field == "leadgen":
        return _lead(value, page, entry)
    if field not in _FIELDS:
        return _ignored(page, f"field_{'page' if field else ''}", entry)
    item, doing = value.id("item"), value.text("verb") or "add"
    actor = _person(value)
    if doing in _MODERATION:
        return Finding(
            native="feed:moderation",
            op="moderate",
            actor=actor,
            target=page,
            object=value.first(*_THINGS),
            at_us=_time(value, entry),
            direction="none",
        )
    name, verb = _named(field, item, value)
    if not name or doing not in {"add", "follow", *_EDITS, *_REMOVES}:
        return _ignored(page, "unknown_item", entry, actor)
    suffix = "remove" if doing in _REMOVES else "edit" if doing in _EDITS else "add"
    if f"{name}:{suffix}" not in _KNOWN:  # an edit of what is there or not
        return _ignored(page, "unknown_item", entry, actor)
    return _act(value, page, entry, name=name, verb=verb, suffix=suffix, actor=actor)


def _named(field: str, item: str, value: Node) -> tuple[str, str]:
    """The name of an event here, and its verb."""
    if field == "mention" or item in ("mention", "tag"):
        return "mention", "mention"
    if item in _LIKES:
        if not value.first(*_THINGS):
            return "feed:page_like", "follow"
        return f"feed:{item}", "like"
    if item == "comment":
        return "feed:comment", "reply"
    if item == "share":
        return "feed:share", "share"
    if field == "ratings":
        return ("ratings:rating", "review") if item in ("rating", "review") else ("", "")
    if item in ("follow", "fan", "connection"):
        return "feed:follow", "follow"
    return ("feed:post", "post") if item in _POSTS else ("", "")


def _act(
    value: Node, page: str, entry: Node, *, name: str, verb: str, suffix: str, actor: str
) -> Finding:
    removes = suffix == "remove"
    object_ = _object(verb, value)
    own = _own_id(verb, value, actor, entry)
    stands = verb in ("like", "follow")  # taken back by name of the thing, not of the act
    of_reaction = verb == "like" and value.text("item") == "reaction"
    op = {"add": "create", "edit": "update", "remove": "undo" if stands else "delete"}[suffix]
    return Finding(
        native=f"{name}:{suffix}",
        verb=verb,
        op=op,
        actor=actor,
        target=page,
        object=object_,
        at_us=None if of_reaction and removes else _time(value, entry),
        direction=_direction(actor, page, verb, entry),
        id=own,
        key=f"{verb}:{actor}:{object_}" if stands else own,
        undoes="" if not removes or (stands and not of_reaction) else own,
        in_reply_to=_answered(verb, value),
        sentiment=_sentiment(verb, value),
    )


def _own_id(verb: str, value: Node, actor: str, entry: Node) -> str:
    """Identity of the act. A second like has another time, so it is another act."""
    if verb in ("like", "follow"):
        stamp = value.text("created_time") or entry.text("time")
        return f"{verb}:{actor}:{_object(verb, value)}:{stamp}"
    if verb == "review":
        return value.first("open_graph_story_id", "review_id", "post_id") or f"review:{actor}"
    if verb == "share":
        return value.first("share_id", "post_id")
    return _object(verb, value) or f"{verb}:{actor}:{_time(value, entry)}"


def _object(verb: str, value: Node) -> str:
    if verb == "follow":
        return ""
    if verb in ("share", "post"):
        return value.first("post_id", "share_id", "video_id", "photo_id", "album_id", "event_id")
    if verb == "review":
        return value.first("open_graph_story_id", "review_id", "post_id")
    return value.first(*_THINGS)


def _answered(verb: str, value: Node) -> str:
    """The key of the act that a comment answers or a reaction is on."""
    if verb == "reply":
        return value.first("parent_id", "post_id", "open_graph_story_id")
    return value.first("comment_id", "post_id", "open_graph_story_id") if verb == "like" else ""


def _direction(actor: str, page: str, verb: str, entry: Node) -> str:
    if actor == page:
        return "self"
    return "none" if verb == "post" and not actor else "inbound"


def _lead(value: Node, page: str, entry: Node) -> Finding:
    lead = value.id("leadgen_id")
    return Finding(
        native="leadgen",
        verb="lead",
        target=page,
        object=lead,
        at_us=_time(value, entry),
        id=lead,
    )


def _permission(change: Node, entry: Node) -> Finding:
    person = entry.first("uid", "id")
    told = change.raw("value")
    verb = change.text("verb") or (Node.of(told).text("verb") if isinstance(told, dict) else "")
    if verb in ("revoke", "revoked") and change.text("field") == "connected":
        at = times.seconds_or_millis(entry, "time")
        return Finding(
            native="permissions:revoked",
            op="revoke",
            actor=person,
            at_us=at,
            direction="none",
            id=person,
        )
    return _ignored("", "permission", entry, person)


def _ignored(page: str, reason: str, entry: Node, actor: str = "") -> Finding:
    return Finding(
        native="other",
        op="ignore",
        actor=actor,
        target=page,
        at_us=times.seconds_or_millis(entry, "time"),
        direction="none",
        reason=reason,
    )


def _person(value: Node) -> str:
    return value.child("from").text("id") or value.first("sender_id", "user_id", "reviewer_id")


def _time(value: Node, entry: Node) -> int | None:
    said = value.text("created_time")
    if said and not said.lstrip("-").replace(".", "").isdigit():  # as the Graph API writes it
        return times.rfc3339(said, value.at("created_time"))
    return times.seconds(value, "created_time") if said else times.seconds_or_millis(entry, "time")


def _sentiment(verb: str, value: Node) -> float | None:
    """A recommendation is +1 or -1, five stars +1 .. one star -1; an angry or sad reaction -1."""
    if verb != "review":
        angry = verb == "like" and value.text("reaction_type").lower() in meta.NEGATIVE
        return -1.0 if angry else None
    word = value.text("recommendation_type").upper()
    if word in ("POSITIVE", "NEGATIVE"):
        return 1.0 if word == "POSITIVE" else -1.0
    stars = value.raw("rating")
    return of_stars(stars) if whole(stars) else None
