"""Faults that only the whole service can show: time, metrics, memory, health."""

from __future__ import annotations

import asyncio
import contextlib
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.error import HTTPError

import orjson
from prometheus_client.parser import text_string_to_metric_families

from stream_app.contracts.partitioner import partition_of
from tests.edge.service import PARTITIONS, Sent, Service, interaction, record

NOW = datetime.now(UTC).replace(microsecond=0)


def metric(service: Service, worker: str, name: str, **labels: str) -> float:
    """Sum of the series that have these labels."""
    text = service.get(worker, "/metrics").decode()
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )


def persons_of(partition: int, count: int, stem: str = "p") -> list[str]:
    """Persons of acme that live in a partition."""
    found: list[str] = []
    number = 0
    while len(found) < count:
        name = f"{stem}{number}"
        if partition_of(f"acme/{name}".encode(), PARTITIONS) == partition:
            found.append(name)
        number += 1
    return found


async def until_true(done: Any, within_s: float, what: str) -> None:
    deadline = time.monotonic() + within_s
    while True:
        with contextlib.suppress(OSError):
            if done():
                return
        assert time.monotonic() < deadline, what
        await asyncio.sleep(0.2)


# -- health and metrics

HANGS = """
import time
import stream_app.observability.health as health
import stream_app.edge.job as job
import stream_app.engine.private_consumer as consumer
health.HUNG_MS = 1_500
consumer._ENDS_EVERY_S = 0.5
sound = job.read_record
def slow(value, *rest):
    if value and b'"hang"' in value: time.sleep(9)
    return sound(value, *rest)
job.read_record = slow
"""


async def test_a_hung_handler_shows_and_metrics_stay_true(service: Service) -> None:
    """Not ready while it hangs; the lag is told meanwhile; counters survive a rebalance."""
    log = service.topics.log
    service.start("one", patch=HANGS)
    await service.until_ready("one")
    person = persons_of(0, 1)[0]
    await service.send([record(log, interaction(person, "hang", NOW.isoformat()))])
    await until_true(lambda: not ready(service), 8, "not ready while the handler hangs")
    await service.send(
        record(log, interaction(person, f"a{n}", NOW.isoformat())) for n in range(1_000)
    )
    lag = "stream_app_consumer_lag_records"
    await until_true(
        lambda: metric(service, "one", lag, topic=log, partition="0") >= 1_000,
        6,
        "the lag is told while nothing is processed",
    )
    await service.until_ready("one")
    await service.until_exact(1)
    processed = "stream_app_events_processed_total"
    await until_true(
        lambda: metric(service, "one", processed) == 1_001, 10, "all are counted, once"
    )
    rebalances = metric(service, "one", "stream_app_rebalances_total")
    service.start("two")
    await service.until_ready("two")
    await until_true(
        lambda: metric(service, "one", "stream_app_rebalances_total") > rebalances, 20, "rebalance"
    )
    await service.until_ready("one")
    assert metric(service, "one", processed) == 1_001, "a counter went down"


def ready(service: Service) -> bool:
    """What /ready says: 503 is an error for urllib."""
    try:
        return bool(orjson.loads(service.get("one", "/ready"))["ready"])
    except HTTPError as error:
        if error.code != 503:
            raise
        return False


# -- times that nobody should believe

CAPPED = """
import resource
resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
"""


