"""The deliveries that mutation begins with, and the ways into them."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from stream_app.adapters.registry import UnknownPlatform, canonical
from stream_app.cli.normalize import parse_headers

from .support import SAMPLES

Way = tuple[str | int, ...]
"""Keys and places that lead to a value."""


class Body(NamedTuple):
    """A delivery to begin with: as bytes, and as a value where it is JSON."""

    payload: bytes
    headers: dict[str, str]
    value: Any
    ways: tuple[Way, ...]


def folders() -> list[Path]:
    """Our own samples, and those that `RAPPORT_DELIVERIES` names."""
    more = os.environ.get("RAPPORT_DELIVERIES")
    return [SAMPLES, Path(more)] if more else [SAMPLES]


@cache
def bodies(platform: str) -> tuple[Body, ...]:
    """All deliveries of a platform that there are."""
    found: dict[Path, Body] = {}
    for folder in folders():
        for path in sorted(folder.glob("*/*")):
            if path.suffix in (".json", ".xml", ".txt") and _platform(path) == platform:
                found[path] = _body(path)
    return tuple(found.values())


def _platform(path: Path) -> str:
    try:
        return canonical(path.parent.name)
    except UnknownPlatform:
        return ""


def _body(path: Path) -> Body:
    beside = path.with_suffix(".headers")
    headers = parse_headers(beside.read_text("utf-8")) if beside.is_file() else {}
    payload = path.read_bytes()
    try:
        value = json.loads(payload)
    except ValueError:
        return Body(payload, headers, None, ())
    return Body(payload, headers, value, tuple(ways_of(value)))


def ways_of(value: Any, way: Way = ()) -> list[Way]:
    """The ways to everything inside a value."""
    found = [way] if way else []
    if isinstance(value, dict | list):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            found += ways_of(part, (*way, key))
    return found


def part_at(value: Any, way: Way) -> Any:
    """What the way leads to."""
    for key in way:
        value = value[key]
    return value


def is_text(body: Body, way: Way) -> bool:
    """Whether it leads to a text."""
    return isinstance(part_at(body.value, way), str)
