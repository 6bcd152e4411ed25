"""How far an import is: a small file, so that it goes on after a kill or a failure of the broker.

An import gives the same records in the same order each time, so a number is enough: how many the
broker has acknowledged. A hash over those proves that it is the same import: other files, another
policy or another release would give others. A file that has only grown at its end goes on, too.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Final

import msgspec

from stream_app.backfill.errors import StateFileError
from stream_app.backfill.plan import Record

VERSION: Final = 1


class Progress(msgspec.Struct, frozen=True):
    """The content of the file."""

    version: int
    topic: str
    """The log that is published to."""
    acknowledged: int
    digest: str


class Chain:
    """The hash over the records so far."""

    def __init__(self) -> None:
        self._hash = hashlib.blake2b(digest_size=16)
        self.count = 0

    def add(self, record: Record) -> None:
        """One record more."""
        for part in (record.to.encode(), record.platform.encode(), record.key, record.value):
            self._hash.update(len(part).to_bytes(4, "big") + part)
        self.count += 1

    @property
    def digest(self) -> str:
        """Of all records until now."""
        return self._hash.hexdigest()


def load(path: Path, topic: str) -> Progress:
    """What the file says; the beginning if there is none. Raises StateFileError."""
    try:
        told = msgspec.json.decode(path.read_bytes(), type=Progress)
    except FileNotFoundError:
        return Progress(VERSION, topic, 0, Chain().digest)
    except OSError as error:
        raise StateFileError(path, error.strerror or str(error)) from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise StateFileError(path, "not the state of an import") from error
    if told.version != VERSION:
        raise StateFileError(path, "written by a newer release")
    if told.topic != topic:
        raise StateFileError(path, f"of an import to {told.topic}, not to {topic}")
    return told


def usable(path: Path, topic: str) -> None:
    """Raises StateFileError if the file is of no use for an import to `topic`, or no folder."""
    load(path, topic)
    if not path.parent.is_dir():
        raise StateFileError(path, "there is no such folder")
    if not os.access(path.parent, os.W_OK):
        raise StateFileError(path, "its folder cannot be written to")


def save(path: Path, progress: Progress) -> None:
    """Replace the file, all or nothing, also if the machine loses power. Raises StateFileError."""
    beside = path.with_name(f"{path.name}.new")
    try:
        with beside.open("wb") as file:
            file.write(msgspec.json.encode(progress) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        raise StateFileError(path, error.strerror or str(error)) from error


def other_import(path: Path) -> StateFileError:
    """The records are not those that the file was written for."""
    return StateFileError(path, "of another import: the records published then are not these")
