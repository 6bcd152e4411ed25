"""WordPress exports (WXR): the comments, one post after the other.

Expat directly: an export may be huge, so it must be streamed, and nothing of it may be expanded. A
document type is refused where it begins, so there are no entities to expand or to fetch; expat
fetches none by itself. That is all that a hardened parser would add.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final
from xml.parsers import expat

import msgspec

from stream_app.adapters import wordpress
from stream_app.backfill.errors import UnreadableFileError
from stream_app.backfill.files import name_of
from stream_app.backfill.found import Found, Options

TEXT_LIMIT: Final = 10_000
"""Characters kept of a field: ids, names and times are far below it."""
_CHUNK: Final = 1 << 16
_OF_ITEM: Final = frozenset(("link", "post_id", "creator"))
_OF_COMMENT: Final = frozenset(
    f"comment_{name}"
    for name in (
        *("id", "author_email", "author_url", "date_gmt"),
        *("type", "approved", "parent", "user_id"),
    )
)


class _Export:
    """Handlers of one export. `ready` has the comments of the posts that have ended."""

    def __init__(self, name: str) -> None:
        self.ready: list[tuple[int, dict[str, str]]] = []
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = self._doctype
        self._name = name
        self._path: list[str] = []
        self._item: dict[str, str] = {}
        self._comments: list[tuple[int, dict[str, str]]] = []
        self._meta: dict[str, str] = {}
        self._into: dict[str, str] | None = None

    @property
    def place(self) -> str:
        """`file:line`."""
        return f"{self._name}:{self.parser.CurrentLineNumber}"

    def _doctype(self, *_: object) -> None:
        raise UnreadableFileError(self.place, "a document type: no export of WordPress has one")

    def _start(self, tag: str, _: object) -> None:
        name = tag.rpartition(":")[2]
        if not self._path and name != "rss":
            raise UnreadableFileError(self.place, "expected an export of WordPress, <rss>")
        parent = self._path[-1] if self._path else ""
        self._path.append(name)
        self._into = None
        if name == "item":
            self._item, self._comments = {}, []
        elif name == "comment" and parent == "item":
            self._comments.append((self.parser.CurrentLineNumber, {}))
        elif name == "commentmeta":
            self._meta = {}
        elif parent == "commentmeta":
            self._into = self._meta
        elif parent == "item" and name in _OF_ITEM:
            self._into = self._item
        elif parent == "comment" and name in _OF_COMMENT and self._comments:
            self._into = self._comments[-1][1]

    def _text(self, text: str) -> None:
        if self._into is not None:
            name = self._path[-1]
            self._into[name] = (self._into.get(name, "") + text)[:TEXT_LIMIT]

    def _end(self, tag: str) -> None:
        self._path.pop()
        self._into = None
        name = tag.rpartition(":")[2]
        if name == "commentmeta" and self._comments and self._meta.get("meta_key") == "rating":
            self._comments[-1][1]["comment_rating"] = self._meta.get("meta_value", "")
        if name == "item":
            self.ready += [(line, self._item | comment) for line, comment in self._comments]
            self._comments = []


def wxr(file: BinaryIO, path: Path, platform: str, options: Options) -> Iterator[Found]:
    """The comments of an export. Held at once: the ids of the comments of one post."""
    name = name_of(path)
    export = _Export(name)
    empty = True
    try:
        while chunk := file.read(_CHUNK):
            empty = empty and not chunk.strip()
            export.parser.Parse(chunk, False)
            yield from _comments(export)
        if not empty:
            export.parser.Parse(b"", True)
    except expat.ExpatError as error:
        what = expat.ErrorString(error.code)
        raise UnreadableFileError(f"{name}:{error.lineno}", f"broken XML ({what})") from error
    yield from _comments(export)


def _comments(export: _Export) -> Iterator[Found]:
    ready, export.ready = export.ready, []
    for line, fields in ready:
        yield Found(line, wordpress.exported(fields), msgspec.json.encode(fields))
