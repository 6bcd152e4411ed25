"""The public view of a relationship: why it stands where it does, and what the next stage asks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec
import pytest

from stream_app.contracts.policy import parse_policy
from stream_app.contracts.reading import read_line
from stream_app.contracts.writing import write_state
from stream_app.domain.evidence import Evidence
from stream_app.domain.keys import relationship_key
from stream_app.domain.partition import Partition
from stream_app.domain.rejects import Reject
from stream_app.domain.state import Relationship
from tests.oracle.histories import history

POLICY = """
[brand]
topics = ["jazz", "news"]

[stages.attraction]
enter = ["attraction over 120 days >= 5", "active_days over 120 days >= 2 or topic_fit >= 0.9"]

[stages.audience]
enter = ["affinity over 90 days >= 16", "members >= 1 or objections over 30 days <= 0"]

[brands.acme.stages.attention]
enter = ["attention over 30 days >= 12"]
"""
"""One brand asks more of the first stage than the others: their relationships stand alike."""

View = dict[str, Any]


class Shown(NamedTuple):
    """A relationship after an act: its view, and the evidence spelled out."""

    stage: int
    blocks: int
    view: View
    findings: list[View]


@pytest.fixture(scope="session")
def shown() -> list[Shown]:
    found = list(_shown())
    assert {one.stage for one in found} == {0, 1, 2, 3, 4}
    assert any(one.blocks for one in found)
    return found


def _shown() -> Iterator[Shown]:
    policy = parse_policy(POLICY)
    partition, states = Partition(policy), dict[str, Relationship]()
    for line in history(5, 3_000):
        read = read_line(line, policy)
        if isinstance(read, Reject):
            continue
        key = relationship_key(read[0].brand, read[0].person)
        outcome = partition.apply(states.get(key), *read)
        if isinstance(outcome, tuple):
            rel = states[key] = outcome[0]
            rules = policy.rules_for(rel.brand)
            values = tuple(rel.windows.sums)
            evidence = Evidence(rel.stage, rel.stage, values, rel.blocks.on, rules)
            findings = list(msgspec.to_builtins(evidence.findings()))
            view = json.loads(write_state(rel, rules))
            yield Shown(rel.stage, rel.blocks.on, view, findings)


def test_the_evidence_is_the_findings(shown: list[Shown]) -> None:
    for one in shown:
        assert one.view["evidence"] == one.findings


def test_what_is_missing_are_the_conditions_of_which_no_part_is_met(shown: list[Shown]) -> None:
    policy, seen = parse_policy(POLICY), set()
    for stage, blocks, view, _ in shown:
        if stage == 4:
            assert view["next"] is None
            continue
        name, asked = view["next"]["stage"], view["next"]["missing"]
        if blocks:
            assert [one["measure"] for one in asked] == ["blocks"]
            continue
        left = [one for one in view["evidence"] if one["stage"] == name]
        missing: list[View] = []
        for clause in policy.rules_for(view["brand"]).enter[stage]:
            parts, left = left[: len(clause)], left[len(clause) :]
            if not any(part["met"] for part in parts):
                missing += parts
        assert asked == missing
        assert not left
        seen.add((name, view["brand"] == "acme", len(missing)))
    assert len(seen) > 8
