"""Reading the samples and the tables of right answers."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from stream_app.adapters.accounts import NO_ACCOUNTS, Accounts
from stream_app.adapters.base import Finding, Outcome, Refusal
from stream_app.adapters.interactions import Interaction, Skip, interaction
from stream_app.adapters.registry import PLATFORMS, UnknownPlatform, canonical, read
from stream_app.adapters.seen import Seen
from stream_app.cli.normalize import parse_headers

SAMPLES = Path(str(files("stream_app.adapters").joinpath("samples")))
RECEIVED_MS = 1_786_752_000_000
"""2026-08-15T00:00:00Z: later than all samples, and not so late that they are too old."""


def table(path: Path) -> list[dict[str, str]]:
    """The rows of a table in a TSV file."""
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t"))


def deliver(path: Path, accounts: Accounts = NO_ACCOUNTS) -> list[Outcome]:
    """What the adapter finds in a delivery; its platform is its folder's name."""
    beside = path.with_suffix(".headers")
    headers = parse_headers(beside.read_text("utf-8")) if beside.is_file() else {}
    return read(path.parent.name, path.read_bytes(), headers, accounts)


def findings(path: Path, accounts: Accounts = NO_ACCOUNTS) -> list[Finding]:
    """As `deliver`, where nothing is refused."""
    outcomes = deliver(path, accounts)
    assert not [o for o in outcomes if isinstance(o, Refusal)], outcomes
    return [o for o in outcomes if isinstance(o, Finding)]


def becomes(made: Interaction | Skip | Refusal) -> str:
    """One line on what became of a finding, as `expected.tsv` has it."""
    if isinstance(made, Refusal):
        return f"refused {made.reason}"
    if isinstance(made, Skip):
        return f"skip {made.reason}"
    line = f"{made['op']} {made['direction']} {made['verb']} {made['id']}"
    if "undoes" in made:
        line += f" undoes {made['undoes']}"
    if "value" in made:
        line += f" value {made['value']['amount']} {made['value']['currency']}"
    return line


def made_of(paths: list[Path], accounts: Accounts = NO_ACCOUNTS) -> Iterator[dict[str, Any]]:
    """The interactions of deliveries of one platform, in order, with one memory."""
    seen = Seen()
    for path in paths:
        for finding in findings(path, accounts):
            made = interaction(finding, path.parent.name, accounts, RECEIVED_MS, seen)
            if isinstance(made, dict):
                yield made


def outcomes_of(
    platform: str,
    deliveries: Iterable[Any],
    accounts: Accounts = NO_ACCOUNTS,
    headers: Mapping[str, str] | None = None,
) -> Iterator[tuple[Outcome, Interaction | Skip | Refusal]]:
    """What is found in deliveries (JSON values), in order, and what becomes of it in one memory."""
    seen = Seen()
    for value in deliveries:
        for outcome in read(platform, json.dumps(value).encode(), headers, accounts):
            if isinstance(outcome, Refusal):
                yield outcome, outcome
            else:
                yield outcome, interaction(outcome, platform, accounts, RECEIVED_MS, seen)


def lines_of(
    platform: str,
    deliveries: Iterable[Any],
    accounts: Accounts = NO_ACCOUNTS,
    headers: Mapping[str, str] | None = None,
) -> list[str]:
    """As `outcomes_of`, a line each (`becomes`)."""
    made = outcomes_of(platform, deliveries, accounts, headers)
    return [becomes(what) for _, what in made]


@cache
def samples(platform: str) -> list[Path]:
    """The deliveries of a platform among our samples, in the order of `expected.tsv`."""
    rows = table(SAMPLES / "expected.tsv")
    names = dict.fromkeys(row["path"] for row in rows if row["path"].startswith(f"{platform}/"))
    return [SAMPLES / name for name in names]


def reference() -> list[Any]:
    """Rows of the reference deliveries that the project's owner keeps, one parameter each.

    `RAPPORT_DELIVERIES` names their folder. Not set: skipped, with a reason. Set, but without an
    index: that is a failure, not a skip.
    """
    folder = os.environ.get("RAPPORT_DELIVERIES")
    if not folder:
        reason = "RAPPORT_DELIVERIES names no folder of reference deliveries"
        return [pytest.param(None, None, id="none", marks=pytest.mark.skip(reason=reason))]
    index = Path(folder) / "INDEX.tsv"
    if not index.is_file():
        return [pytest.param(None, index, id="missing")]
    return [
        pytest.param(row, Path(folder), id=f"{row['path']}#{row['n']}")
        for row in table(index)
        if _known(row["platform"])
    ]


def _known(platform: str) -> bool:
    try:
        return canonical(platform) in PLATFORMS
    except UnknownPlatform:
        return False


def found(platform: str, value: Any, headers: dict[str, str] | None = None) -> list[Finding]:
    """The findings of one delivery, of which nothing is refused."""
    outcomes = [outcome for outcome, _ in outcomes_of(platform, [value], headers=headers)]
    findings = [outcome for outcome in outcomes if isinstance(outcome, Finding)]
    assert findings == outcomes
    return findings
