"""How each kind of fault is brought about, and how it is seen to have happened."""

from __future__ import annotations

import asyncio
import shutil
import signal
import time
from collections.abc import Awaitable, Callable
from typing import Final

from stream_app.edge.topics import Retention, specs

from .broker import set_quota, set_topic
from .feed import PLATFORM
from .plan import Fault, Kind
from .world import PARTITIONS, SESSION_S, ChaosError, Worker, World

_SEEN_LIMIT_S: Final = 90.0
_BROKER_LOOKS_EVERY_S: Final = 10.0
"""How often the broker looks for transactions that are too old; fixed by Kafka's default."""
_FREEZES: Final = 3
_SLOW_BYTES_PER_S: Final = 5_000.0
_REFUSED_ABOVE_BYTES: Final = 150
"""Room for the markers of transactions, and for no transition."""


async def inflict(world: World, fault: Fault) -> str:
    """Do it; returns what was seen. Raises ChaosError if it did not happen."""
    return await _HOW[fault.kind](world, fault)


async def _until(seen: Callable[[], Awaitable[bool]], what: str) -> None:
    deadline = time.monotonic() + _SEEN_LIMIT_S
    while not await seen():
        if time.monotonic() > deadline:
            raise ChaosError(f"not seen within {_SEEN_LIMIT_S:.0f} s: {what}")
        await asyncio.sleep(0.2)


# -- workers


async def _kill(world: World, fault: Fault) -> str:
    async with world.one_of(fault.whom) as worker:
        worker.kill()
        await asyncio.sleep(fault.length_s)
        worker.start()
    return f"worker {worker.name} was killed"


async def _zombie(world: World, fault: Fault) -> str:
    async with world.one_of(fault.whom) as worker:
        if len(world.up) == 1:
            await _start_another(world)
        before = await worker.metric("stream_app_rebalances_total")
        worker.signal(signal.SIGSTOP)
        await asyncio.sleep(SESSION_S + 1.5 + fault.length_s)
        worker.signal(signal.SIGCONT)

        async def thrown_out() -> bool:
            rebalances = await worker.metric("stream_app_rebalances_total")
            return rebalances > before or not worker.is_up

        await _until(thrown_out, "the zombie joins anew, or ends")
        if not worker.is_up:
            worker.start()
    return f"worker {worker.name} was thrown out"


async def _start_another(world: World) -> None:
    async with world.one_of(0.0, up=False) as other:
        other.start()
        await other.until_running()


async def _leave(world: World, fault: Fault) -> str:
    async with world.one_of(fault.whom) as worker:
        started = time.monotonic()
        status = await worker.stop()
        took_s = time.monotonic() - started
        if not world.up:
            worker.start()
        worker.process = worker.process if worker.is_up else None
    return f"worker {worker.name} ended with {status} after {took_s:.1f} s"


async def _join(world: World, fault: Fault) -> str:
    if all(worker.process is not None for worker in world.workers):
        await _leave(world, fault)
    deadline = time.monotonic() + _SEEN_LIMIT_S
    while time.monotonic() < deadline:
        for worker in world.workers:
            if worker.process is None and not worker.lock.locked():
                async with worker.lock:
                    worker.start()
                    await worker.until_running()
                return f"worker {worker.name} has joined"
        await asyncio.sleep(0.2)
    return "everybody is there already"


async def _wiped_disk(world: World, fault: Fault) -> str:
    async with world.one_of(fault.whom) as worker:
        worker.kill()
        lost = len(list(worker.disk.rglob("*.sst"))) + len(list(worker.disk.rglob("CURRENT")))
        shutil.rmtree(worker.disk)
        worker.start()
    if not lost:
        raise ChaosError("the disk was empty")
    return f"worker {worker.name} lost its disk ({lost} files of states)"


async def _stale_disk(world: World, fault: Fault) -> str:
    async with world.one_of(fault.whom) as worker:
        worker.kill()
        old = worker.folder / "old-disk"
        shutil.rmtree(old, ignore_errors=True)
        shutil.copytree(worker.disk, old)
        worker.start()
        await worker.until_running()
        await asyncio.sleep(1.0 + fault.length_s)
        worker.kill()
        shutil.rmtree(worker.disk)
        shutil.copytree(old, worker.disk)
        worker.start()
    return f"worker {worker.name} got a disk of {fault.length_s + 1:.1f} s before"


# -- traps


async def _set_trap(worker: Worker, place: str, text: str = "") -> None:
    (worker.folder / f"{place}.sprung").unlink(missing_ok=True)
    (worker.folder / f"{place}.outcome").unlink(missing_ok=True)
    (worker.folder / f"{place}.trap").write_text(text)


def _death(place: str) -> Callable[[World, Fault], Awaitable[str]]:
    async def die(world: World, fault: Fault) -> str:
        async with world.one_of(fault.whom) as worker:
            await _set_trap(worker, place)
            status = await worker.ended(_SEEN_LIMIT_S)
            if status != -signal.SIGKILL:
                raise ChaosError(f"worker {worker.name} did not die at {place} ({status})")
            worker.start()
        return f"worker {worker.name} died at {place}"

    return die


