"""ActivityPub: one activity as it arrives in an inbox (Mastodon, Pleroma, Lemmy, Friendica, ...).

A like names the liked object and hardly ever its owner: the owner is known where an account of ours
is listed and the object's address begins with it, or where the object stands in the like. An `Undo`
or a `Delete` may name only an id; what that was comes from what was seen. The time inside an undone
activity is that activity's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

from stream_app.adapters import times
from stream_app.adapters.addresses import (
    by_moderator,
    id_of,
    iri,
    kind_of,
    mentioned,
    only_one,
    place,
    recipient,
    server,
)
from stream_app.adapters.base import (
    Address,
    Delivery,
    Event,
    Finding,
    Outcome,
    chosen,
    each,
)
from stream_app.adapters.batches import unpacked
from stream_app.adapters.fields import Node
from stream_app.adapters.sentiments import of_sign

PLATFORM = "activitypub"
_ACTORS = frozenset(("Person", "Service", "Application", "Organization"))
_ON_OBJECT = {
    "Like": "like",
    "EmojiReact": "like",
    "Announce": "share",
    "Dislike": "dislike",
    "View": "view",
    "Read": "view",
    "Listen": "view",
}
_JOINS = frozenset(("Join", "Leave"))
_ON_ACTOR = {"Follow": "follow", "Block": "block", "Join": "join"}
_VERBS = {**_ON_OBJECT, **_ON_ACTOR}
_GUESSED = ("like", "follow", "share", "block")
_MODERATION = frozenset(("Add", "Remove", "Lock", "Warn", "Resolve"))
_THING = re.compile(r"/(?:post|comment|statuse|object|note|notice|p|videos/watch)s?/")
"""What servers' addresses of posts have, and those of people have not."""

EVENTS = (
    Event("Create(reply)", "reply", note="a reply that also mentions is one act"),
    Event("Create(mention)", "mention"),
    Event("Create(quote)", "quote"),
    Event("Create(message)", "message", note="a chat, or a note for one person alone"),
    Event("Create(vote)", "vote"),
    Event("Create", "post"),
    Event("Update(reply)", "reply", "update"),
    Event("Update(mention)", "mention", "update"),
    Event("Update(quote)", "quote", "update"),
    Event("Update(message)", "message", "update"),
    Event("Update", "post", "update"),
    Event("Delete", "post", "delete", "what it was, from what was seen"),
    Event("Delete(actor)", "", "erase"),
    *(Event(name, verb) for name, verb in _VERBS.items()),
    *(Event(f"Undo({name})", verb, "undo") for name, verb in _VERBS.items()),
    Event("View(counted)", "view", "aggregate", "how many have looked, by PeerTube"),
    Event("Undo(Delete)", "post", "restore", "what it was, from what was seen"),
    Event("Leave", "join", "undo"),
    *(Event(f"Undo({verb})", verb, "undo", "by id only, as it looks") for verb in _GUESSED),
    Event("Undo(unknown)", "", "undo", "by id only"),
    Event("Flag", "report", note="by a server's own actor, as servers do"),
    Event("moderation", "", "moderate", "Add, Remove, Lock, ..., what they delete, and undone"),
    Event("other", "", "ignore", "Accept, Reject, Move, Update of an actor, what is new"),
)


def read(delivery: Delivery) -> Iterator[Outcome]:
    """The finding of one activity, or of each of several."""
    yield from each(delivery.parts(), lambda root: _all(root, delivery))


def _all(root: Node, delivery: Delivery) -> Iterator[Outcome]:
    for part, group in unpacked(root):
        yield from each([part], partial(_activity, delivery=delivery, group=group))


def _kind(root: Node) -> str:
    """The type of an activity, and it must be there."""
    return kind_of(root) or root.id("type")


def _activity(root: Node, delivery: Delivery, group: str) -> Finding:
    kind = _kind(root)
    if kind in ("Create", "Update"):
        return _object(root, kind, delivery, group)
    if kind == "View" and isinstance(root.raw("result"), dict):
        return _counted(root, delivery)
    if kind in _VERBS:
        return _act(root, kind, delivery, group)
    if kind == "Undo":
        return _undo(root, delivery)
    if kind == "Delete":
        return _delete(root)
    if kind == "Leave":
        return _leave(root, delivery)
    if kind == "Flag":
        return _flag(root)
    return _moderation(root) if kind in _MODERATION else _ignored(root, "no_act")


