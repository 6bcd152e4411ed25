"""`rapport normalize`: what an adapter makes of deliveries, without Kafka."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
import msgspec

from stream_app.adapters.accounts import Accounts
from stream_app.adapters.base import Finding, Outcome, Refusal
from stream_app.adapters.interactions import interaction
from stream_app.adapters.registry import ALIASES, PLATFORMS, canonical, read
from stream_app.adapters.seen import Seen
from stream_app.adapters.times import shown
from stream_app.backfill.errors import UnreadableFileError
from stream_app.backfill.files import opened
from stream_app.cli.options import policy_option
from stream_app.domain.policy import Policy

_SUFFIXES = (".json", ".xml", ".txt")


@click.command(
    epilog="""\b
Example, one delivery from a file and one from a pipe:
  rapport normalize --platform github --headers fork.headers fork.json
  curl -s ... | rapport normalize --platform bluesky -

Exit status: 0 all were read, 1 something was refused or cannot be read, 2 wrong use or no
deliveries, 74 standard output cannot be written, 130 interrupted."""
)
@click.option(
    "--platform",
    required=True,
    type=click.Choice(sorted({*PLATFORMS, *ALIASES})),
    help="Which adapter reads the deliveries.",
)
@click.option(
    "--headers",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="HTTP headers of the delivery, one `Name: value` a line. Default: FILE's name with the "
    "suffix .headers, if there is one.",
)
@policy_option
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, allow_dash=True, path_type=Path)
)
def normalize(platform: str, headers: Path | None, policy: Policy, files: tuple[Path, ...]) -> None:
    """Print what the deliveries in FILES say, one JSON line per event, in order.

    FILE is one delivery, plain or gzip, a folder of them, or - for standard input. A removal is
    matched with what earlier FILES said. Where an event becomes an interaction the line shows it
    as the service would append it to the log; an event without a time of its own gets the receipt
    time there. The accounts of the policy say which account is which brand.
    """
    accounts = Accounts.of_policy(policy.accounts)
    seen = Seen()
    refused = False
    for path in _deliveries(files):
        try:
            with opened(path) as file:
                payload = file.read()
        except UnreadableFileError as error:
            click.echo(f"rapport normalize: {error}", err=True)
            refused = True
            continue
        found = read(platform, payload, _headers(headers, path), accounts)
        for n, outcome in enumerate(found):
            line = _row(n, outcome, canonical(platform), accounts, seen)
            refused = refused or "refused" in line
            click.echo(msgspec.json.encode(line))
            if "refused" in line:
                click.echo(f"{path.name}: refused, {line['refused']}", err=True)
    if refused:
        sys.exit(1)


def _row(n: int, outcome: Outcome, platform: str, accounts: Accounts, seen: Seen) -> dict[str, Any]:
    if isinstance(outcome, Refusal):
        return _refused(n, outcome)
    line = row(n, outcome)
    made = interaction(outcome, platform, accounts, None, seen)
    if isinstance(made, Refusal):
        return {**line, **_refused(n, made)}
    if isinstance(made, dict):
        line["interaction"] = made
    else:
        line["skipped"] = made.reason
    return line


def row(n: int, finding: Finding) -> dict[str, Any]:
    """The line of a finding, without its interaction."""
    return {
        "n": n,
        "verb": finding.verb or "(none)",
        "op": finding.op,
        "actor": finding.actor,
        "target": finding.target,
        "object": finding.object,
        "occurred_at": shown(finding.at_us),
        "time_source": finding.time_source,
        "direction": finding.direction,
        "native": finding.native,
    }


def _refused(n: int, refusal: Refusal) -> dict[str, Any]:
    return {
        "n": n,
        "refused": refusal.reason,
        "path": refusal.path,
        "expected": refusal.expected,
    }


def _deliveries(files: tuple[Path, ...]) -> list[Path]:
    """The files, and those in folders. A usage error if one of these has none."""
    if sys.stdin is None and Path("-") in files:
        raise click.UsageError("standard input is closed")
    found: list[Path] = []
    for path in files:
        inside = [path]
        if path.is_dir():
            inside = sorted(p for p in path.iterdir() if p.suffix in _SUFFIXES)
            if not inside:
                raise click.UsageError(f"{path}: no deliveries in it ({' '.join(_SUFFIXES)})")
        found += inside
    return found


def _headers(given: Path | None, path: Path) -> dict[str, str]:
    beside = path.with_suffix(".headers")
    source = given or (beside if str(path) != "-" and beside.is_file() else None)
    return parse_headers(source.read_text("utf-8", "replace")) if source else {}


def parse_headers(text: str) -> dict[str, str]:
    """`Name: value` lines as a mapping; lines without a colon are passed over."""
    pairs = (line.partition(":") for line in text.splitlines() if ":" in line)
    return {name.strip(): value.strip() for name, _, value in pairs}
