"""Mastodon: streaming frames, notifications and server webhooks.

A frame's `payload` is JSON inside a string, but for `delete`, where it is a bare id. A status that
comes as a notification, in a stream and by webhook is one act: its id is the status's. E-mail and
IP addresses of reports are never read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from stream_app.adapters import times
from stream_app.adapters.accounts import OWNER
from stream_app.adapters.base import (
    Address,
    Delivery,
    Event,
    Finding,
    Outcome,
    chosen,
)
from stream_app.adapters.fields import Malformed, Node, decode
from stream_app.adapters.sentiments import of_sign

PLATFORM = "mastodon"

EVENTS = (
    Event("status(reply)", "reply", note="stream, notification or webhook"),
    Event("status(mention)", "mention", note="stream, notification or webhook"),
    Event("status(quote)", "quote"),
    Event("status(reblog)", "share"),
    Event("status", "post", note="addressed to nobody"),
    Event("status:edit(reply)", "reply", "update"),
    Event("status:edit(mention)", "mention", "update"),
    Event("status:edit(quote)", "quote", "update"),
    Event("status:edit(reblog)", "share", "update"),
    Event("status:edit", "post", "update"),
    Event("stream:delete", "post", "delete", "a bare id; what it was, from what was seen"),
    Event("notification:favourite", "like"),
    Event("notification:reaction", "like", note="an emoji, as servers akin to Mastodon have it"),
    Event("notification:chat", "message", note="of Pleroma's chats"),
    Event("notification:reblog", "share"),
    Event("notification:follow", "follow"),
    Event("account.created", "join", note="an account on the brand's own server"),
    Event("report.created", "report", note="of one person by another: nobody's relationship"),
    Event("moderation", "", "moderate", "warnings, severed relationships, suspended accounts"),
    Event("other", "", "ignore", "polls, requests, announcements, conversations, what is new"),
)
_MODERATION = frozenset(("severed_relationships", "moderation_warning", "account.suspended"))
_STATUSES = frozenset(("update", "status.created", "conversation"))
_REACTIONS = frozenset(("emoji_reaction", "pleroma:emoji_reaction", "reaction"))
_EDITS = frozenset(("status.update", "status.updated"))


def read(delivery: Delivery) -> Iterator[Outcome]:
    """The finding of one frame, notification or webhook."""
    root, ours = delivery.json(), delivery.accounts.of(PLATFORM)
    event = root.text("event")
    if not event and "type" in root:
        yield _notification(root, ours)
    elif event == "delete":
        yield _delete(root)
    elif event and "payload" in root:
        yield _event(event, _unwrapped(root), ours)
    elif event:
        yield _event(event, root.child("object"), ours)
    elif "account" in root and "content" in root:
        yield _status(root, ours, edit=False)
    else:
        raise Malformed("$.event", "a stream event, a notification or a webhook")


def _unwrapped(root: Node) -> Node:
    """The object in a frame's payload, which is JSON in a string."""
    payload: Any = root.raw("payload")
    if isinstance(payload, str):
        try:
            payload = decode(payload.encode("utf-8"))
        except Malformed as fault:
            raise Malformed("$.payload", "an object, as JSON in a string") from fault
    return Node(payload, "$.payload") if isinstance(payload, dict) else Node({}, "$.payload")


def _event(event: str, item: Node, ours: frozenset[str]) -> Finding:
    if event == "notification":
        return _notification(item, ours)
    if event in _STATUSES and "account" in item:
        return _status(item, ours, edit=False)
    if event in _EDITS:
        return _status(item, ours, edit=True)
    if event == "report.created":
        return _report(item)
    if event == "account.created":
        return _joined(item, item.text("id"))
    return _nothing(event)


def _notification(item: Node, ours: frozenset[str]) -> Finding:
    kind = item.id("type")
    actor = item.child("account").text("id")
    at = times.iso(item, "created_at")
    if kind in ("mention", "status", "quote"):
        return _status(item.need("status"), ours, edit=False, at_us=at)
    if kind in ("update", "quoted_update"):
        return _status(item.need("status"), ours, edit=True)
    if kind == "pleroma:chat_mention":
        return _chat(item, actor)
    if kind in ("favourite", "reblog") or kind in _REACTIONS:
        return _on_status(item, kind, actor, at)
    if kind == "follow":
        return Finding(
            native="notification:follow",
            verb="follow",
            actor=actor,
            at_us=at,
            account=OWNER,
            id=f"follow:{item.id('id')}",
            automated=item.child("account").flag("bot"),
        )
    if kind == "admin.report":
        return _report(item.child("report"), actor)
    return _joined(item, actor) if kind == "admin.sign_up" else _nothing(kind)


