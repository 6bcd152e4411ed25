"""StumbleUpon: one line of an exported history, for import of old archives.

The service closed in 2018 and documented no export format; this reads the fields that exports
and scrapers of its pages have in common. The site that a page belongs to is the brand's account.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from stream_app.adapters import times
from stream_app.adapters.base import Delivery, Event, Finding, Outcome, each
from stream_app.adapters.fields import Malformed, Node

PLATFORM = "stumbleupon"
_ACTS = {
    "like": "like",
    "thumbup": "like",
    "1": "like",
    "dislike": "dislike",
    "thumbdown": "dislike",
    "-1": "dislike",
    "review": "review",
    "share": "share",
    "submit": "post",
    "discovery": "post",
    "stumble": "view",
    "view": "view",
    "0": "view",
}

EVENTS = (
    *(Event(verb, verb) for verb in dict.fromkeys(_ACTS.values())),
    Event("other", "", "ignore", "lists, channels, interests, what is new"),
)


def read(delivery: Delivery) -> Iterator[Outcome]:
    """The findings of one line, or of a whole history in `items`."""
    root = delivery.json()
    if "items" in root:
        person = root.first("user", "username", "userid")
        yield from each(root.parts("items"), lambda item: _item(item, person))
    else:
        yield _item(root, "")


def _item(item: Node, person: str) -> Finding:
    kind = item.first("type", "action", "rating", "thumb")
    if not kind:
        raise Malformed(item.at("type"), "what was done: like, dislike, review, share, stumble")
    actor = item.first("user", "username", "userid") or person
    at = _time(item)
    verb = _ACTS.get(kind.lower().replace("_", "").replace(" ", ""))
    if verb is None:
        return Finding(
            native="other", op="ignore", actor=actor, at_us=at, direction="none", reason="no_act"
        )
    url = item.first("url", "link")
    site = _site(url, item)
    return Finding(
        native=verb,
        verb=verb,
        actor=actor,
        target=site,
        object=url,
        at_us=at,
        id=f"{verb}:{actor}:{url}:{'' if at is None else at // 1_000}",
    )


def _site(url: str, item: Node) -> str:
    try:
        host = urlsplit(url).hostname
    except ValueError:
        host = None
    if not host:
        raise Malformed(item.at("url"), "the address of a page")
    return host.removeprefix("www.")


def _time(item: Node) -> int | None:
    for key in ("timestamp", "date", "created"):
        value = item.raw(key)
        if isinstance(value, str) and not value.strip().lstrip("-").isdigit() and value:
            return times.rfc3339(value, item.at(key), assume_utc=True)
        if value is not None and value != "":
            return times.seconds(item, key)
    return None