async def test_wrong_times_cost_no_memory_and_move_no_clock(service: Service) -> None:
    """Microseconds, negative, not a number, text, ten years ahead: refused, under a cap on memory.

    Four minutes ahead is accepted, six are not; nobody lapses early.
    """
    log = service.topics.log
    service.start("one", patch=CAPPED)
    good = [record(log, interaction(f"p{n}", "first", NOW.isoformat())) for n in range(200)]
    await service.send(good)
    assert await service.until_exact(200) == 200
    before = metric(service, "one", "process_resident_memory_bytes")
    now = datetime.now(UTC)
    wrong: list[Any] = [
        *(int(now.timestamp() * 1e6), int(now.timestamp() * 1e9), -1, -(10**18), 10**300, "1e300"),
        *("NaN", "yesterday", True, {}, 1e300, (now + timedelta(days=3650)).isoformat()),
        (now + timedelta(minutes=6)).isoformat(),
    ]
    values = [
        orjson.dumps(interaction("p0", f"w{n}", "@")).replace(b'"@"', text)
        for n in range(40)
        for text in [*(written(one) for one in wrong), b"NaN", b"1e999", b"-0.5e-9"]
    ]
    await service.send((log, b"acme/p0", value, {}) for value in values)
    soon = (datetime.now(UTC) + timedelta(minutes=4)).isoformat()
    await service.send([record(log, interaction("p1", "soon", soon))])
    await service.send(
        record(log, interaction(f"p{n % 200}", f"x{n}", datetime.now(UTC).isoformat()))
        for n in range(1_000)
    )
    await service.until_exact(200)
    processed = "stream_app_events_processed_total"
    await until_true(
        lambda: metric(service, "one", processed, outcome="refused") == len(values),
        20,
        "every wrong time is refused",
    )
    await until_true(
        lambda: metric(service, "one", processed, outcome="applied") == 1_201,
        20,
        "every good one is applied, once",
    )
    assert metric(service, "one", "process_resident_memory_bytes") - before < 24 << 20
    written_moves = [orjson.loads(m) for ms in (await service.transitions()).values() for m in ms]
    assert not [move for move in written_moves if move["reason"] == "expiry"], "early"


def written(value: Any) -> bytes:
    """As JSON; orjson has no integers beyond 64 bits."""
    return str(value).encode() if type(value) is int else orjson.dumps(value)


async def test_a_lagging_partition_keeps_its_own_time(service: Service) -> None:
    """One partition is at today, one 45 days behind: each lapses by its own watermark, once."""
    log = service.topics.log
    past = NOW - timedelta(days=250)
    sent: list[Sent] = []
    for partition, days in ((0, 245), (1, 200)):
        sent += [
            record(log, interaction(person, "a", past.isoformat()))
            for person in persons_of(partition, 10)
        ]
        busy = persons_of(partition, 1, "busy")[0]
        sent += [
            record(log, interaction(busy, f"b{d}", (past + timedelta(days=d)).isoformat()))
            for d in range(0, days, 5)
        ]
    await service.send(sent)
    service.start("one")
    await service.until_exact(30)
    moves = await service.transitions()
    for partition in (0, 1):
        for person in persons_of(partition, 10):
            told = [orjson.loads(move) for move in moves[f"acme/{person}".encode()]]
            assert [move["reason"] for move in told].count("expiry") == 1


# -- silence, over a restart

IMPATIENT = "import stream_app.edge.job as job; job.IDLE_MS = 500"


async def test_silence_goes_on_over_a_restart(service: Service) -> None:
    """Nobody writes any more: after a restart the wall clock lets everybody lapse, once."""
    log = service.topics.log
    past = NOW - timedelta(days=250)
    persons = [f"p{n}" for n in range(300)]
    await service.send(
        record(log, interaction(name, "a", past.isoformat(), verb="reply")) for name in persons
    )
    service.start("one")
    assert await service.until_exact(300) == 300
    assert service.stop("one") == 0
    service.start("one", "--idle-ticks", patch=IMPATIENT)

    async def lapsed() -> dict[bytes, list[Any]]:
        moves = await service.transitions()
        return {key: [orjson.loads(move) for move in told] for key, told in moves.items()}

    for _ in range(100):
        told = await lapsed()
        if all(len(moves) > 1 and moves[-1]["to"] == "none" for moves in told.values()):
            break
        await asyncio.sleep(0.3)
    ticks = [r.value for r in await service.read(log) if r.headers]
    assert {len(moves) for moves in told.values()} == {2}, (ticks, service.log_of("one"))
    assert {moves[-1]["reason"] for moves in told.values()} == {"expiry"}
    await service.send(
        record(log, interaction(name, "again", datetime.now(UTC).isoformat(), verb="reply"))
        for name in persons
    )
    for _ in range(100):
        told = await lapsed()
        if all(len(moves) == 3 for moves in told.values()):
            break
        await asyncio.sleep(0.3)
    assert {tuple(move["sequence"] for move in moves) for moves in told.values()} == {(1, 2, 3)}