def _on_status(item: Node, kind: str, actor: str, at: int | None) -> Finding:
    status = item.need("status")
    target, object_ = status.need("account").id("id"), status.id("id")
    share, reacts = kind == "reblog", kind in _REACTIONS
    sign = (item.raw("emoji") or item.child("emoji_reaction").raw("name")) if reacts else None
    return Finding(
        native="notification:reaction" if reacts else f"notification:{kind}",
        verb="share" if share else "like",
        actor=actor,
        target=target,
        object=object_,
        at_us=at,
        direction="self" if actor == target else "inbound",
        id=_share_id(actor, object_) if share else f"like:{item.id('id')}",
        in_reply_to=object_,
        sentiment=of_sign(sign),
        automated=item.child("account").flag("bot"),
    )


def _chat(item: Node, actor: str) -> Finding:
    message = item.need("chat_message")
    own = message.id("id")
    at = times.iso(message, "created_at")
    return Finding(
        native="notification:chat",
        verb="message",
        actor=actor,
        object=own,
        at_us=at if at is not None else times.iso(item, "created_at"),
        account=OWNER,
        id=f"chat:{own}",
        key=f"chat:{own}",
        automated=item.child("account").flag("bot"),
    )


def _share_id(actor: str, object_: str) -> str:
    """One id for a boost, however it is told: the notification does not name the boost itself."""
    return f"reblog:{actor}:{object_}"


def _status(status: Node, ours: frozenset[str], *, edit: bool, at_us: int | None = None) -> Finding:
    own = status.id("id")
    author = status.need("account")
    actor = author.id("id")
    verb, target, object_ = chosen(list(_addressed(status, own)), actor, ours, own)
    name = {"post": "", "share": "reblog"}.get(verb, verb)
    if at_us is None:
        at_us = times.iso(status, "edited_at") if edit else times.iso(status, "created_at")
    direction = "inbound" if target else "none"
    return Finding(
        native=f"status{':edit' if edit else ''}{f'({name})' if name else ''}",
        verb=verb,
        op="update" if edit else "create",
        actor=actor,
        target=target,
        object=own if edit else object_,
        at_us=at_us,
        direction="self" if actor == target else direction,
        id=_share_id(actor, object_) if verb == "share" else own,
        key=own,
        in_reply_to=status.text("in_reply_to_id") if verb == "reply" else "",
        automated=author.flag("bot"),
    )


def _addressed(status: Node, own: str) -> Iterator[Address]:
    """Whom a status is to, the most direct first."""
    original = status.child("reblog")
    if original:
        yield "share", original.need("account").id("id"), original.id("id")
        return
    if "in_reply_to_account_id" in status:
        yield "reply", status.id("in_reply_to_account_id"), own
    quote = status.child("quote") or status.child("pleroma").child("quote")
    quoted = quote if "account" in quote else quote.child("quoted_status")  # itself, in forks
    if quoted:
        yield "quote", quoted.need("account").id("id"), quoted.id("id")
    for mention in status.nodes("mentions"):
        yield "mention", mention.id("id"), own


def _delete(root: Node) -> Finding:
    own = root.id("payload")
    return Finding(
        native="stream:delete",
        verb="post",
        op="delete",
        object=own,
        direction="none",
        id=own,
        key=own,
    )


def _report(report: Node, actor: str = "") -> Finding:
    return Finding(
        native="report.created",
        verb="report",
        actor=actor or report.child("account").text("id"),
        target=report.child("target_account").text("id"),
        object=report.id("id"),
        at_us=times.iso(report, "created_at"),
        direction="peer",
        id=f"report:{report.id('id')}",
    )


def _joined(item: Node, actor: str) -> Finding:
    return Finding(
        native="account.created",
        verb="join",
        actor=actor,
        at_us=times.iso(item, "created_at"),
        account=OWNER,
        id=f"join:{actor}",
    )


def _nothing(kind: str) -> Finding:
    if kind in _MODERATION:
        return Finding(native="moderation", op="moderate", direction="none")
    return Finding(native="other", op="ignore", direction="none", reason="no_act")
