"""The naive rescan: every stage transition of a log, worked out the slow and obvious way.

It keeps, per relationship, the whole list of accepted records, and at every evaluation (each
event and each midnight boundary) counts panes and points again from the acts then in effect.
Nothing is incremental and nothing is pruned; memory and time are of no concern. What the
contract lets an implementation forget is forgotten by looking at ages when it is asked for.

Bounds that it does not model (a history to compare on must stay below them): 256 remembered
identities of a pane, 4,096 of a relationship, 64 purchases of 400 days.

    python -m tests.oracle.rescan FILE [--partitions N] [--until MS]
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .murmur2 import partition_of
from .reading import Refused, read
from .relationship import Relationship, Rescan, Transition
from .rules import LATENESS, NEVER, POLICY, Rule

__all__ = ["Rescan", "Transition", "rescan"]


@dataclass
class Partition:
    """One partition of the log: its relationships and its watermark."""

    relationships: dict[tuple[str, str], Relationship] = field(default_factory=dict)
    watermark: int = NEVER


def rescan(
    lines: Iterable[bytes],
    *,
    policy: Mapping[str, tuple[Rule, Rule]] | None = None,
    changes: Mapping[int, Mapping[str, tuple[Rule, Rule]]] | None = None,
    partitions: int = 1,
    until_ms: int | None = None,
) -> Rescan:
    """Every transition, refusal and duplicate of a log (sections 2 to 7 of the contract).

    `policy` replaces the conditions of stages by name. So do the `changes`, from the line of that
    number on, which itself is a change of the policy and no interaction. Silent relationships are
    walked to the watermark of their partition at the end, or on to `until_ms` where that is later.
    """
    out = Rescan()
    rules = {**POLICY, **(policy or {})}
    parts = [Partition() for _ in range(partitions)]
    for number, line in enumerate(lines, 1):
        if changes is not None and number in changes:
            rules = {**POLICY, **changes[number]}
            for part in parts:
                for relationship in part.relationships.values():
                    relationship.change_policy(rules, part.watermark)
            continue
        try:
            event = read(line)
        except Refused as refused:
            out.rejects.append((number, refused.reason))
            continue
        part = parts[partition_of(event.brand, event.person, partitions)]
        key = (event.brand, event.person)
        relationship = part.relationships.get(key) or Relationship(*key, out, rules)
        answer = relationship.take(event, number, part.watermark)
        if answer == "too_old":
            out.rejects.append((number, answer))
        elif answer == "duplicate":
            out.duplicates += 1
        else:
            part.relationships[key] = relationship
            part.watermark = max(part.watermark, event.at - LATENESS)
    for part in parts:
        for relationship in part.relationships.values():
            relationship.walk(max(part.watermark, until_ms or NEVER))
    return out


def main(arguments: Sequence[str] | None = None) -> None:
    """Print one JSON object per transition of the file."""
    parser = argparse.ArgumentParser(description="Transitions of a log, by the naive rescan.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--partitions", type=int, default=1)
    parser.add_argument("--until", type=int, default=None, help="milliseconds")
    given = parser.parse_args(arguments)
    with given.file.open("rb") as lines:
        result = rescan(lines, partitions=given.partitions, until_ms=given.until)
    for moved in result.transitions:
        row = {name.rstrip("_"): value for name, value in moved._asdict().items()}
        sys.stdout.write(json.dumps(row, separators=(",", ":"), ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