def _object(root: Node, kind: str, delivery: Delivery, group: str) -> Finding:
    item, actor = _made(root), id_of(root, "actor")
    if kind_of(item) in (*_ACTORS, "Group"):
        return _ignored(root, "actor_update")
    own = item.id("id")
    meant = list(_addressed(root, item, actor, delivery))
    verb, target, object_ = chosen(meant, actor, delivery.accounts.of(PLATFORM), own)
    if verb == "post":
        target = group or place(root, item, actor)
    update = kind == "Update"
    at = times.iso(item, "updated") if update else times.iso(root, "published")
    direction = "inbound" if target or verb != "post" else "none"
    return Finding(
        native=kind if verb == "post" else f"{kind}({verb})",
        verb=verb,
        op="update" if update else "create",
        actor=actor,
        target=target,
        object=own if update else object_,
        at_us=at if at is not None or update else times.iso(item, "published"),
        direction="self" if actor == target else direction,
        id=own,
        key=own,
        in_reply_to=iri(item, "inReplyTo") if verb == "reply" else "",
        automated=kind_of(root.child("actor")) in ("Service", "Application")
        if isinstance(root.raw("actor"), dict)
        else False,
    )


def _made(root: Node) -> Node:
    """What was made: the object, or its address alone, which tells no more."""
    said = root.raw("object")
    return Node({"id": said}, root.at("object")) if isinstance(said, str) else root.need("object")


def _addressed(root: Node, item: Node, actor: str, delivery: Delivery) -> Iterator[Address]:
    """Whom an object is to, the most direct first. Whose an answered or quoted object is shows in
    its address if it is ours or the author's own; else it is the first person named."""
    own, named = item.id("id"), list(mentioned(item if "tag" in item else root, actor))
    told = next(iter(named), "") or recipient(root, actor) or recipient(item, actor)
    parent = iri(item, "inReplyTo")
    quoted = iri(item, "quote") or item.first("quoteUrl", "quoteUri", "_misskey_quote")
    answer = "vote" if "name" in item and not item.text("content") else "reply"
    for verb, object_ in ((answer, parent), ("quote", quoted)):
        if object_:
            owner = _owner(object_, delivery)
            if not owner and object_.startswith(f"{actor}/"):
                owner = actor
            yield verb, owner or told, object_
            if owner == actor and not named:
                yield verb, told, object_
    if kind_of(item) == "ChatMessage":
        yield "message", told, own
    alone = only_one(root, item, actor) if kind_of(item) == "Note" else ""
    if alone and not (parent or quoted or named):
        yield "message", alone, own
    for person in named:
        yield "mention", person, own


def _act(root: Node, kind: str, delivery: Delivery, group: str) -> Finding:
    verb, actor, own = _VERBS[kind], id_of(root, "actor"), root.text("id")
    by_group, (target, object_) = _banned_from(root), _whom(root, kind, delivery)
    target = target or recipient(root, actor)
    return Finding(
        native=kind,
        verb=verb,
        actor=actor,
        target=target,
        object=object_,
        at_us=times.iso(root, "published"),
        direction=_direction(actor, target, by_group),
        account=by_group,
        id=own or f"{kind}:{actor}:{id_of(root, 'object')}",
        key=own,
        in_reply_to=object_,
        sentiment=of_sign(root.raw("content")),
    )


def _whom(root: Node, kind: str, delivery: Delivery) -> tuple[str, str]:
    """Towards whom an act is and on what; an event that is joined is its owner's, where known."""
    subject = id_of(root, "object")
    if kind in _ON_OBJECT:
        return _author(root, delivery), subject
    said = root.raw("object")
    event = not isinstance(said, dict) or kind_of(root.need("object")) == "Event"
    owner = _author(root, delivery) if kind in _JOINS and event else ""
    return (owner, subject) if owner else (subject, "")


def _counted(root: Node, delivery: Delivery) -> Finding:
    """How many have looked, as servers tell each other: it names nobody."""
    return Finding(
        native="View(counted)",
        verb="view",
        op="aggregate",
        target=_author(root, delivery),
        object=id_of(root, "object"),
        at_us=times.iso(root, "published"),
    )


def _banned_from(root: Node) -> str:
    """The group that a person is shut out of: that is the group's act, not a moderator's own."""
    return iri(root, "target") if kind_of(root) == "Block" else ""


def _direction(actor: str, target: str, by_group: str) -> str:
    return "outbound" if by_group else "self" if actor == target else "inbound"


