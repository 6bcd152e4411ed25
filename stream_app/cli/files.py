"""Files that commands read and write: nothing of the user's is lost, however a command ends."""

from __future__ import annotations

import io
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

import click

_STREAMS: Final = ("/dev/", "/proc/")
"""What lies there is written to as it stands: a device, or what the shell has opened."""


class Input(click.File):
    """A file to read as bytes; `-` is standard input."""

    def __init__(self) -> None:
        super().__init__("rb", lazy=False)

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> BinaryIO:
        """The file, open; a usage error if it cannot be read."""
        if value == "-" and sys.stdin is None:
            self.fail("'-': standard input is closed", param, ctx)
        return cast("BinaryIO", super().convert(value, param, ctx))


def raw_of(file: BinaryIO) -> io.RawIOBase:
    """What is beneath an open file: its bytes as they come, however few."""
    return cast("io.RawIOBase", getattr(file, "raw", file))


class Output(click.Path):
    """A file to write, which `writing` opens once all else is checked; `-` is standard output."""

    def __init__(self) -> None:
        super().__init__(dir_okay=False, readable=False, writable=True, allow_dash=True)


def keep_apart(outputs: Mapping[str, str | None], *inputs: object) -> None:
    """A usage error where one of `outputs` (by option) is another one or is read from, too.

    `inputs` are open files or paths; what is no regular file can be named as often as one likes.
    Standard output is one of the outputs: what goes there may not be added to what is read.
    """
    written: dict[tuple[int, int] | str, str] = {}
    if (out := _identity(1)) is not None:
        written[out] = "standard output"
    for option, path in outputs.items():
        if path is None or path.startswith(_STREAMS) or (one := _identity(path)) is None:
            continue
        if one in written:
            raise click.UsageError(f"{written[one]} and {option} are the same file: {path}")
        written[one] = option
    for source in inputs:
        one = _identity(0 if str(source) == "-" else source)
        if one is not None and one in written:
            name = getattr(source, "name", source)
            raise click.UsageError(f"{written[one]} would overwrite what is read: {name}")


def _identity(file: object) -> tuple[int, int] | str | None:
    """Tells a regular file from others, also one that is not there yet; None: of another kind."""
    try:
        if isinstance(file, str | Path):
            if str(file) == "-":
                return None
            found = Path(file).stat()
        elif isinstance(file, int):
            found = os.fstat(file)
        else:
            found = os.fstat(cast("Any", file).fileno())
    except (OSError, ValueError, AttributeError):
        return os.path.realpath(file) if isinstance(file, str | Path) else None
    regular = (found.st_mode & 0o170000) == 0o100000
    return (found.st_dev, found.st_ino) if regular else None


@contextmanager
def writing(path: str | None) -> Iterator[BinaryIO | None]:
    """What is written takes the place of the file at the end; if the body fails, nothing does.

    None for None. Errors name the file: those of opening are usage errors, others OSErrors.
    """
    if path is None:
        yield None
        return
    try:
        target = _target(path)
    except OSError as error:
        raise click.UsageError(f"'{path}': {error.strerror}") from None
    try:
        yield cast("BinaryIO", target)
        target.commit()
    finally:
        target.end()


def _target(path: str) -> _Target:
    for number, stream in ((1, sys.stdout), (2, sys.stderr)):
        with suppress(OSError):
            same = path.startswith(_STREAMS) and os.path.samestat(
                Path(path).stat(), os.fstat(number)
            )
            if stream is not None and (same or (number == 1 and path == "-")):
                return _Target(path, cast("BinaryIO", stream.buffer), None)
    real = Path(os.path.realpath(path))
    if path.startswith(_STREAMS) or (real.exists() and not real.is_file()):
        return _Target(path, Path(path).open("wb"), None)
    try:
        number, beside = tempfile.mkstemp(dir=real.parent, prefix=f".{real.name}.")
    except PermissionError:
        if not real.is_file():
            raise
        return _Target(path, real.open("wb"), None)  # all that is allowed
    with suppress(OSError):
        mode = real.stat().st_mode & 0o777 if real.is_file() else 0o666 & ~_umask()
        Path(beside).chmod(mode)
    return _Target(path, os.fdopen(number, "wb"), (Path(beside), real))


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


class _Target:
    """A file being written; its errors name it as the user did."""

    def __init__(self, name: str, file: BinaryIO, move: tuple[Path, Path] | None) -> None:
        self.name = name
        self._file = file
        self._move = move

    def write(self, content: bytes) -> int:
        """All of it, or OSError."""
        with self._named():
            return self._file.write(content)

    def commit(self) -> None:
        """Everything is there, under its name."""
        with self._named():
            self._file.flush()
            if self._move is not None:
                self._file.close()
                self._move[0].replace(self._move[1])
                self._move = None

    def end(self) -> None:
        """Whatever happened: nothing is left beside the file."""
        if self._file not in _own():
            with suppress(OSError):
                self._file.close()
        if self._move is not None:
            self._move[0].unlink(missing_ok=True)

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise OSError(error.errno, error.strerror, self.name) from None


def _own() -> list[Any]:
    return [stream.buffer for stream in (sys.stdout, sys.stderr) if stream is not None]
