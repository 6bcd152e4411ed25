"""Which files can be imported, and what reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

from stream_app.backfill.anycsv import anycsv
from stream_app.backfill.discourse import discourse
from stream_app.backfill.found import Reader
from stream_app.backfill.jsonl import gharchive, jetstream
from stream_app.backfill.stumbleupon import stumbleupon
from stream_app.backfill.wxr import wxr
from stream_app.backfill.xarchive import xarchive

READERS: Final[dict[str, Reader]] = {
    "bluesky": jetstream,
    "csv": anycsv,
    "discourse": discourse,
    "github": gharchive,
    "stumbleupon": stumbleupon,
    "twitter": xarchive,
    "wordpress": wxr,
    "x": xarchive,
}
RAW: Final = frozenset(("bluesky",))
"""Platforms whose files hold deliveries just as the platform sends them, each with its time."""


class Source(NamedTuple):
    """A file of a platform."""

    platform: str
    path: Path
