"""The benchmark's own job gives on the engine what one plain computation gives."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import pytest

from bench import kafka
from bench.contestants import Run
from bench.engines import PARTITIONS, expected
from bench.events import Keys, stage_events
from bench.process import child, python
from bench.small_job import DAY_MS, batch, step
from bench.small_types import Event, Stage


def by_key(rows: Iterable[tuple[bytes, bytes]]) -> dict[bytes, list[dict[str, object]]]:
    found: dict[bytes, list[dict[str, object]]] = defaultdict(list)
    for key, value in rows:
        found[key].append(json.loads(value))
    return found


@pytest.mark.parametrize("keys", ["many", "hot"])
def test_transitions_on_the_engine_are_those_of_a_batch(
    broker: str, topic_prefix: str, tmp_path: Path, keys: Keys
) -> None:
    events = 4_000
    topic, out = f"{topic_prefix}in", f"{topic_prefix}out"
    kafka.make(broker, topic, PARTITIONS)
    kafka.make(broker, out, PARTITIONS)
    assert kafka.fill(broker, topic, PARTITIONS, stage_events(events, keys)) == events
    run = Run(broker, topic, out, f"{topic_prefix}app", tmp_path, events, PARTITIONS)

    with child(f"test-{keys}", python("bench.peers.ours", run.options(job="small"))) as worker:
        done = worker.wait_for("done", 60)
        worker.process.wait(20)

    assert 0 < done["events"] < events  # the first batch only starts the clock
    found = [row for rows in kafka.read_committed(broker, out).values() for row in rows]
    right = batch(stage_events(events, keys))
    assert len(right) == expected("stage", keys, events) > 50
    assert by_key(found) == by_key(right)


def test_the_job_goes_through_every_stage_and_back() -> None:
    state = Stage()
    acts = [
        (0, "view", 1),
        (1, "view", 1),
        (2, "like", 2),
        (3, "reply", 2),
        (3, "share", 3),
        (4, "follow", 4),
        (5, "unfollow", 3),
        (40, "view", 1),  # all panes before have left the window
    ]
    for day, verb, stage in acts:
        step(state, Event("e", day * DAY_MS, "b", "p", verb))
        assert state.stage == stage, (day, verb)
    assert (state.acts, state.deep, list(state.panes)) == (1, 0, [40])


def test_the_input_is_seeded() -> None:
    assert list(stage_events(50, "many")) == list(stage_events(50, "many"))
    assert list(stage_events(50, "many")) != list(stage_events(50, "hot"))
