"""What happens in a demo, in order; each step waits for the one before it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final

from stream_app.demo.community import present
from stream_app.demo.deliveries import Collection
from stream_app.demo.errors import DemoError
from stream_app.demo.mischief import Sent
from stream_app.demo.options import Options
from stream_app.demo.publish import Publisher
from stream_app.demo.reading import Offsets
from stream_app.demo.scene import Scene
from stream_app.demo.spending import bills

HISTORY_S: Final = 16.0
"""For eyes; nobody watches: as fast as it goes."""
PRESENT_PER_S: Final = 20.0
QUIET_S: Final = 2.5
"""More than two turns of the workers' timer, which walks silent relationships."""
STUCK_S: Final = 120.0
_LOOK_S: Final = 0.1


class Story:
    """The steps of one run. Tells the scene what it does."""

    def __init__(
        self,
        options: Options,
        scene: Scene,
        publisher: Publisher,
        offsets: Offsets,
        *,
        watched: bool,
    ) -> None:
        """`watched`: a person looks, so take the time to be seen."""
        self._options = options
        self._scene = scene
        self._publisher = publisher
        self._offsets = offsets
        self._seconds = HISTORY_S if watched else 0.0

    async def tell(self, collection: Collection, records: Sequence[Sent]) -> None:
        """From waiting for the workers to everything being processed."""
        scene, log = self._scene, [self._options.topics.log]
        scene.doing = "waiting for the workers"
        await self._until(self._one_runs, "start")
        scene.doing = "deliveries"
        for group in collection.before:
            await self._publisher.deliveries(group)
            await self._taken(raw_topics(self._options, {one.platform for one in group}))
        # Only when the log is worked off has every partition seen the old times.
        await self._taken(log)
        await self._until(self._all_run, "start")
        scene.doing = "history"
        await self._publisher.costs(bills(self._options.people, time.time_ns() // 1_000_000))
        await self._publisher.history(records, self._seconds)
        await self._taken(log)
        scene.doing = "deliveries of today"
        await self._publisher.deliveries(collection.after)
        await self.drained(collection)

    async def drained(self, collection: Collection) -> None:
        """Wait until nothing is left to do: no lag, and no transition any more."""
        scene, topics = self._scene, [self._options.topics.log]
        scene.doing = "working off the rest"
        topics += raw_topics(self._options, collection.platforms)
        before, since = -1, 0.0
        while before < 0 or time.monotonic() - since < QUIET_S:
            await self._taken(topics)
            written = await self._written()
            if written != before:
                before, since = written, time.monotonic()
            await asyncio.sleep(_LOOK_S)
        scene.worked_until = since

    async def go_on(self) -> None:
        """Acts of right now, for ever."""
        self._scene.doing = "live (Ctrl-C ends it)"
        acts = present(self._options.seed, self._options.people)
        await self._publisher.present(acts, PRESENT_PER_S)

    async def _one_runs(self) -> bool:
        """The others join while it works: that is what they are made for."""
        readings = [worker.reading for worker in self._scene.workers]
        return any(r.state == "running" and r.partitions for r in readings)

    async def _all_run(self) -> bool:
        readings = [worker.reading for worker in self._scene.workers]
        dealt = sum(reading.partitions for reading in readings) == self._options.partitions
        return dealt and all(reading.state == "running" for reading in readings)

    async def _written(self) -> int:
        topics = self._options.topics
        places = await self._offsets.ends(
            [topics.transitions, topics.rejects, topics.log, topics.methods],
            self._options.partitions,
        )
        return sum(places.values())

    async def _taken(self, topics: Iterable[str]) -> None:
        names = list(topics)
        partitions = self._options.partitions

        async def all_taken() -> bool:
            return await self._offsets.lag(names, partitions) == 0

        await self._until(all_taken, "process what was sent")

    async def _until(self, done: Callable[[], Awaitable[bool]], what: str) -> None:
        """Wait until something is so. Raises DemoError if it takes suspiciously long."""
        deadline = time.monotonic() + STUCK_S
        while not await done():
            if time.monotonic() > deadline:
                raise DemoError(
                    f"the workers do not {what}; see worker-*.log in {self._options.folder}"
                )
            await asyncio.sleep(_LOOK_S)


def raw_topics(options: Options, platforms: Iterable[str]) -> list[str]:
    """Names of the platforms' topics."""
    return [options.topics.raw(platform) for platform in platforms]
