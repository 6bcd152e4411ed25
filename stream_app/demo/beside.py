"""What runs beside the story: looking at the workers, showing, and being interrupted."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from collections.abc import Coroutine, Sequence
from typing import Any, Final

from rich.console import Console, RenderableType
from rich.live import Live

from stream_app.demo.scene import Scene
from stream_app.demo.screen import draw, plain
from stream_app.demo.workers import Worker

LOOK_S: Final = 0.5
FRAMES_PER_S: Final = 5
LINE_S: Final = 1.5
SIGNALS: Final = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)


async def look_at(workers: Sequence[Worker], scene: Scene) -> None:
    """Read the workers' metrics again and again. Raises DemoError when one has ended."""
    while True:
        for worker in workers:
            worker.check()
        await asyncio.gather(*(worker.look() for worker in workers))
        scene.speed.take(scene.processed().total(), time.monotonic())
        await asyncio.sleep(LOOK_S)


class _Picture:
    """Rich asks it for each frame."""

    def __init__(self, scene: Scene, console: Console) -> None:
        self._scene = scene
        self._console = console

    def __rich__(self) -> RenderableType:
        return draw(self._scene, self._console)


async def show(scene: Scene, console: Console) -> None:
    """Live on a terminal, a line now and then elsewhere; until cancelled."""
    if console.is_terminal:
        picture = _Picture(scene, console)
        with Live(picture, console=console, auto_refresh=False, vertical_overflow="crop") as live:
            while True:
                live.refresh()
                await asyncio.sleep(1 / FRAMES_PER_S)
    while True:
        print(plain(scene), file=sys.stderr, flush=True)  # noqa: T201 - a command's own output
        await asyncio.sleep(LINE_S)


class Interrupt:
    """Ctrl-C and SIGTERM: the first ends the story, a second one (or one before it) everything."""

    def __init__(self) -> None:
        """Call it within the task that is everything."""
        self.number: int | None = None
        self._all = asyncio.current_task()
        self._story: asyncio.Task[None] | None = None
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, self._on, number)

    def _on(self, number: int) -> None:
        story, first = self._story, self.number is None
        self.number = number
        if first and story is not None:
            story.cancel()
        elif self._all is not None:
            self._all.cancel()

    async def during(self, story: Coroutine[Any, Any, None]) -> bool:
        """Run the story; False if it was interrupted."""
        task = self._story = asyncio.ensure_future(story)
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            task.cancel()
            raise
        if task.cancelled():
            return False
        task.result()
        return True
