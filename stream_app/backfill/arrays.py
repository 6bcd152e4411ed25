"""The members of a JSON array in a file, one after the other: never the whole file in memory."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from stream_app.backfill.errors import UnreadableFileError

MEMBER_LIMIT: Final = 64 << 20
"""Characters that one member may have: a longer one is more likely a broken file."""
_CHUNK: Final = 1 << 16
_SPACE: Final = " \t\r\n"
_decode: Final = json.JSONDecoder().raw_decode


def packed(value: Any) -> bytes:
    """A value of `members` as JSON. Half a surrogate pair, as texts that were cut have it, is no
    UTF-8: it becomes a question mark."""
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")


class Text:
    """Characters of a file, as many as are asked for; it knows the line that it is at."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self.name = name
        self.line = 1
        self.held = ""
        self._file = file
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def more(self, size: int = _CHUNK) -> bool:
        """Hold up to so many bytes more; False at the end. Raises UnreadableFileError."""
        chunk = self._file.read(size)
        try:
            self.held += self._decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            raise UnreadableFileError(self.place, f"no UTF-8 ({error.reason})") from error
        return bool(chunk)

    def drop(self, count: int) -> None:
        """Leave so many characters behind."""
        self.line += self.held.count("\n", 0, count)
        self.held = self.held[count:]

    def skip_space(self) -> str:
        """The next character that is no white space, not dropped; "" at the end."""
        while True:
            rest = self.held.lstrip(_SPACE)
            self.drop(len(self.held) - len(rest))
            if rest:
                return rest[0]
            if not self.more():
                return ""

    @property
    def place(self) -> str:
        """`file:line`."""
        return f"{self.name}:{self.line}"


def members(text: Text) -> Iterator[tuple[int, Any, bytes]]:
    """Line, value and bytes of each member of the array that starts next.

    Raises UnreadableFileError where it is no array, or broken, or cut off.
    """
    if text.skip_space() != "[":
        raise UnreadableFileError(text.place, "expected [")
    text.drop(1)
    if text.skip_space() == "]":
        return
    while True:
        text.skip_space()
        line, (value, end) = text.line, _member(text)
        yield line, value, text.held[:end].encode("utf-8", "surrogatepass")
        text.drop(end)
        mark = text.skip_space()
        if mark == "]":
            return
        if mark != ",":
            raise UnreadableFileError(text.place, "cut off" if not mark else "expected , or ]")
        text.drop(1)


def _member(text: Text) -> tuple[Any, int]:
    """A value at the beginning of what is held, and where it ends."""
    size = _CHUNK
    while True:
        try:
            value, end = _decode(text.held)
            # A number may go on behind what is held.
            if end < len(text.held) or not isinstance(value, int | float):
                return value, end
            fault = "cut off"
        except (ValueError, RecursionError) as error:
            fault = f"no JSON ({error})" if isinstance(error, RecursionError) else "broken JSON"
        if len(text.held) > MEMBER_LIMIT:
            raise UnreadableFileError(text.place, f"{fault}, or one of more than 64 MiB")
        if not text.more(size):
            raise UnreadableFileError(text.place, f"{fault}, or the file is cut off")
        size *= 2  # twice as much each time: the work stays linear
