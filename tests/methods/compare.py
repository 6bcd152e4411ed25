"""The core's transitions and reports of some lines, under the oracle's policy."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from stream_app.contracts.policy import parse_policy
from stream_app.domain.policy import Policy
from stream_app.domain.rejects import Reject
from stream_app.replay import Replay
from tests.oracle.worth import WorthPolicy
from tests.oracle.worth.ledger import iso

Report = dict[str, Any]


def policy_of(terms: WorthPolicy) -> Policy:
    """The policy file that says what the oracle's policy says."""
    lines = [f'[credit]\nmodel = "{terms.model}"\n[money]\nreporting = "{terms.reporting}"']
    lines.append(f'hourly_rate = "{terms.hourly_rate or 0}"\n[money.rates]')
    for currency, dated in terms.rates.items():
        told = ", ".join(f'{iso(on)} = "{rate}"' for on, rate in dated)
        lines.append(f"{currency} = {{ {told} }}")
    lines += [
        f'[brands."{brand}".brand]\ntopics = {json.dumps(list(topics))}'
        for brand, topics in terms.topics.items()
    ]
    return parse_policy("\n".join(lines))


def replayed(
    lines: Iterable[bytes],
    costs: Iterable[bytes] = (),
    *,
    policy: Policy,
    partitions: int = 1,
    until_ms: int | None = None,
) -> tuple[list[Report], list[Report], list[str]]:
    """Transitions, reports, and why costs were refused."""
    core = Replay(policy, "test", partitions, reports=True)
    moves: list[bytes] = []
    for line in lines:
        answer = core.feed(line)
        if isinstance(answer, list):
            moves += answer
    moves += core.finish(until_ms)
    answers = [core.feed_cost(line) for line in costs]
    refused = [str(answer.reason) for answer in answers if isinstance(answer, Reject)]
    return [json.loads(move) for move in moves], [json.loads(r) for r in core.reports()], refused
