"""The reports of the core and of the oracle in one comparable form."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from stream_app.contracts.policy import parse_policy
from stream_app.domain.policy import Policy
from stream_app.replay import Replay
from tests.oracle.rules import DAY
from tests.oracle.worth import WorthPolicy
from tests.oracle.worth.ledger import iso

Report = dict[str, Any]
Key = tuple[str, str, str, str]

OURS: Final = ("revision", "currency", "quality_credit")
"""Columns that the oracle does not have."""
CLOSE: Final = {"quality": 2e-6, "return": 1e-9}
PEOPLE_ERROR: Final = 0.02


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
) -> tuple[list[Report], list[Report], Replay]:
    """Transitions and reports of the core."""
    core = Replay(policy, "test", partitions, reports=True)
    moves: list[bytes] = []
    for line in lines:
        answer = core.feed(line)
        if isinstance(answer, list):
            moves += answer
    moves += core.finish(until_ms)
    for line in costs:
        core.feed_cost(line)
    return [json.loads(move) for move in moves], [json.loads(row) for row in core.reports()], core


def by_key(rows: Iterable[Mapping[str, Any]]) -> dict[Key, Report]:
    """Rows by what names them; each once."""
    rows = list(rows)
    found = {(r["brand"], r["method"], r["period"], r["day"]): dict(r) for r in rows}
    assert len(found) == len(rows)
    return found


def differences(ours: Iterable[Mapping[str, Any]], theirs: Iterable[Mapping[str, Any]]) -> list[str]:
    """Every column in which two lists of reports differ, and every row that one lacks."""
    left, right = by_key(ours), by_key(theirs)
    wrong = [f"{key}: only here" for key in left.keys() - right.keys()]
    wrong += [f"{key}: only there" for key in right.keys() - left.keys()]
    for key in left.keys() & right.keys():
        mine = {name: value for name, value in left[key].items() if name not in OURS}
        other = right[key]
        assert mine.keys() == other.keys(), mine.keys() ^ other.keys()
        wrong += [
            f"{key} {name}: {value!r} and {other[name]!r}"
            for name, value in mine.items()
            if not _alike(name, value, other[name])
        ]
    return wrong


def _alike(name: str, mine: Any, other: Any) -> bool:
    if name == "people":
        return bool(abs(mine - other) <= PEOPLE_ERROR * other)
    if name in CLOSE and mine is not None and other is not None:
        return bool(abs(mine - other) <= CLOSE[name] * max(1, abs(other)))
    return bool(mine == other)


def day_ms(day: int) -> int:
    """The start of a day."""
    return day * DAY
