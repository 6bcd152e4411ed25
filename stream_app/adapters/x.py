"""X Activity API: one event in an envelope `{data: {event_type, filter, payload, includes}}`.

The filter's `user_id` is the brand's account. Follows, blocks and deletes have no time of their
own: every `created_at` inside is that of an account or of a post.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from stream_app.adapters import times, twitter
from stream_app.adapters.base import (
    Address,
    Delivery,
    Event,
    Finding,
    Outcome,
    chosen,
    each,
    renamed,
    side,
)
from stream_app.adapters.fields import Node

PLATFORM = "x"
_POSTS = frozenset(f"post.{kind}create" for kind in ("", "mention.", "reply.", "quote.", "repost."))
_Reader = Callable[[Node, str], Finding]
_PARTIES = re.compile("[:-]")
"""What is between the two that a conversation is named after."""
_DIRECT = frozenset(("dm.sent", "dm.received", "dm.read"))
_TOLD = {
    "post.reply.create": ("reply", "replied_to"),
    "post.quote.create": ("quote", "quoted"),
    "post.repost.create": ("share", "retweeted"),
}

EVENTS = (
    Event("post.create", "post", note="the account's own, addressed to nobody"),
    Event("post.create(reply)", "reply"),
    Event("post.create(quote)", "quote"),
    Event("post.create(repost)", "share"),
    Event("post.create(mention)", "mention"),
    Event("post.mention.create", "mention"),
    Event("post.reply.create", "reply"),
    Event("post.quote.create", "quote"),
    Event("post.repost.create", "share"),
    Event("post.edit", "post", "update", "a post with an older version in its edit history"),
    Event("post.delete", "post", "delete", "what it was, from what was seen"),
    Event("like.create", "like", note="inbound likes do not say who"),
    Event("follow.follow", "follow"),
    Event("follow.unfollow", "follow", "undo"),
    Event("block.block", "block"),
    Event("block.unblock", "block", "undo"),
    Event("dm.sent", "message"),
    Event("dm.received", "message"),
    Event("dm.read", "view"),
    Event("chat.sent", "message"),
    Event("chat.received", "message"),
    Event("broadcast.chat", "message"),
    Event("oauth.revoke", "", "revoke"),
    Event("other", "", "ignore", "profiles, mutes, typing, spaces, broadcasts, news, joins"),
)


def read(delivery: Delivery) -> Iterator[Outcome]:
    """The findings of one event."""
    data = delivery.json().need("data")
    kind = data.id("event_type")
    account = data.child("filter").text("user_id")
    payload = data.child("payload")
    if kind in _POSTS:
        yield _post(data, payload, kind, account)
    elif kind in _DIRECT:
        yield from _direct(payload, kind, account)
    else:
        reader = _READERS.get(kind)
        yield reader(data, payload, account) if reader else _ignored(account)


def _post(data: Node, post: Node, kind: str, account: str) -> Finding:
    own, actor = post.id("id"), post.id("author_id")
    verb, target, object_ = _addressed(data, post, kind, account)
    first = next(post.list("edit_history_tweet_ids"), None)
    edited = isinstance(first, str | int) and str(first) != own
    name = {"share": "repost"}.get(verb, verb)
    native = f"{kind}({name})" if kind == "post.create" and verb != "post" else kind
    at = times.iso(post, "created_at")
    direction = side(actor, target, account) if target else "outbound"
    if kind == "post.mention.create" and direction == "inbound" and account not in ("", target):
        direction = "peer"
    return Finding(
        native="post.edit" if edited else native,
        verb="post" if edited else verb,
        op="update" if edited else "create",
        actor=actor,
        target=target,
        object=own if edited else object_,
        at_us=at if at is not None else times.snowflake(own),
        direction=direction,
        id=own,
        key=own,
        in_reply_to=object_ if verb in ("reply", "quote") else "",
        automated=_labelled(data, actor),
    )


def _addressed(data: Node, post: Node, kind: str, account: str) -> Address:
    """Whom a post is to. The event's name says why the account is told of it; a mention may stand
    in an answer to a stranger, or in a thread of the author's own."""
    referenced = {ref.text("type"): ref.id("id") for ref in post.nodes("referenced_tweets")}
    if kind in _TOLD:
        verb, name = _TOLD[kind]
        object_ = referenced.get(name) or post.text("in_reply_to_tweet_id")
        person = post.text("in_reply_to_user_id") if verb == "reply" else ""
        return verb, person or account or _author(data, object_), object_
    named = kind == "post.mention.create" and account
    if "retweeted" in referenced:  # it repeats the text, and with it whomever that mentions
        object_ = referenced["retweeted"]
        return "share", _author(data, object_) or named or "", object_
    own, actor = post.id("id"), post.id("author_id")
    meant: list[Address] = []
    if "replied_to" in referenced:
        object_ = referenced["replied_to"]
        person = post.text("in_reply_to_user_id") or _author(data, object_)
        meant.append(("reply", person, object_))
    if "quoted" in referenced:
        object_ = referenced["quoted"]
        meant.append(("quote", _author(data, object_), object_))
    mentioned = [m.text("id") for m in post.child("entities").nodes("mentions") if "id" in m]
    meant += [("mention", person, own) for person in ([named] if named else mentioned)]
    return chosen(meant, actor, (account,) if account else (), own)


