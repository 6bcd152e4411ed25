"""Bluesky: one Jetstream event per delivery (commit, identity, account).

The firehose carries everybody's acts. Where the policy lists accounts of ours, a record that names
none of them is dropped before it is parsed; where it lists none, every account that is acted on
counts as a brand (`derive`), which suits a filtered stream and tests.

A like, a repost, a follow, a block is a record of its own, so its at-uri is the act's identity, and
a delete names only that: author, target and subject come from what was seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from stream_app.adapters import times
from stream_app.adapters.base import (
    MAX_DELIVERY_BYTES,
    Address,
    Delivery,
    Event,
    Finding,
    Outcome,
    chosen,
)
from stream_app.adapters.fields import Malformed, Node

PLATFORM = "bluesky"
_DID = re.compile(rb"did:[a-z0-9]+:[A-Za-z0-9._:%-]+")
_FEW = 16
"""So many names are searched for faster one by one."""
_TEXT = rb'"([^"\\\x00-\x1f\x7f-\xff]+)"'
"""A text that stands for itself."""
_HEAD = rb'\{"did": ?%s, ?"time_us": ?[1-9]\d{15}, ?(?:"cursor": ?\d+, ?)?"kind": ?' % _TEXT
"""How every event begins; newer servers of Jetstream add their cursor."""
_REMOVAL = re.compile(
    _HEAD + rb'"commit", ?"commit": ?\{"rev": ?"\w*", ?"operation": ?"delete", ?'
    rb'"collection": ?%s, ?"rkey": ?%s\}\}' % (_TEXT, _TEXT)
)
"""A delete as Jetstream writes it."""
_FIELD = rb'"(?!status)\w+": ?(?:true|false|[1-9]\d{0,17}|%s)' % _TEXT
_NEWS = re.compile(
    _HEAD
    + rb'(?:"identity", ?"identity|"account", ?"account)": ?\{%s(?:, ?%s)*\}\}' % (_FIELD, _FIELD)
)
"""A change of handle, or of an account that has no status: as Jetstream writes it."""
_KINDS = {"com": "commit", "id": "identity", "acc": "account"}
_OPERATIONS = {"c": "create", "u": "update", "d": "delete"}
_SUBJECTS = {
    "app.bsky.feed.like": "like",
    "app.bsky.feed.repost": "share",
    "app.bsky.graph.follow": "follow",
    "app.bsky.graph.block": "block",
}
_POST = "app.bsky.feed.post"
_STATUS_OPS = {"deleted": "erase", "takendown": "moderate", "suspended": "moderate"}

EVENTS = (
    Event("commit:create:app.bsky.feed.like", "like"),
    Event("commit:delete:app.bsky.feed.like", "like", "undo", "target from what was seen"),
    Event("commit:create:app.bsky.feed.repost", "share"),
    Event("commit:delete:app.bsky.feed.repost", "share", "undo", "target from what was seen"),
    Event("commit:create:app.bsky.graph.follow", "follow"),
    Event("commit:delete:app.bsky.graph.follow", "follow", "undo", "target from what was seen"),
    Event("commit:create:app.bsky.graph.block", "block"),
    Event("commit:delete:app.bsky.graph.block", "block", "undo", "target from what was seen"),
    Event("commit:create:app.bsky.feed.post(reply)", "reply", note="to the parent's author"),
    Event("commit:create:app.bsky.feed.post(quote)", "quote", note="to the quoted author"),
    Event("commit:create:app.bsky.feed.post(mention)", "mention"),
    Event("commit:create:app.bsky.feed.post", "post", note="addressed to nobody"),
    Event("commit:update:app.bsky.feed.post", "post", "update"),
    Event("commit:delete:app.bsky.feed.post", "post", "delete", "what it was, from what was seen"),
    Event("commit:other", "", "ignore", "profiles, lists, gates, updates of likes, ..."),
    Event("identity", "", "ignore", "handle change"),
    Event("account", "", "ignore", "active, deactivated (also on a move), throttled"),
    Event("account:deleted", "", "erase"),
    Event("account:takendown", "", "moderate"),
    Event("account:suspended", "", "moderate"),
    Event("other", "", "ignore", "kinds that are new"),
    Event("not_ours", "", "ignore", "names no account of ours"),
)
_NOT_OURS = Finding(native="not_ours", op="ignore", direction="none", reason="not_ours")


def read(delivery: Delivery) -> Iterator[Outcome]:
    """The one finding of a Jetstream event."""
    ours = delivery.accounts.of(PLATFORM)
    if ours and not _concerns(delivery.payload, ours):
        yield _NOT_OURS
        return
    root = delivery.json()
    did = root.id("did")
    kind = root.text("kind") or _KINDS.get(root.text("type"), "")
    if not kind:
        raise Malformed("$.kind", "commit, identity or account")
    if kind == "commit":
        yield _commit(root, did, ours)
    elif kind == "account":
        yield _account(root, did)
    else:
        at = _time(root.child(kind), "time", root) if kind == "identity" else _received(root)
        native = "identity" if kind == "identity" else "other"
        yield _ignored(native, did, at, "handle" if native == "identity" else "unknown_kind")


class Glance:
    """What a look at the bytes of an event tells: most of a firehose need not be parsed.

    It is never wrong, it only may not know: then `read` says what there is.
    """

    def __init__(self, ours: frozenset[str]) -> None:
        """`ours` are the listed accounts; of none everything may be about us."""
        self._ours = ours
        self._names = tuple(did.encode() for did in ours) if len(ours) <= _FEW else None

    def look(self, payload: bytes) -> str | None:
        """The at-uri of the only thing that it removes; empty: nothing comes of it; None: read it.

        What is removed may have been seen: then it has to be read, too.
        """
        if len(payload) > MAX_DELIVERY_BYTES:
            return None
        removal = _REMOVAL.fullmatch(payload)
        if removal is not None:
            did, collection, rkey = removal.groups()
            return f"at://{did.decode()}/{collection.decode()}/{rkey.decode()}"
        if not self._ours or self._names_us(payload):
            return None
        if b'"record"' in payload:
            return ""
        return "" if _NEWS.fullmatch(payload) is not None else None

    def _names_us(self, payload: bytes) -> bool:
        if self._names is None:
            return any(did.decode() in self._ours for did in _DID.findall(payload))
        for name in self._names:  # noqa: SIM110 - a generator costs more than all the rest
            if name in payload:
                return True
        return False


def _concerns(payload: bytes, ours: frozenset[str]) -> bool:
    """True if an event may be about us: it names us, or it removes a thing, or a person."""
    if any(did.decode() in ours for did in _DID.findall(payload)):
        return True
    return b'"record"' not in payload and b'"kind":"identity"' not in payload


def _commit(root: Node, did: str, ours: frozenset[str]) -> Finding:
    commit = root.need("commit")
    operation = commit.text("operation") or _OPERATIONS.get(commit.text("type"), "")
    collection = commit.id("collection")
    uri = f"at://{did}/{collection}/{commit.id('rkey')}"
    if collection == _POST:
        if operation == "delete":
            return _removal(root, did, uri, "post", "delete")
        return _post(root, did, uri, operation, ours)
    verb = _SUBJECTS.get(collection)
    if verb and operation == "create":
        return _on_subject(root, did, uri, verb)
    if verb and operation == "delete":
        return _removal(root, did, uri, verb, "undo")
    return _ignored("commit:other", did, _received(root), "other_record")


def _on_subject(root: Node, did: str, uri: str, verb: str) -> Finding:
    commit = root.child("commit")
    record = commit.need("record")
    on_person = verb in ("follow", "block")
    subject = record.id("subject") if on_person else record.need("subject").id("uri")
    target = subject if on_person else _author(subject, record.at("subject"))
    return Finding(
        native=f"commit:create:{commit.text('collection')}",
        verb=verb,
        actor=did,
        target=target,
        object="" if on_person else subject,
        at_us=_time(record, "createdAt", root),
        direction="self" if did == target else "inbound",
        id=uri,
        key=uri,
    )


def _removal(root: Node, did: str, uri: str, verb: str, op: str) -> Finding:
    collection = root.child("commit").text("collection")
    return Finding(
        native=f"commit:delete:{collection}",
        verb=verb,
        op=op,
        actor=did,
        object=uri,
        at_us=_received(root),
        direction="none" if op == "delete" else "inbound",
        id=uri,
        key=uri,
        undoes=uri,
    )


def _post(root: Node, did: str, uri: str, operation: str, ours: frozenset[str]) -> Finding:
    record = root.child("commit").need("record")
    at = _time(record, "createdAt", root)
    meant = list(_addressed(record, uri))
    verb, target, object_ = chosen(meant, did, ours)
    update = operation == "update"
    name = f"commit:{'update' if update else 'create'}:{_POST}"
    direction = "inbound" if target else "none"
    if target == did:
        direction = "self"
    elif ours and did in ours:
        direction = "outbound"
    elif ours and target not in ours:
        direction = "peer" if target else "none"
    return Finding(
        native=name if update or verb == "post" else f"{name}({verb})",
        verb="post" if update else verb,
        op="update" if update else "create",
        actor=did,
        target=target,
        object=uri if update else object_,
        at_us=at,
        direction=direction,
        id=uri,
        key=uri,
        in_reply_to=object_ if verb in ("reply", "quote") else "",
    )


def _addressed(record: Node, uri: str) -> Iterator[Address]:
    """Whom a post is to, the most direct first: (verb, person, object)."""
    parent = record.child("reply").child("parent")
    if parent:
        yield "reply", _author(parent.id("uri"), parent.path), parent.id("uri")
    embed = record.child("embed")
    kind = embed.text("$type").partition("#")[0]
    if kind in ("app.bsky.embed.record", "app.bsky.embed.recordWithMedia"):
        quoted = embed.child("record")
        quoted = quoted if "uri" in quoted else quoted.child("record")
        yield "quote", _author(quoted.id("uri"), quoted.path), quoted.id("uri")
    for facet in record.nodes("facets"):
        for feature in facet.nodes("features"):
            if feature.text("$type") == "app.bsky.richtext.facet#mention":
                yield "mention", feature.id("did"), uri


def _account(root: Node, did: str) -> Finding:
    account = root.need("account")
    status = "" if account.flag("active") else account.text("status")
    op = _STATUS_OPS.get(status, "ignore")
    at = _time(account, "time", root)
    if op == "ignore":
        return _ignored("account", did, at, "account_status")
    return Finding(native=f"account:{status}", op=op, actor=did, at_us=at, direction="none", id=did)


def _ignored(native: str, did: str, at_us: int | None, reason: str) -> Finding:
    return Finding(
        native=native, op="ignore", actor=did, at_us=at_us, direction="none", reason=reason
    )


def _author(uri: str, path: str) -> str:
    """The DID (or handle) in `at://did:plc:abc/collection/rkey`."""
    author = uri.removeprefix("at://").partition("/")[0]
    if not uri.startswith("at://") or not author:
        raise Malformed(path, "an at-uri")
    return author


def _time(node: Node, key: str, root: Node) -> int | None:
    """A time that the author claims; where it is no time, the relay's own."""
    try:
        at = times.iso(node, key)
    except Malformed:
        at = None
    return at if at is not None else _received(root)


def _received(root: Node) -> int | None:
    return times.micros(root, "time_us")
