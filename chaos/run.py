"""One run: feed, faults at their times, the end, the verdict."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from stream_app.bootstrap import prepare_topics

from .faults import inflict
from .feed import Feeder, records
from .plan import SETTLE_S, Fault, Kind, plan
from .verdict import Verdict, judge
from .world import PARTITIONS, ChaosError, World

_END_LIMIT_S: Final = 120.0
_LOOK_S: Final = 1.0
_LONGER_S: Final = 180.0
"""Beyond the planned time there are records for so long: late faults need work to fall upon."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a run is told."""

    seed: int = 1
    minutes: float = 1.0
    per_second: int = 400
    standbys: int = 1


@dataclass(slots=True)
class Outcome:
    """What a run gives."""

    planned: list[Fault]
    seen: dict[int, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    verdict: Verdict | None = None
    sent: int = 0
    sent_again: int = 0
    seconds: float = 0.0

    def times(self, kind: Kind) -> tuple[int, int]:
        """How often a kind was planned, and seen."""
        numbers = [fault.number for fault in self.planned if fault.kind is kind]
        return len(numbers), sum(number in self.seen for number in numbers)

    @property
    def ok(self) -> bool:
        """Exact, and every fault was seen."""
        seen = len(self.seen) == len(self.planned)
        return seen and not self.problems and self.verdict is not None and self.verdict.exact


async def run(options: Options, folder: Path, say: Callable[[str], None]) -> Outcome:
    """A whole run in a folder of its own, which is removed if all is well."""
    outcome = Outcome(plan(options.seed, options.minutes))
    began = time.monotonic()
    world = await asyncio.to_thread(World, options.seed, folder, options.standbys)
    try:
        await _run(world, options, outcome, say)
    except ChaosError as error:
        outcome.problems.append(str(error))
    finally:
        world.close(keep=not outcome.ok)
        outcome.seconds = time.monotonic() - began
    return outcome


async def _run(
    world: World, options: Options, outcome: Outcome, say: Callable[[str], None]
) -> None:
    await prepare_topics(world.settings)
    for worker in world.workers[:2]:
        worker.start()
    for worker in world.workers[:2]:
        await worker.until_running()
    seconds = options.minutes * 60 - SETTLE_S / 2
    count = int((seconds + _LONGER_S / 3) * options.per_second)
    end_ms = int(time.time() * 1000)
    all_records = list(records(options.seed, count, end_ms, world.settings.topics, PARTITIONS))
    feeder = Feeder(world.settings.broker, PARTITIONS)
    enough = asyncio.Event()
    feeding = asyncio.create_task(feeder.run(all_records, options.per_second, seconds, enough))
    watching = asyncio.create_task(_watch(world))
    started = time.monotonic()
    try:
        say(f"{len(outcome.planned)} faults planned, up to {len(all_records)} records to be sent")
        tasks = [_one(world, fault, started, outcome, say) for fault in outcome.planned]
        await asyncio.gather(*tasks)
        enough.set()
        await feeding
        outcome.sent, outcome.sent_again = feeder.sent, feeder.again
        say(f"{feeder.sent} records sent; waiting for the workers")
        outcome.verdict = await _until_exact(world, say)
    finally:
        feeding.cancel()
        watching.cancel()
        await asyncio.gather(feeding, watching, return_exceptions=True)
        outcome.problems += world.unasked
    await _end(world, outcome)
    outcome.verdict = await judge(world.settings)


async def _watch(world: World) -> None:
    while True:
        await asyncio.sleep(_LOOK_S)
        world.revive()


async def _one(
    world: World, fault: Fault, started: float, outcome: Outcome, say: Callable[[str], None]
) -> None:
    await asyncio.sleep(max(0.0, started + fault.at_s - time.monotonic()))
    try:
        seen = await inflict(world, fault)
    except Exception as error:
        outcome.problems.append(f"{fault.number} {fault.kind}: {type(error).__name__}: {error}")
        say(f"{time.monotonic() - started:5.1f} s  {fault.kind}: FAILED: {error}")
        return
    outcome.seen[fault.number] = seen
    say(f"{time.monotonic() - started:5.1f} s  {fault.kind}: {seen}")


async def _until_exact(world: World, say: Callable[[str], None]) -> Verdict:
    """Wait until all is processed: what was written is what is expected, or time is over."""
    deadline = time.monotonic() + _END_LIMIT_S
    while True:
        healths = [await worker.health() for worker in world.up]
        parts = [part for health in healths for part in health.get("partitions", {}).values()]
        lag = sum(part["lag_records"] for part in parts)
        settled = len(parts) == PARTITIONS and not lag and all(one["ready"] for one in healths)
        late = time.monotonic() > deadline
        if settled or late:
            verdict = await judge(world.settings)
            if verdict.exact or late:
                return verdict
            say(f"not yet: {verdict.differences[0]}")
        await asyncio.sleep(2.0)


async def _end(world: World, outcome: Outcome) -> None:
    for worker in world.up:
        status = await worker.stop()
        if status != 0:
            outcome.problems.append(f"worker {worker.name} ended with {status} when asked")
        worker.process = None