def _undo(root: Node, delivery: Delivery) -> Finding:
    actor = id_of(root, "actor")
    at = _taken_back(root)
    inner = root.raw("object")
    if not isinstance(inner, dict):
        own = id_of(root, "object")
        verb = _guessed(own)
        return Finding(
            native=f"Undo({verb or 'unknown'})",
            verb=verb,
            op="undo",
            actor=actor,
            object=own,
            at_us=at,
            id=own,
            key=own,
            undoes=own,
        )
    done = root.need("object")
    kind = _kind(done)
    if kind == "Delete":
        return _restored(root, done, actor)
    if kind not in _VERBS:
        return _moderation(done) if kind in _MODERATION else _ignored(root, "unknown_undo")
    by_group = _banned_from(done)
    own, (target, object_) = done.text("id"), _whom(done, kind, delivery)
    target = target or recipient(root, actor) or recipient(done, actor)
    return Finding(
        native=f"Undo({kind})",
        verb=_VERBS[kind],
        op="undo",
        actor=actor,
        target=target,
        object=object_,
        at_us=at,
        direction=_direction(actor, target, by_group),
        account=by_group,
        # A server may keep no id of what is undone: then it is the newest of its kind.
        id=own or root.text("id") or f"undo:{kind}:{actor}:{id_of(done, 'object')}",
        key=own,
        undoes=own,
    )


def _taken_back(root: Node) -> int | None:
    """When something was taken back; Friendica puts the time there when it was made."""
    by = root.raw("instrument")
    made_at = isinstance(by, dict) and str(by.get("name")).startswith("Friendica")
    return None if made_at else times.iso(root, "published")


def _restored(root: Node, done: Node, actor: str) -> Finding:
    own = id_of(done, "object")
    if own == actor:
        return _ignored(root, "unknown_undo")
    if by_moderator(done, own, id_of(done, "actor")):
        return _moderation(done)
    return Finding(
        native="Undo(Delete)",
        verb="post",
        op="restore",
        actor=actor,
        object=own,
        at_us=_taken_back(root),
        direction="none",
        id=f"{own}~{root.text('id') or done.text('id')}",
        key=own,
    )


def _guessed(activity: str) -> str:
    """The verb of an activity known by its id only, by how servers make ids."""
    for sign in ("like", "react", "follow", "block"):
        if f"#{sign}" in activity or f"/{sign}" in activity:
            return "like" if sign == "react" else sign
    return "share" if "announce" in activity or activity.endswith("/activity") else ""


def _delete(root: Node) -> Finding:
    actor, own = id_of(root, "actor"), id_of(root, "object")
    item = root.raw("object")
    person = isinstance(item, dict) and kind_of(root.need("object")) in _ACTORS
    if own.rstrip("/") == actor.rstrip("/"):
        own = actor
    # Whose server deletes them is gone, not the moderator who did it; no other server may.
    erase = own == actor or (person and server(own) == server(actor))
    if not person and not erase and by_moderator(root, own, actor):
        return _moderation(root)
    return Finding(
        native="Delete(actor)" if erase else "Delete",
        verb="" if erase else "post",
        op="erase" if erase else "delete",
        actor=own if erase else actor,
        object=own,
        at_us=_taken_back(root),
        direction="none",
        id=own,
        key="" if erase else own,
        undoes="" if erase else own,
    )


def _leave(root: Node, delivery: Delivery) -> Finding:
    actor, (target, object_) = id_of(root, "actor"), _whom(root, "Leave", delivery)
    return Finding(
        native="Leave",
        verb="join",
        op="undo",
        actor=actor,
        target=target,
        object=object_,
        at_us=times.iso(root, "published"),
        id=root.text("id") or f"leave:{actor}:{id_of(root, 'object')}",
    )


def _flag(root: Node) -> Finding:
    said = root.raw("object")
    parts = said if isinstance(said, list) else [said]
    named = [one.get("id") if isinstance(one, dict) else one for one in parts]
    told = [one for one in named if isinstance(one, str)]
    return Finding(
        native="Flag",
        verb="report",
        actor=id_of(root, "actor"),
        target=next((one for one in told if not _THING.search(one)), ""),
        object=next((one for one in told if _THING.search(one)), ""),
        at_us=times.iso(root, "published"),
        direction="peer",
        id=root.id("id"),
    )


def _owner(address: str, delivery: Delivery) -> str:
    """The listed account whose address an object's address goes on from."""
    ours = [a for a in delivery.accounts.of(PLATFORM) if address.startswith(f"{a.rstrip('/')}/")]
    return max(ours, key=len, default="")


def _author(root: Node, delivery: Delivery) -> str:
    """Whose the object of an activity is: by its address, or by itself where it stands there."""
    owner = _owner(id_of(root, "object"), delivery)
    if owner or not isinstance(root.raw("object"), dict):
        return owner
    item = root.need("object")
    return iri(item, "attributedTo") or iri(item, "actor")


def _moderation(root: Node) -> Finding:
    return Finding(
        native="moderation",
        op="moderate",
        actor=iri(root, "actor"),
        object=iri(root, "object"),
        direction="none",
    )


def _ignored(root: Node, reason: str) -> Finding:
    return Finding(
        native="other",
        op="ignore",
        actor=iri(root, "actor"),
        at_us=times.iso(root, "published"),
        direction="none",
        reason=reason,
    )
