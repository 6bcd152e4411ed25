"""Addresses in an activity of ActivityPub: whom it is to, whom it names, where it was made."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from stream_app.adapters.fields import Malformed, Node

_VOCABULARY = re.compile(r"(?:https?://www\.w3\.org/ns/activitystreams#|as:)")
_PUBLIC = frozenset(("https://www.w3.org/ns/activitystreams#Public", "as:Public", "Public"))


def kind_of(node: Node) -> str:
    """The type of a thing, `""` if it has none; of several the first that is not an extension's,
    which are written with a prefix."""
    said: Any = node.raw("type")
    if isinstance(said, list):
        names = [_VOCABULARY.sub("", one, 1) for one in said if isinstance(one, str)]
        return next((name for name in names if ":" not in name), "")
    return _VOCABULARY.sub("", node.text("type"), 1)


def iri(node: Node, key: str) -> str:
    """The address in a field that may hold an address, an object or a list of such; or `""`."""
    value: Any = node.raw(key)
    if isinstance(value, list):
        value = value[0] if value else None
    if isinstance(value, dict):
        value = value.get("id")
    return value if isinstance(value, str) else ""


def id_of(node: Node, key: str) -> str:
    """As `iri`, and it must be there."""
    address = iri(node, key)
    if not address:
        raise Malformed(node.at(key), "an address, or an object with an id")
    return address


def place(root: Node, item: Node, actor: str) -> str:
    """The group that a post is made in: its audience; of a page, whom it is to."""
    for said in (iri(root, "audience"), iri(item, "audience")):
        if said and not _is_public(said) and not _is_collection(said):
            return said
    return recipient(root, actor) if kind_of(item) == "Page" else ""


def mentioned(item: Node, actor: str) -> Iterator[str]:
    """The persons named in the text."""
    tags = item.raw("tag")
    for tag in tags if isinstance(tags, list) else [tags]:
        if isinstance(tag, dict) and tag.get("type") == "Mention":
            href = tag.get("href")
            if isinstance(href, str) and href != actor:
                yield href


def recipient(root: Node, actor: str) -> str:
    """The first person in `to` and `cc`: not the public, not followers, not the author."""
    for one in _audience(root):
        if one != actor and not _is_public(one) and not _is_collection(one):
            return one
    return ""


def only_one(root: Node, item: Node, actor: str) -> str:
    """The one person that an object is for, and nobody else may see; `""` if there are more."""
    audience = {*_audience(root), *_audience(item)} - {actor}
    if len(audience) != 1 or any(_is_public(one) or _is_collection(one) for one in audience):
        return ""
    return audience.pop()


def server(address: str) -> list[str]:
    """The server that an address is of, however it is reached."""
    parts = address.lower().split("/")
    return parts[2:3] or parts


def by_moderator(root: Node, own: str, actor: str) -> bool:
    """True if a moderator removed a thing, which does not undo what its author did: only of a
    group's may they be of another server, and they give a reason (Lemmy)."""
    reasoned = isinstance(root.raw("summary"), str) and "audience" in root
    return reasoned or ("/" in own and server(own) != server(actor))


def _audience(node: Node) -> Iterator[str]:
    """All addresses of `to` and `cc`."""
    for key in ("to", "cc"):
        said = node.raw(key)
        yield from (a for a in (said if isinstance(said, list) else [said]) if isinstance(a, str))


def _is_public(address: str) -> bool:
    return address in _PUBLIC or address.startswith(("http://www.w3.org/", "https://www.w3.org/"))


def _is_collection(address: str) -> bool:
    return address.rpartition("/")[2] in ("followers", "subscribers", "following", "members")
