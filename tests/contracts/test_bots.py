"""Machines and paid acts: what they weigh, and what the public view says of them."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from stream_app.contracts.policy import default_policy
from stream_app.contracts.reading import read_line
from stream_app.contracts.writing import write_state
from stream_app.domain.partition import Partition
from stream_app.domain.rejects import Reject
from stream_app.domain.state import Relationship

HOUR_MS = 3_600_000
START_MS = 1_790_000_000_123
UNEVEN = (0, 5, 1, 9, 2, 2, 7, 1, 4, 30, 3, 1, 1, 8, 2, 6, 1, 1, 12, 3, 2, 5, 1, 7, 2)


def view(times: list[int], **more: Any) -> dict[str, Any]:
    """The public view after a reply at each of these times."""
    policy = default_policy()
    partition, rel = Partition(policy), None
    for number, at_ms in enumerate(times):
        act = {"id": str(number), "brand": "acme", "person": "p", "platform": "web"}
        line = orjson.dumps({**act, "verb": "reply", "occurred_at": at_ms, **more})
        read = read_line(line, policy)
        assert not isinstance(read, Reject)
        outcome = partition.apply(rel, *read)
        assert isinstance(outcome, tuple)
        rel = outcome[0]
    assert isinstance(rel, Relationship)
    told: dict[str, Any] = orjson.loads(write_state(rel, policy.rules_for("acme")))
    return told


def clockwork(count: int = 25, every_ms: int = 7 * HOUR_MS) -> list[int]:
    return [START_MS + number * every_ms for number in range(count)]


def human() -> list[int]:
    times = [START_MS]
    for gap in UNEVEN:
        times.append(times[-1] + gap * HOUR_MS)
    return times


@pytest.mark.parametrize("more", [{}, {"automated": True}, {"incentivised": True}])
def test_a_clockwork_rhythm_is_marked_and_halves_sincerity(more: dict[str, Any]) -> None:
    suspect, fine = view(clockwork(), **more), view(human(), **more)
    assert (suspect["suspect"], fine["suspect"]) == (True, False)
    assert suspect["quality"]["sincerity"] == pytest.approx(fine["quality"]["sincerity"] / 2)


def test_too_few_acts_are_no_rhythm() -> None:
    assert view(clockwork(19))["suspect"] is False
    assert view(clockwork(20))["suspect"] is True


@pytest.mark.parametrize(
    ("more", "stage", "sincerity"),
    [
        ({}, "affinity", 1.0),
        ({"incentivised": True}, "attraction", 0.3),
        ({"automated": True}, "none", 0.0),
    ],
)
def test_what_machines_and_paid_acts_reach(
    more: dict[str, Any], stage: str, sincerity: float
) -> None:
    told = view(human(), **more)
    assert told["stage"] == stage
    assert told["quality"]["sincerity"] == pytest.approx(sincerity)
    trust = {"affinity": 14 / 15, "attraction": 4.9 / 5.9, "none": None}[stage]
    assert told["quality"]["trust"] == (None if trust is None else pytest.approx(trust, abs=0.01))


def test_a_membership_by_a_machine_is_one_all_the_same() -> None:
    told = view([START_MS], verb="follow", automated=True)
    assert (told["members"], told["quality"]["trust"]) == (1, None)