async def _transaction_timeout(world: World, fault: Fault) -> str:
    told = ""
    for _ in range(_FREEZES):
        async with world.one_of(fault.whom) as worker:
            told = await _freeze(worker)
        # If the broker was away meanwhile, nobody has aborted anything: once more.
        if told not in ("committed", "unknown"):
            return f"worker {worker.name} met {told}"
    raise ChaosError(f"no transaction was aborted, but: {told}")


async def _freeze(worker: Worker) -> str:
    outcome = worker.folder / "freeze.outcome"
    await _set_trap(worker, "freeze", f"{3.5 + _BROKER_LOOKS_EVERY_S}")

    async def over() -> bool:
        return outcome.exists() or not worker.is_up

    await _until(over, "the transaction's end")
    if not worker.is_up:
        worker.start()
    return outcome.read_text() if outcome.exists() else "its end"


async def _handler_error(world: World, fault: Fault) -> str:
    async with world.one_of(fault.whom) as worker:
        await _set_trap(worker, "process")

        async def sprung() -> bool:
            return (worker.folder / "process.sprung").exists()

        await _until(sprung, "an error while processing")
    return f"processing raised on worker {worker.name}"


# -- the broker


async def _broker_stop(world: World, fault: Fault) -> str:
    async with world.broker_lock:
        await world.restart_broker(kill=False, away_s=fault.length_s)
    return f"the broker was away for more than {fault.length_s:.1f} s"


async def _broker_kill(world: World, fault: Fault) -> str:
    async with world.broker_lock:
        await world.restart_broker(kill=True, away_s=fault.length_s)
    return f"the broker was dead for more than {fault.length_s:.1f} s"


async def _slow_sends(world: World, fault: Fault) -> str:
    async with world.broker_lock:
        before = await _slow_commits(world)
        await set_quota(world.settings.broker, _SLOW_BYTES_PER_S)
        try:

            async def slow() -> bool:
                now = await _slow_commits(world)
                return any(count > before.get(key, 0) for key, count in now.items())

            await _until(slow, "a slow commit")
            await asyncio.sleep(fault.length_s)
        finally:
            await set_quota(world.settings.broker, None)
    return "commits took more than half a second, were given up or fenced"


async def _slow_commits(world: World) -> dict[int, float]:
    """Commits of more than half a second, given up, or fenced as the broker saw them too slow.

    By process: a new one begins anew.
    """
    slow: dict[int, float] = {}
    for worker in world.up:
        if not worker.is_up:  # it went while another one was asked
            continue
        pid = worker.pid
        all_of_them = await worker.metric("stream_app_commit_seconds_count")
        quick = await worker.metric("stream_app_commit_seconds_bucket", having='le="0.5"')
        given_up = await worker.metric("stream_app_commit_failures_total")
        fenced = await worker.metric("stream_app_fenced_total")
        slow[pid] = all_of_them - quick + given_up + fenced
    return slow


async def _refused_sends(world: World, fault: Fault) -> str:
    topic = world.settings.topics.transitions
    (spec,) = (
        spec
        for spec in specs(
            world.settings.topics,
            (PLATFORM,),
            partitions=PARTITIONS,
            replication=1,
            retention=Retention(),
        )
        if spec.name == topic
    )
    async with world.broker_lock:
        before = sum(worker.log.count("MessageSizeTooLarge") for worker in world.workers)
        small = {**spec.config, "max.message.bytes": str(_REFUSED_ABOVE_BYTES)}
        await set_topic(world.settings.broker, topic, small)
        try:

            async def refused() -> bool:
                told = sum(worker.log.count("MessageSizeTooLarge") for worker in world.workers)
                return told > before

            await _until(refused, "a refused transaction")
            await asyncio.sleep(fault.length_s)
        finally:
            await set_topic(world.settings.broker, topic, spec.config)
    return "transactions were refused"


_HOW: Final[dict[Kind, Callable[[World, Fault], Awaitable[str]]]] = {
    Kind.KILL: _kill,
    Kind.ZOMBIE: _zombie,
    Kind.LEAVE: _leave,
    Kind.JOIN: _join,
    Kind.BROKER_STOP: _broker_stop,
    Kind.BROKER_KILL: _broker_kill,
    Kind.TRANSACTION_TIMEOUT: _transaction_timeout,
    Kind.SLOW_SENDS: _slow_sends,
    Kind.REFUSED_SENDS: _refused_sends,
    Kind.WIPED_DISK: _wiped_disk,
    Kind.STALE_DISK: _stale_disk,
    Kind.DEATH_BEFORE_TRANSACTION: _death("before_transaction"),
    Kind.DEATH_IN_TRANSACTION: _death("in_transaction"),
    Kind.DEATH_BEFORE_STORE: _death("before_store"),
    Kind.DEATH_BEHIND_STORE: _death("behind_store"),
    Kind.HANDLER_ERROR: _handler_error,
}
