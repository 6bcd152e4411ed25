"""Messenger: the `messaging` events of a Page's webhook."""

from __future__ import annotations

from collections.abc import Iterator

from stream_app.adapters import meta, times
from stream_app.adapters.base import Delivery, Event, Finding, Outcome, each
from stream_app.adapters.fields import Node

PLATFORM = "messenger"

EVENTS = (*meta.EVENTS, Event("other", "", "ignore", "changes of the Page, what is new"))


def read(delivery: Delivery) -> Iterator[Outcome]:
    """All messaging events of all entries."""
    yield from meta.entries(delivery, _entry)


def _entry(entry: Node, kind: str) -> Iterator[Outcome]:
    page = entry.id("id")
    for key in ("messaging", "standby"):
        yield from each(entry.parts(key), lambda event: meta.message(event, page))
    yield from each(entry.parts("changes"), lambda change: _change(change, page, entry))


def _change(change: Node, page: str, entry: Node) -> Iterator[Outcome]:
    if meta.is_messaging(change):
        yield from meta.message(change.need("value"), page)
        return
    yield Finding(
        native="other",
        op="ignore",
        target=page,
        at_us=times.seconds_or_millis(entry, "time"),
        direction="none",
        reason="unknown_event",
    )
