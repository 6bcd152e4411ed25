"""A folder of platforms' deliveries, in an order in which the service accepts all of them.

    <folder>/<platform>/<delivery>.json       the payload; .xml where a platform sends that
    <folder>/<platform>/<delivery>.headers    its HTTP headers, if it had some: `Name: value`

Such collections span years, and an act that is half a year older than what its partition has seen
is refused. So they are sent in the order of their times, in groups; a group is sent when the one
before it has been taken.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Final

from stream_app.adapters.base import Finding
from stream_app.adapters.registry import UnknownPlatform, canonical, read
from stream_app.domain.clock import DAY_MS

SUFFIXES: Final = (".json", ".xml")
GROUP_DAYS: Final = 150
"""Longest span of a group: within it nothing can be too old, in whatever order it is taken."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One payload, as a platform sent it."""

    platform: str
    name: str
    payload: bytes
    headers: tuple[tuple[str, bytes], ...]
    key: bytes
    latest_ms: int | None
    """The latest time in it; None if something in it gets the time of its receipt."""


@dataclass(frozen=True, slots=True)
class Collection:
    """What a folder holds. `skipped`: sub-folders without an adapter."""

    before: list[list[Delivery]] = field(default_factory=list)
    """Groups from before the generated history."""
    after: list[Delivery] = field(default_factory=list)
    """Deliveries that are to be sent after it: newer, or dated by their receipt."""
    skipped: list[str] = field(default_factory=list)

    @property
    def all(self) -> list[Delivery]:
        """Every delivery, in order."""
        return [one for group in self.before for one in group] + self.after

    @property
    def platforms(self) -> tuple[str, ...]:
        """Those that have deliveries."""
        return tuple(sorted({one.platform for one in self.all}))


def samples() -> Path:
    """The samples that come with the adapters."""
    return Path(str(files("stream_app.adapters") / "samples"))


def collect(folder: Path, history_ms: int) -> Collection:
    """Read a folder; `history_ms` is the time at which the generated history begins."""
    found: list[Delivery] = []
    skipped: list[str] = []
    for sub in sorted(path for path in folder.iterdir() if path.is_dir()):
        try:
            platform = canonical(sub.name)
        except UnknownPlatform:
            skipped.append(sub.name)
            continue
        payloads = sorted(path for path in sub.iterdir() if path.suffix in SUFFIXES)
        found.extend(_delivery(platform, path) for path in payloads)
    old = [one for one in found if one.latest_ms is not None and one.latest_ms < history_ms]
    rest = [one for one in found if one.latest_ms is None or one.latest_ms >= history_ms]
    # Those that are dated by their receipt come last: they move time to now.
    rest.sort(key=lambda one: (one.latest_ms is None, one.latest_ms or 0, one.name))
    return Collection(_groups(old), rest, skipped)


def _delivery(platform: str, path: Path) -> Delivery:
    payload = path.read_bytes()
    beside = path.with_suffix(".headers")
    pairs = _headers(beside.read_text("utf-8", "replace")) if beside.is_file() else ()
    outcomes = read(platform, payload, dict(pairs))
    findings = [one for one in outcomes if isinstance(one, Finding)]
    times = [one.at_us // 1_000 for one in findings if one.at_us is not None]
    undated = any(one.at_us is None and one.op != "ignore" for one in findings)
    names = [name for one in findings for name in (one.actor, one.brand_account) if name]
    return Delivery(
        platform,
        f"{platform}/{path.name}",
        payload,
        tuple((name, value.encode()) for name, value in pairs),
        (names[0] if names else platform).encode("utf-8", "surrogatepass"),
        None if undated else max(times, default=0),
    )


def _headers(text: str) -> tuple[tuple[str, str], ...]:
    pairs = (line.partition(":") for line in text.splitlines() if ":" in line)
    return tuple((name.strip(), value.strip()) for name, _, value in pairs)


def _groups(deliveries: list[Delivery]) -> list[list[Delivery]]:
    """In the order of time, cut where a group would span too long."""
    groups: list[list[Delivery]] = []
    first_ms = 0  # of a group so far without a time
    for one in sorted(deliveries, key=lambda one: (one.latest_ms or 0, one.name)):
        at_ms = one.latest_ms or 0
        if not groups or (first_ms and at_ms - first_ms > GROUP_DAYS * DAY_MS):
            groups.append([])
            first_ms = 0
        groups[-1].append(one)
        first_ms = first_ms or at_ms
    return groups
