"""Files of JSON lines: Jetstream events of Bluesky, events of the GH Archive."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from stream_app.adapters.base import MAX_DELIVERY_BYTES, Refusal
from stream_app.adapters.registry import read
from stream_app.backfill.errors import UnreadableFileError
from stream_app.backfill.files import lines, name_of
from stream_app.backfill.found import Found, Options, Outcome
from stream_app.backfill.gharchive import read_event
from stream_app.domain.rejects import Reason

TOO_LARGE = Refusal(
    reason=Reason.TOO_LARGE, path="$", expected=f"a line of at most {MAX_DELIVERY_BYTES} B"
)
LineReader = Callable[[bytes], Iterator[Outcome]]


def jetstream(file: BinaryIO, path: Path, platform: str, options: Options) -> Iterator[Found]:
    """Events of a Jetstream, one JSON object a line, as its socket delivers them."""

    def one(line: bytes) -> Iterator[Outcome]:
        yield from read(platform, line, None, options.accounts)

    return of_lines(file, path, "Jetstream events, one JSON object a line", one)


def gharchive(file: BinaryIO, path: Path, platform: str, options: Options) -> Iterator[Found]:
    """Events of the GH Archive, one JSON object a line (format of 2015 and later)."""
    return of_lines(
        file,
        path,
        "events of the GH Archive, one JSON object a line",
        lambda line: read_event(line, options.accounts),
    )


def of_lines(file: BinaryIO, path: Path, expected: str, one: LineReader) -> Iterator[Found]:
    """What `one` finds in each line; a line that is no object is refused, but the first one.

    Raises UnreadableFileError if the first line is no object: then the file is of another kind.
    """
    first = True
    for number, line, whole in lines(file):
        if first and not line.startswith(b"{"):
            raise UnreadableFileError(f"{name_of(path)}:{number}", f"expected {expected}")
        first = False
        if not whole or len(line) > MAX_DELIVERY_BYTES:
            yield Found(number, TOO_LARGE, line[:MAX_DELIVERY_BYTES])
            continue
        for outcome in one(line):
            yield Found(number, outcome, line)
