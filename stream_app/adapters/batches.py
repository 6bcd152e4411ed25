"""Several activities of ActivityPub in one delivery, and those that a group passes on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from stream_app.adapters.addresses import id_of, kind_of
from stream_app.adapters.fields import Malformed, Node, Part

_COLLECTIONS = frozenset(
    f"{ordered}Collection{page}" for ordered in ("", "Ordered") for page in ("", "Page")
)


def unpacked(root: Node) -> Iterator[tuple[Part, str]]:
    """The activity that a delivery is, or those of a collection, each with the group that passes
    it on, `""` for none. Raises `Malformed` where a collection is none."""
    if kind_of(root) in _COLLECTIONS:
        for value, path in root.parts("orderedItems" if "orderedItems" in root else "items"):
            yield from _passed_on(value, path)
    else:
        yield from _passed_on(root.value, root.path)


def _passed_on(value: Any, path: str) -> Iterator[tuple[Part, str]]:
    """A group passes on what a member did, or a list of that: the member is the actor."""
    said = value.get("object") if isinstance(value, dict) else None
    inner = said if isinstance(said, list) else [said]
    group = ""
    if any(map(_is_activity, inner)):
        try:
            root = Node.of(value, path)
            group = id_of(root, "actor") if kind_of(root) == "Announce" else ""
        except Malformed:  # refused where it is read
            group = ""
    if not group:
        yield (value, path), ""
        return
    at = f"{path}.object"
    for n, one in enumerate(inner):
        yield (one, f"{at}[{n}]" if isinstance(said, list) else at), group


def _is_activity(value: Any) -> bool:
    return isinstance(value, dict) and bool(value.get("actor")) and bool(value.get("object"))
