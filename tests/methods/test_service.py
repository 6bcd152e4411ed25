"""What the service publishes of methods and states on a real broker, against a replay."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import defaultdict
from typing import Any

import orjson
import pytest

from stream_app.contracts.policy import default_policy
from stream_app.contracts.times import parse_time
from stream_app.domain.clock import DAY_MS
from stream_app.replay import Replay
from tests.edge.service import PARTITIONS, Sent, Service, as_line
from tests.oracle.worth.worlds import DAYS, FIRST_DAY, world

Key = tuple[str, str, str, str]
Rows = dict[Key, dict[str, Any]]
pytestmark = [pytest.mark.kafka, pytest.mark.slow]


def published(topic: str, lines: list[bytes], name: str) -> list[Sent]:
    """Lines of a world that ends today, keyed by brand and `name`; the broker dates them."""
    shift_ms = (int(time.time() * 1000) // DAY_MS - FIRST_DAY - DAYS) * DAY_MS
    sent: list[Sent] = []
    for number, line in enumerate(lines):
        key, value = b"key-%d" % number, line
        try:
            told = json.loads(line)
            told["occurred_at"] = parse_time(told["occurred_at"]) + shift_ms
            told.pop("recorded_at", None)
            key, value = f"{told['brand']}/{told[name]}".encode(), orjson.dumps(told)
        except (ValueError, TypeError, KeyError):
            pass  # a bad record, to be refused
        sent.append((topic, key, value, {}))
    return sent


async def expected(service: Service) -> Rows:
    """The reports of a replay of the log and the costs as they stand."""
    topics = service.topics
    core = Replay(default_policy(), "app", PARTITIONS, reports=True)
    for record in await service.read(topics.log):
        if (line := as_line(record)) is not None:
            core.feed(line)
    for _ in core.finish():
        pass
    for record in await service.read(topics.costs):
        told = orjson.loads(record.value)
        if record.key == f"{told['brand']}/{told['method']}".encode():
            core.feed_cost(orjson.dumps({**told, "recorded_at": record.timestamp}))
    rows = {key_of(row): row for row in map(json.loads, core.reports())}
    return {
        key: row
        for key, row in rows.items()
        if key[2] == "day" or (*key[:2], "day", key[3]) in rows
    }


async def written(service: Service) -> tuple[Rows, dict[Key, list[int]]]:
    """The last revision of each row, and all revisions in their order."""
    rows: Rows = {}
    revisions: dict[Key, list[int]] = defaultdict(list)
    for record in await service.read(service.topics.methods):
        row = orjson.loads(record.value)
        assert record.key == f"{row['brand']}/{row['method']}".encode()
        rows[key_of(row)] = row
        revisions[key_of(row)].append(row["revision"])
    return rows, revisions


def key_of(row: dict[str, Any]) -> Key:
    return row["brand"], row["method"], row["period"], row["day"]


def told(rows: Rows) -> Rows:
    """Without what only the history of revisions determines."""
    return {
        key: {name: value for name, value in row.items() if name != "revision"}
        for key, row in rows.items()
    }


async def until_equal(service: Service, timeout_s: float = 60) -> Rows:
    """Wait until the service has published what a replay says; those rows."""
    deadline = time.monotonic() + timeout_s
    while True:
        wanted, (rows, revisions) = await expected(service), await written(service)
        if told(rows) == told(wanted):
            assert all(seen == list(range(1, len(seen) + 1)) for seen in revisions.values())
            return rows
        if time.monotonic() > deadline:
            missing, others = wanted.keys() - rows.keys(), rows.keys() - wanted.keys()
            wrong = [
                f"{key} {name}: {rows[key][name]!r}, expected {value!r}"
                for key in wanted.keys() & rows.keys()
                for name, value in wanted[key].items()
                if name != "revision" and rows[key][name] != value
            ]
            logs = "".join(service.log_of(name)[-2000:] for name in service.ports)
            raise AssertionError(f"{missing=} {others=} {wrong[:9]}\n{logs}")
        await asyncio.sleep(1.0)


async def test_reports_are_those_of_a_replay_also_after_kill_9(service: Service) -> None:
    lines, costs = world(21, 3_000)
    sent = published(service.topics.log, lines, "person")
    spent = published(service.topics.costs, costs, "method")
    spent[0] = (spent[0][0], b"wrong key", *spent[0][2:])
    service.start("one")
    await service.until_ready("one")
    sending = asyncio.create_task(service.send([*spent, *sent], per_second=1_200))
    for _ in range(2):
        await asyncio.sleep(1.1)
        service.kill("one")
        service.start("one")
    await sending
    assert await service.until_exact(100) > 100
    rows = await until_equal(service)
    assert len(rows) > 200
    assert sum(row["touches"] for row in rows.values()) > 1_000
    assert any(part["decided"] for row in rows.values() for part in row["survival"].values())
    assert any(row["value"] for row in rows.values())
    assert any(row["cost"] for row in rows.values())
    await states_are_the_latest(service)
    await the_command_reads_them(service, rows)
    assert service.stop("one") == 0


async def states_are_the_latest(service: Service) -> None:
    """The last view of each relationship has the stage and sequence of its last transition."""
    views = {
        record.key: orjson.loads(record.value)
        for record in await service.read(service.topics.states)
    }
    moves = {key: orjson.loads(values[-1]) for key, values in (await service.transitions()).items()}
    assert moves.keys() <= views.keys()
    for key, view in views.items():
        if key not in moves:
            assert (view["stage"], view["sequence"]) == ("none", 0)
            continue
        last = moves[key]
        assert (view["stage"], view["sequence"]) == (last["to"], last["sequence"])
        assert view["since"] == last["at"]
        assert (view["next"] is None) == (view["stage"] == "audience")
    assert any(view["members"] for view in views.values())


async def the_command_reads_them(service: Service, rows: Rows) -> None:
    """`rapport methods` from the broker: the published rows, and the log by another model."""
    touches = sum(
        row["touches"] for key, row in rows.items() if key[0] == "acme" and key[2] == "day"
    )
    published = await command(service, "acme", "--json")
    assert sum(one["touches"] for one in published["methods"]) == touches
    again = await command(service, "acme", "--json", "--model", "shapley")
    assert {one["method"] for one in again["methods"]} >= {"ads", "care"}
    told = {one["method"]: (one["touches"], one["cost"]) for one in again["methods"]}
    assert told == {one["method"]: (one["touches"], one["cost"]) for one in published["methods"]}


async def command(service: Service, *arguments: str) -> Any:
    """What `rapport methods` says as JSON."""
    settings = service.settings
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "stream_app", "methods", *arguments),
        *("--broker", settings.broker, "--topic-prefix", settings.topic_prefix),
        stdout=asyncio.subprocess.PIPE,
    )
    told, _ = await process.communicate()
    assert process.returncode == 0
    return json.loads(told)


async def test_bad_costs_are_refused(service: Service) -> None:
    topic = service.topics.costs
    good = {"id": "c", "brand": "acme", "method": "ads", "minutes": 1}
    service.start("one")
    await service.send(
        [
            (topic, b"acme/ads", b"{", {}),
            (topic, b"acme/ads", orjson.dumps(good | {"minutes": -1}), {}),
            (topic, b"acme/ads", orjson.dumps(good), {}),
        ]
    )
    rows = await until_equal_to_one(service)
    assert rows[0]["cost_incomplete"] is True
    found = [orjson.loads(record.value) for record in await service.read(service.topics.rejects)]
    assert sorted(reject["reason"] for reject in found) == ["not_json", "wrong_shape"]
    assert {reject["source"]["topic"] for reject in found} == {topic}


async def until_equal_to_one(service: Service) -> list[dict[str, Any]]:
    """Wait for the rows of a single cost."""
    for _ in range(60):
        rows, _revisions = await written(service)
        if len(rows) == 2:
            return list(rows.values())
        await asyncio.sleep(1.0)
    raise AssertionError(service.log_of("one")[-3000:])