def _labelled(data: Node, actor: str) -> bool:
    """True if the account says of itself that a machine posts. What else is told is not judged."""
    users = data.child("includes").raw("users")
    held = [user for user in users if isinstance(user, dict)] if isinstance(users, list) else []
    known = [user.get("data", user) for user in held]
    return any(_automated(user) for user in known if _is(user, actor))


def _is(user: Any, actor: str) -> bool:
    return isinstance(user, dict) and user.get("id") == actor


def _automated(user: Any) -> bool:
    label = user.get("affiliation") if isinstance(user, dict) else None
    return isinstance(label, dict) and label.get("description") == "Automated"


def _author(data: Node, post: str) -> str:
    """Who wrote a post, where the delivery includes it."""
    for other in data.child("includes").nodes("tweets"):
        if other.text("id") == post:
            return other.text("author_id")
    return ""


def _direct(payload: Node, kind: str, account: str) -> Iterator[Outcome]:
    readers: dict[str, tuple[_Reader, str]] = {
        "direct_message_events": (twitter.direct_message, kind),
        "direct_message_mark_read_events": (twitter.mark_read, "dm.read"),
    }
    known = [key for key in readers if key in payload]
    for key in known:
        reader, native = readers[key]
        ours = partial(_own, reader, kind, account)
        for outcome in each(payload.parts(key), ours):
            if isinstance(outcome, Finding):
                yield renamed(outcome, "other" if outcome.op == "ignore" else native)
            else:
                yield outcome
    if not known:
        yield _ignored(account)


def _own(read: _Reader, kind: str, account: str, event: Node) -> Finding:
    """Without the account in the filter, the event's name says who wrote."""
    sent = kind == "dm.sent" and not account
    return read(event, event.child("message_create").text("sender_id") if sent else account)


def _delete(data: Node, payload: Node, account: str) -> Finding:
    own, actor = payload.id("id"), payload.text("author_id")
    return Finding(
        native="post.delete",
        verb="post",
        op="delete",
        actor=actor,
        object=own,
        direction="outbound" if actor == account else "inbound",
        id=own,
        key=own,
        undoes=own,
    )


def _like(data: Node, payload: Node, account: str) -> Finding:
    author, post = payload.text("liked_tweet_author_id"), payload.id("liked_tweet_id")
    asked = data.child("filter")
    way = asked.text("direction") or asked.child("qualifiers").text("direction")
    by_account = way == "outbound" or (not way and author != account)
    actor, target = account if by_account else "", author or ("" if by_account else account)
    own = bool(actor) and actor == target
    return Finding(
        native="like.create",
        verb="like",
        actor=actor,
        target=target,
        object=post,
        at_us=times.millis(payload, "timestamp_ms"),
        direction="self" if own else "outbound" if by_account else "inbound",
        id=payload.text("id") or f"like:{data.id('event_uuid')}",
        in_reply_to=post,
    )


def _relation(data: Node, payload: Node, account: str) -> Finding:
    kind = data.id("event_type")
    verb, _, what = kind.partition(".")
    actor = _user(payload.need("source"))
    target = _user(payload.need("target"))
    return Finding(
        native=kind,
        verb=verb,
        op="undo" if what.startswith("un") else "create",
        actor=actor,
        target=target,
        direction=side(actor, target, account),
        id=f"{verb}:{actor}:{target}:{data.text('event_uuid')}",
        automated=_automated(payload.need("source").raw("data")),
    )


def _user(party: Node) -> str:
    return (party.child("data") or party).id("id")


def _chat(data: Node, payload: Node, account: str) -> Finding:
    actor = payload.id("sender_id")
    parties = _PARTIES.split(payload.text("conversation_id"))
    others = [party for party in parties if len(parties) == 2 and party != actor]
    target = others[0] if others else ("" if actor == account else account)
    own = payload.id("id")
    return Finding(
        native=data.id("event_type"),
        verb="message",
        actor=actor,
        target=target,
        object=own,
        at_us=times.millis(payload, "created_at_msec"),
        direction=side(actor, target, account),
        id=own,
        key=own,
    )


def _broadcast_chat(data: Node, payload: Node, account: str) -> Finding:
    actor, own = _user(payload.need("author")), payload.id("message_id")
    return Finding(
        native="broadcast.chat",
        verb="message",
        actor=actor,
        target=account,
        object=own,
        direction=side(actor, account, account),
        id=own,
        key=own,
    )


def _revoke(data: Node, payload: Node, account: str) -> Finding:
    actor = payload.id("user_id")
    return Finding(
        native="oauth.revoke",
        op="revoke",
        actor=actor,
        at_us=times.iso(payload, "date_time"),
        direction="none",
        id=actor,
    )


def _ignored(account: str) -> Finding:
    return Finding(native="other", op="ignore", actor=account, direction="none", reason="no_act")


_READERS = {
    "post.delete": _delete,
    "like.create": _like,
    "follow.follow": _relation,
    "follow.unfollow": _relation,
    "block.block": _relation,
    "block.unblock": _relation,
    "chat.sent": _chat,
    "chat.received": _chat,
    "broadcast.chat": _broadcast_chat,
    "oauth.revoke": _revoke,
}
