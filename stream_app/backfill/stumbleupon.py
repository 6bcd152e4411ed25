"""Histories of StumbleUpon: JSON lines, an array, or one document with `items`.

There was never a documented export; see the adapter. One person's history is small, so a document
is read whole, up to a bound; lines and arrays are streamed.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final

import msgspec

from stream_app.adapters.base import Outcome
from stream_app.adapters.registry import read
from stream_app.backfill.arrays import MEMBER_LIMIT, Text, members, packed
from stream_app.backfill.errors import UnreadableFileError
from stream_app.backfill.files import name_of
from stream_app.backfill.found import Found, Options

_EXPECTED: Final = "expected JSON: lines, an array, or an object with `items`"


def stumbleupon(file: BinaryIO, path: Path, platform: str, options: Options) -> Iterator[Found]:
    """The acts of one or more histories."""
    text = Text(file, name_of(path))
    mark = text.skip_space()
    if mark == "[":
        for line, value, raw in members(text):
            for outcome in _item(value, raw, options):
                yield Found(line, outcome, raw)
    elif mark == "{":
        yield from _objects(text, options)
    elif mark:
        raise UnreadableFileError(f"{text.name}:{text.line}", _EXPECTED)


def _objects(text: Text, options: Options) -> Iterator[Found]:
    """Objects one after the other: lines, or a single document."""
    decoder = msgspec.json.Decoder()
    while text.skip_space():
        line, document = text.line, _line(text)
        try:
            value = decoder.decode(document)
        except (ValueError, RecursionError):
            if line > 1 or not (rest := _rest(text)):
                for outcome in read("stumbleupon", document, None, options.accounts):
                    yield Found(line, outcome, document)
                continue
            document += b"\n" + rest
            try:
                value = decoder.decode(document)
            except (ValueError, RecursionError) as error:
                raise UnreadableFileError(f"{text.name}:{line}", _EXPECTED) from error
        if isinstance(value, dict) and isinstance(value.get("items"), list):
            yield from _history(value, line, options)
            continue
        for outcome in _item(value, document, options):
            yield Found(line, outcome, document)


def _line(text: Text) -> bytes:
    """The rest of a line, without its end."""
    while (end := text.held.find("\n")) < 0 and len(text.held) < MEMBER_LIMIT:
        if not text.more():
            end = len(text.held)
            break
    line = text.held[:end] if end >= 0 else text.held
    text.drop(len(line))
    return line.encode("utf-8", "surrogatepass").rstrip(b"\r")


def _rest(text: Text) -> bytes:
    """All that follows. Raises UnreadableFileError if it is too much."""
    while text.more():
        if len(text.held) > MEMBER_LIMIT:
            raise UnreadableFileError(text.place, "a document of more than 64 MiB; use JSON lines")
    rest = text.held
    text.drop(len(rest))
    return rest.encode("utf-8", "surrogatepass")


def _history(value: dict[str, Any], line: int, options: Options) -> Iterator[Found]:
    """Item by item: one of them may be wrong, and all together be too large for a delivery."""
    whose = {name: value[name] for name in ("user", "username", "userid") if name in value}
    for item in value["items"]:
        raw = msgspec.json.encode({**whose, "items": [item]})
        for outcome in read("stumbleupon", raw, None, options.accounts):
            yield Found(line, outcome, raw)


def _item(value: object, raw: bytes, options: Options) -> Iterator[Outcome]:
    """One item; whose it is may be said by --person."""
    if options.person and isinstance(value, dict):
        raw = packed({"user": options.person, **value})
    yield from read("stumbleupon", raw, None, options.accounts)
