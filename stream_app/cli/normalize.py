"""`rapport normalize`: what an adapter makes of deliveries, without Kafka."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import msgspec

from stream_app.adapters.accounts import NO_ACCOUNTS, Accounts
from stream_app.adapters.base import Finding, Outcome, Refusal
from stream_app.adapters.interactions import interaction
from stream_app.adapters.registry import ALIASES, PLATFORMS, canonical, read
from stream_app.adapters.seen import Seen
from stream_app.adapters.times import shown
from stream_app.contracts.policy import PolicyError, load_policy

_SUFFIXES = (".json", ".xml", ".txt")


@click.command(
    epilog="""\b
Example, one delivery from a file and one from a pipe:
  rapport normalize --platform github --headers fork.headers fork.json
  curl -s ... | rapport normalize --platform bluesky -

Exit status: 0 all were read, 1 something was refused, 2 wrong use."""
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
@click.option(
    "--policy",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Policy whose accounts say which account is which brand. Default: each account is one.",
)
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, allow_dash=True, path_type=Path)
)
def normalize(
    platform: str, headers: Path | None, policy: Path | None, files: tuple[Path, ...]
) -> None:
    """Print what the deliveries in FILES say, one JSON line per event, in order.

    FILE is one delivery, a folder of them, or - for standard input. A removal is matched with what
    earlier FILES said. Where an event becomes an interaction the line shows it as the service
    would append it to the log; an event without a time of its own gets the receipt time there.
    """
    accounts = _accounts(policy) if policy else NO_ACCOUNTS
    seen = Seen()
    refused = False
    for path in _deliveries(files):
        payload = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
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


def _deliveries(files: tuple[Path, ...]) -> Iterator[Path]:
    for path in files:
        if path.is_dir():
            yield from sorted(p for p in path.iterdir() if p.suffix in _SUFFIXES)
        else:
            yield path


def _headers(given: Path | None, path: Path) -> dict[str, str]:
    beside = path.with_suffix(".headers")
    source = given or (beside if str(path) != "-" and beside.is_file() else None)
    return parse_headers(source.read_text("utf-8", "replace")) if source else {}


def parse_headers(text: str) -> dict[str, str]:
    """`Name: value` lines as a mapping; lines without a colon are passed over."""
    pairs = (line.partition(":") for line in text.splitlines() if ":" in line)
    return {name.strip(): value.strip() for name, _, value in pairs}


def _accounts(policy: Path) -> Accounts:
    try:
        return Accounts.of_policy(load_policy(policy).accounts)
    except (PolicyError, OSError) as fault:
        raise click.UsageError(str(fault)) from None
