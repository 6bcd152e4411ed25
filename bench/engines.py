"""Ours against its peers: one sitting, interleaved, each run a process of its own."""

from __future__ import annotations

import asyncio
import shutil
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import product
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient

from bench import kafka
from bench.contestants import Contestant, Input, Run
from bench.events import KEYS, Keys, Row, interactions, stage_events
from bench.jars import PeerMissing
from bench.process import HOME, PeerFailed, child, memory, note
from bench.results import Section
from bench.small_job import batch
from stream_app.contracts.policy import load_policy
from stream_app.replay import Replay

PARTITIONS = 4
_TIMEOUT_S = 240.0
_SETTLE_S = 1.0
LOG_CONFIG = {"message.timestamp.type": "LogAppendTime", "max.message.bytes": str(2 << 20)}


class WrongCount(Exception):  # noqa: N818 - named for what happened
    """A contestant did not give the transitions that its input has: its time means nothing.
    Do: find out why before you measure."""


class Inputs:
    """Topics, each filled once; and the number of transitions that are right for it."""

    def __init__(self, broker: str) -> None:
        self.broker = broker
        self.prefix = f"bench-{uuid.uuid4().hex[:8]}"
        self._expected: dict[str, int] = {}

    def topic(self, kind: Input, keys: Keys, events: int) -> str:
        """A topic with the first `events` events; filled now if it is new."""
        name = f"{self.prefix}-{kind}-{keys}-{events}"
        if name not in self._expected:
            note(f"filling {name}")
            kafka.make(self.broker, name, PARTITIONS, LOG_CONFIG)
            kafka.fill(self.broker, name, PARTITIONS, rows(kind, keys, events))
            self._expected[name] = expected(kind, keys, events)
        return name

    def transitions(self, topic: str) -> int:
        """How many there must be."""
        return self._expected[topic]


def rows(kind: Input, keys: Keys, events: int) -> Iterable[Row]:
    """Input of one kind."""
    return stage_events(events, keys) if kind == "stage" else interactions(events, keys)


def expected(kind: Input, keys: Keys, events: int) -> int:
    """The right number of transitions, worked out without Kafka."""
    if kind == "stage":
        return len(batch(rows(kind, keys, events)))
    replay = Replay(load_policy(None), "bench", PARTITIONS)
    for _, line in rows(kind, keys, events):
        replay.feed(line)
    return replay.tally.transitions


def measure(broker: str, contestants: Sequence[Contestant], *, events: int, rounds: int) -> Section:
    """All contestants on both kinds of keys, `rounds` times, in turn."""
    ready, versions, missing = _prepare(contestants)
    runs: dict[str, list[dict[str, float]]] = {}
    failed: dict[str, str] = {}
    inputs = Inputs(broker)
    for keys, number, each in product(KEYS, range(rounds), ready):
        if each.name in failed:
            continue
        count = max(1000, events * each.events_of_a_million // 10**6)
        try:
            done = _run(inputs, each, keys, count)
        except (PeerFailed, WrongCount) as error:
            failed[each.name] = str(error)
            note(f"failed: {each.name}, {keys} keys: {error}")
            continue
        runs.setdefault(f"{each.name}/{keys}", []).append(done)
        note(
            f"round {number + 1}/{rounds}, {keys} keys, {each.name}: "
            f"{done['events_per_s']:,.0f} events/s, {done['cpu_us']:.1f} us CPU per event"
        )
    return {
        "events": events,
        "rounds": rounds,
        "versions": versions,
        "missing": missing,
        "failed": failed,
        "runs": runs,
    }


def _prepare(
    contestants: Sequence[Contestant],
) -> tuple[list[Contestant], dict[str, str], dict[str, str]]:
    ready, versions, missing = [], {}, {}
    for each in contestants:
        try:
            versions[each.name] = each.prepare()
            ready.append(each)
        except PeerMissing as error:
            missing[each.name] = str(error)
            note(f"left out: {each.name}: {error}")
    return ready, versions, missing


def _run(inputs: Inputs, each: Contestant, keys: Keys, events: int) -> dict[str, float]:
    topic = inputs.topic(each.input, keys, events)
    name = f"{inputs.prefix}-{each.name}-{keys}-{uuid.uuid4().hex[:6]}"
    # The model names its topics itself: <prefix>relationship.transitions.
    out = f"{name}-relationship.transitions"
    with traces(inputs.broker, name) as folder:
        folder.mkdir(parents=True)
        if each.has_outputs:
            kafka.make(inputs.broker, out, PARTITIONS)
        run = Run(inputs.broker, topic, out, name, folder, events, PARTITIONS)
        with child(f"{each.name}-{keys}", each.command(run)) as process:
            done = process.wait_for("done", _TIMEOUT_S)
            peak = memory(process.process.pid).get("peak", 0)
            process.process.wait(60)
        found = kafka.count_committed(inputs.broker, out) if each.has_outputs else 0
    _check(each, found, inputs.transitions(topic))
    time.sleep(_SETTLE_S)
    return {
        "events_per_s": done["events"] / done["seconds"],
        "commit_s": done["seconds"] - done.get("processed_s", done["seconds"]),
        "cpu_us": 1e6 * done["cpu_s"] / done["events"],
        "peak_rss_bytes": done.get("peak_rss_bytes", peak),
        "transitions": found,
    }


def _check(each: Contestant, found: int, right: int) -> None:
    if each.has_outputs and found != right:
        raise WrongCount(f"{each.name}: {found} transitions, {right} are right")


@contextmanager
def traces(broker: str, name: str) -> Iterator[Path]:
    """The folder of a run; it and the run's topics go: the next one shall not share the disk."""
    folder = HOME / "runs" / name
    try:
        yield folder
    finally:
        asyncio.run(_clean(broker, name))
        shutil.rmtree(folder, ignore_errors=True)


async def _clean(broker: str, prefix: str) -> None:
    client = AIOKafkaAdminClient(bootstrap_servers=broker)
    await client.start()
    try:
        names = [name for name in await client.list_topics() if name.startswith(prefix)]
        if names:
            await client.delete_topics(names)
    finally:
        await client.close()
