"""What a person sees while the broker is made ready: a bar on a terminal, lines elsewhere."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import Protocol, TextIO

_MB = 1_000_000
_LINE_EVERY_PERCENT = 25


class Progress(Protocol):
    """Told about each step. `downloading` may be called from several threads, one at a time."""

    def note(self, text: str) -> None:
        """A step begins or has ended."""

    def download(self, files: int, total_bytes: int) -> contextlib.AbstractContextManager[None]:
        """Surrounds a download of so many files and bytes."""

    def downloading(self, done_bytes: int, total_bytes: int) -> None:
        """So much of the download is there."""


class Silent:
    """Says nothing."""

    def note(self, text: str) -> None:
        """Ignore."""

    def download(self, files: int, total_bytes: int) -> contextlib.AbstractContextManager[None]:
        """Ignore."""
        return contextlib.nullcontext()

    def downloading(self, done_bytes: int, total_bytes: int) -> None:
        """Ignore."""


class Lines:
    """Plain lines, a few per download: for logs and pipes."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stderr
        self._next_percent = _LINE_EVERY_PERCENT

    def note(self, text: str) -> None:
        """One line."""
        self._out.write(f"broker: {text}\n")
        self._out.flush()

    @contextlib.contextmanager
    def download(self, files: int, total_bytes: int) -> Iterator[None]:
        """Announce the size, so that a slow network is no surprise."""
        self.note(f"downloading Kafka, once: {files} files, {total_bytes / _MB:.0f} MB")
        self._next_percent = _LINE_EVERY_PERCENT
        yield
        self.note("downloaded and checked")

    def downloading(self, done_bytes: int, total_bytes: int) -> None:
        """A line every quarter."""
        percent = 100 * done_bytes // max(total_bytes, 1)
        if percent >= self._next_percent:
            self.note(f"{percent} % of {total_bytes / _MB:.0f} MB")
            self._next_percent = percent - percent % _LINE_EVERY_PERCENT + _LINE_EVERY_PERCENT


class Bar(Lines):
    """A progress bar on a terminal."""

    _show: Callable[[int], None]

    @contextlib.contextmanager
    def download(self, files: int, total_bytes: int) -> Iterator[None]:
        """Show the bar while the body runs, then take it away."""
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
            TransferSpeedColumn,
        )

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=Console(file=self._out), transient=True) as bar:
            task = bar.add_task(f"Kafka, once: {files} files", total=total_bytes)

            def show(done_bytes: int) -> None:
                bar.update(task, completed=done_bytes)

            self._show = show
            yield
        self.note(f"downloaded and checked {files} files, {total_bytes / _MB:.0f} MB")

    def downloading(self, done_bytes: int, total_bytes: int) -> None:
        """Move the bar."""
        self._show(done_bytes)


def on_stderr() -> Progress:
    """A bar if standard error is a terminal, else plain lines."""
    return Bar() if sys.stderr.isatty() else Lines()
