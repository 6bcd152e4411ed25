"""The naive answer to sections 8 and 9: transitions with their worth, and the method reports.

python -m tests.oracle.worth.run FILE [--costs FILE] [--partitions N] [--until MS]
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..murmur2 import partition_of
from ..reading import Refused, read
from ..relationship import Rescan
from ..rules import LATENESS, NEVER, POLICY
from .costs import book
from .ledger import Ledger, Report
from .policy import DEFAULT, WorthPolicy
from .valued import Clock, WorthTransition, Worthy


@dataclass
class Worth:
    """What a log and its costs come to. Line numbers count from 1."""

    transitions: list[WorthTransition] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    rescan: Rescan = field(default_factory=Rescan)
    refused_costs: list[tuple[int, str]] = field(default_factory=list)
    relationships: list[Worthy] = field(default_factory=list)


def worth(
    lines: Iterable[bytes],
    costs: Iterable[bytes] = (),
    *,
    policy: WorthPolicy = DEFAULT,
    partitions: int = 1,
    until_ms: int | None = None,
) -> Worth:
    """Every transition, and the last revision of every report (sections 2 to 9)."""
    out, ledger = Worth(), Ledger()
    clocks = [Clock() for _ in range(partitions)]
    known: dict[tuple[str, str], Worthy] = {}
    for number, line in enumerate(lines, 1):
        try:
            event = read(line)
        except Refused as refused:
            out.rescan.rejects.append((number, refused.reason))
            continue
        clock = clocks[partition_of(event.brand, event.person, partitions)]
        key = (event.brand, event.person)
        relationship = known.get(key) or Worthy(
            *key,
            out.rescan,
            POLICY,
            terms=policy,
            ledger=ledger,
            clock=clock,
            worths=out.transitions,
        )
        answer = relationship.take(event, number, clock.watermark)
        if answer == "too_old":
            out.rescan.rejects.append((number, answer))
        elif answer == "duplicate":
            out.rescan.duplicates += 1
        else:
            known[key] = relationship
            clock.advance(event.at - LATENESS, event.recorded)
    for relationship in known.values():
        relationship.walk(max(relationship.clock.watermark, until_ms or NEVER))
    out.relationships = list(known.values())
    out.refused_costs = book(costs, ledger, policy)
    out.reports = list(ledger.reports(policy))
    return out


def main(arguments: Sequence[str] | None = None) -> None:
    """Print one JSON object per transition, then one per report."""
    parser = argparse.ArgumentParser(description="Worth of a log, by the naive rescan.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--costs", type=Path, default=None)
    parser.add_argument("--partitions", type=int, default=1)
    parser.add_argument("--until", type=int, default=None, help="milliseconds")
    given = parser.parse_args(arguments)
    costs = given.costs.read_bytes().splitlines() if given.costs else ()
    with given.file.open("rb") as lines:
        found = worth(lines, costs, partitions=given.partitions, until_ms=given.until)
    rows = [{k.rstrip("_"): v for k, v in moved._asdict().items()} for moved in found.transitions]
    for row in [*rows, *found.reports]:
        sys.stdout.write(json.dumps(row, separators=(",", ":"), ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
