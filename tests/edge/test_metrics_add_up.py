"""What the metrics count adds up: each record that was consumed has one outcome."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest
from prometheus_client.parser import text_string_to_metric_families

import stream_app.adapters
from stream_app.bootstrap import build_app
from stream_app.domain.memory import ACTS_PER_DAY
from tests.edge.lanes import Lanes
from tests.edge.service import Sent, Service, interaction, record, until

SAMPLES = Path(stream_app.adapters.__file__).parent / "samples"
NOW = datetime.now(UTC).isoformat()


def series(text: str, name: str, label: str) -> Counter[str]:
    """Values of a counter by one label."""
    found: Counter[str] = Counter()
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == f"stream_app_{name}_total":
                found[sample.labels[label]] += int(sample.value)
    return found


def of_every_kind(service: Service) -> list[Sent]:
    """Good and bad records of every topic, and one under a wrong key in each that has keys."""
    topics = service.topics
    log, costs = topics.log, topics.costs
    cost = {"id": "k1", "brand": "acme", "method": "mail", "minutes": 1}
    link = {"brand": "acme", "from": "web:1", "to": "web:2"}
    gone = {"brand": "acme", "person": "web:3"}
    like = next((SAMPLES / "bluesky").glob("like*.json")).read_bytes()
    return [
        *(record(log, interaction(f"web:{n}", "a", NOW)) for n in range(1, 6)),
        record(log, interaction("web:1", "a", NOW)),
        (log, b"acme/nobody", orjson.dumps(interaction("web:9", "b", NOW)), {}),
        (log, b"x", b"{", {}),
        (costs, b"acme/mail", orjson.dumps(cost), {}),
        (costs, b"acme/mail", orjson.dumps(cost), {}),
        (costs, b"other", orjson.dumps(cost | {"id": "k2"}), {}),
        (costs, b"acme/mail", b"[]", {}),
        (costs, b"acme/mail", None, {}),
        (topics.raw("bluesky"), b"", like, {}),
        (topics.raw("bluesky"), b"", b"not json", {}),
        (topics.raw("bluesky"), b"", None, {}),
        (topics.links, b"l", orjson.dumps(link), {}),
        (topics.links, b"l", orjson.dumps(link | {"to": "web:1"}), {}),
        (topics.links, b"l", b"\xff", {}),
        (topics.erasures, b"e", orjson.dumps(gone), {}),
        (topics.erasures, b"e", orjson.dumps(gone | {"consent": True}), {}),
        (topics.erasures, b"e", orjson.dumps(gone | {"brand": "*"}), {}),
        (topics.erasures, b"e", b"{}", {}),
    ]


async def test_every_record_has_one_outcome(service: Service) -> None:
    service.start("one")
    await service.until_ready("one")
    sent = of_every_kind(service)
    await service.send(sent)
    last = ""

    def done() -> bool:
        nonlocal last
        before, last = last, service.get("one", "/metrics").decode()
        outcomes = series(last, "events_processed", "outcome")
        settled = (outcomes["cost"], outcomes["rekeyed"]) == (3, 2) and outcomes["passed_on"] >= 3
        return settled and outcomes == series(before, "events_processed", "outcome")

    await until(done, 40, lambda: last)
    consumed = series(last, "events_consumed", "topic")
    outcomes = series(last, "events_processed", "outcome")
    del consumed[service.topics.deltas]
    assert outcomes.total() == consumed.total(), outcomes
    reasons = series(last, "dead_letters", "reason")
    refused = [orjson.loads(one.value) for one in await service.read(service.topics.rejects)]
    assert outcomes["refused"] == reasons.total() == len(refused)
    assert {one["source"]["topic"] for one in refused} == {topic for topic, *_ in sent}


@pytest.mark.parametrize("name", ["skipped_findings", "events_consumed", "dead_letters"])
def test_zero_shows_as_zero(service: Service, name: str) -> None:
    """Each series is there before anything has happened."""
    app = build_app(service.settings, service.policy)
    text = app.engine.observer.expose().decode()  # type: ignore[attr-defined]
    label = {"skipped_findings": "platform", "events_consumed": "topic", "dead_letters": "reason"}
    found = series(text, name, label[name])
    assert found
    assert set(found.values()) == {0}


def test_acts_that_had_to_go_are_counted(tmp_path: Path) -> None:
    world = Lanes(tmp_path, 1, random.Random(1))
    world.now_ms = 1_790_000_000_000
    for number in range(ACTS_PER_DAY + 4):
        world.act("web:1", f"a{number}", world.now_ms)
    world.run()
    assert world.forgotten == 4
    world.close()
