"""Mutated deliveries through the whole worker: refused, or well formed; never an exception.

`RAPPORT_FUZZ` says how many of each platform (`make fuzz`: 100,000), `RAPPORT_FUZZ_SEED` which.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from stream_app.adapters.base import DIRECTIONS, OPS, Finding
from stream_app.adapters.registry import PLATFORMS, events, read
from stream_app.contracts.policy import default_policy, parse_policy
from stream_app.domain.policy import Policy
from stream_app.domain.verbs import INBOUND_VERBS, OUTBOUND_VERBS

from .bodies import bodies
from .lane import Lane
from .mutation import Delivery, Mutator

MUTATED = int(os.environ.get("RAPPORT_FUZZ", "1000"))
SEED = int(os.environ.get("RAPPORT_FUZZ_SEED", "1"))
PER_COMMIT = 50
PER_STORE = min(5_000, max(PER_COMMIT, MUTATED // 2))
LARGE_EVERY = 2_000
LONGEST_S = 2.0
"""CPU time that a worker may take for one delivery of up to 256 KiB, or one record of the log."""
VERBS = {"", *INBOUND_VERBS, *OUTBOUND_VERBS}


def policies(platform: str) -> list[Policy]:
    """Every account a brand; and some accounts listed, others unknown."""
    found: set[str] = set()
    for body in bodies(platform):
        for one in read(platform, body.payload, body.headers):
            if isinstance(one, Finding):
                found.add(one.brand_account)
    listed = sorted(found - {""})[::2] or ["1"]
    lines = ["[accounts]", 'mode = "listed"', f"[accounts.{platform}]"]
    lines += [f'{json.dumps(account)} = "listed-{n}"' for n, account in enumerate(listed)]
    return [default_policy(), parse_policy("\n".join(lines))]


def check_findings(platform: str, one: Delivery, names: set[str]) -> None:
    """What the adapter itself says stands in its closed lists."""
    headers = {name: text.decode("utf-8", "replace") for name, text in one.headers if text}
    for outcome in read(platform, one.payload, headers):
        if isinstance(outcome, Finding):
            assert outcome.op in OPS, outcome
            assert outcome.direction in DIRECTIONS, outcome
            assert outcome.verb in VERBS, outcome
            assert outcome.native in names, outcome


@pytest.mark.parametrize("platform", PLATFORMS)
def test_mutated_deliveries(
    platform: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    began, mutator = time.perf_counter(), Mutator(platform, SEED)
    names = {event.native for event in events(platform)}
    both, slowest, counts = policies(platform), (0.0, 0), Counter[str]()
    for number, first in enumerate(range(0, MUTATED, PER_STORE)):
        lane = Lane(tmp_path / str(number), platform, both[number % 2])
        for place in range(first, min(first + PER_STORE, MUTATED), PER_COMMIT):
            mutated = [mutator.next() for _ in range(PER_COMMIT)]
            if place % LARGE_EVERY == 0:
                mutated[0] = mutator.large()
            lane.take(mutated)
            for one in mutated[::10]:
                check_findings(platform, one, names)
            counts["deliveries"] += len(mutated)
        lane.close()
        assert not lane.faults, "\n\n".join(lane.faults[:5])
        counts += lane.counts
        slowest = max(slowest, lane.slowest)
    if MUTATED > 1_000:
        told = ", ".join(f"{count} {what}" for what, count in sorted(counts.items()))
        took = f"{time.perf_counter() - began:.0f} s, slowest {slowest[0] * 1000:.0f} ms"
        with capsys.disabled():
            sys.stdout.write(f"\n{platform}: {took} ({slowest[1]} bytes): {told}\n")
    assert counts["interaction"] > 0
    assert counts["refused"] > 0
    assert slowest[0] < LONGEST_S
