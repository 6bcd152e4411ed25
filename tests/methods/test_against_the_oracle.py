"""Reports of the core against those of the independent oracle, on whole seeded worlds."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from stream_app.domain.clock import DAY_MS
from tests.methods.compare import policy_of, replayed
from tests.oracle.badlines import encoded
from tests.oracle.worth import worth
from tests.oracle.worth.compare import differences
from tests.oracle.worth.worlds import DAYS, FIRST_DAY, POLICY, world


@pytest.mark.parametrize(
    ("seed", "model", "partitions"),
    [
        (1, "time_decay", 1),
        (2, "linear", 3),
        (3, "position", 1),
        (4, "first", 2),
        (5, "last", 1),
        (6, "time_decay", 4),
    ],
)
def test_transitions_and_reports_of_a_world(seed: int, model: str, partitions: int) -> None:
    lines, costs = world(seed, 2_500)
    terms = replace(POLICY, model=model)
    until_ms = (FIRST_DAY + DAYS + 200) * DAY_MS if seed % 2 else None
    moves, rows, refused = replayed(
        lines, costs, policy=policy_of(terms), partitions=partitions, until_ms=until_ms
    )
    expected = worth(lines, costs, policy=terms, partitions=partitions, until_ms=until_ms)
    assert len(expected.reports) > 5_000
    assert differences(expected, moves, rows)[:20] == []
    assert refused == [reason for _, reason in expected.refused_costs]


def test_a_backfill_goes_to_open_rows_and_silence_too() -> None:
    """A whole year arrives within three days: what it says of closed rows goes to open ones."""
    lines, _ = world(7, 1_500)
    start_ms = (FIRST_DAY + DAYS + 30) * DAY_MS
    arriving: list[bytes] = []
    for number, line in enumerate(lines):
        try:
            told = json.loads(line)
        except ValueError:
            continue
        if isinstance(told, dict):
            told["recorded_at"] = start_ms + number * 3 * DAY_MS // len(lines)
            arriving.append(encoded(told))
    moves, rows, _ = replayed(arriving, policy=policy_of(POLICY))
    expected = worth(arriving, policy=POLICY)
    assert differences(expected, moves, rows)[:20] == []
    assert min(row["day"] for row in rows) >= "2023-05"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"", "empty"),
        (b"{", "not_json"),
        (b"[]", "wrong_shape"),
        (b'{"id": "c", "brand": "acme", "method": "ads"}', "wrong_shape"),
        (b'{"id": "c", "brand": "A B", "method": "ads", "minutes": 1}', "bad_brand"),
        (b'{"id": "c", "brand": "acme", "method": "", "minutes": 1}', "wrong_shape"),
        (b'{"id": "c", "brand": "acme", "method": "ads", "op": "undo"}', "wrong_shape"),
        (b'{"id": "c", "brand": "acme", "method": "ads", "minutes": -1}', "wrong_shape"),
        (b'{"id": "c", "brand": "acme", "method": "ads", "minutes": 1e-999999}', "wrong_shape"),
        (b'{"id": "c", "brand": "acme", "method": "ads", "minutes": "7"}', "wrong_shape"),
        (b'{"id": "c", "brand": "acme", "method": "ads", "minutes": true}', "wrong_shape"),
        (
            b'{"id": "c", "brand": "acme", "method": "ads", "occurred_at": "today", "minutes": 1}',
            "bad_time",
        ),
        (
            b'{"id": "c", "brand": "acme", "method": "ads", "amount": {"amount": "-1"}}',
            "wrong_shape",
        ),
        (b" " * 300_000 + b"{}", "too_large"),
    ],
)
def test_bad_costs_are_refused(line: bytes, reason: str) -> None:
    if line.startswith(b'{"id"') and b"occurred_at" not in line:
        line = line[:-1] + b', "occurred_at": 1700000000000}'
    assert replayed([], [line], policy=policy_of(POLICY))[2] == [reason]
