"""Exports of Discourse, told apart by their columns and fields:

- the user list that an administrator exports (CSV): who joined, and when;
- posts, as a Data Explorer query exports them (CSV or JSON), or as `/posts.json` and topics' JSON
  give them: id, user_id, topic_id, post_number, created_at;
- a user's own archive (`user_archive.csv`): that user's posts. Its likes, flags and visits are
  towards other users or nobody: nothing comes of them.

The forum is the brand's account: `--account https://forum.example`. Each row becomes the webhook
that the forum would have sent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final

import msgspec

from stream_app.adapters.base import Outcome, Refusal
from stream_app.adapters.fields import Malformed, Node
from stream_app.adapters.registry import read
from stream_app.backfill.arrays import MEMBER_LIMIT, Text
from stream_app.backfill.errors import UnreadableFileError
from stream_app.backfill.files import name_of
from stream_app.backfill.found import Found, Options, Passed
from stream_app.backfill.table import Table

_POST: Final = frozenset(("id", "user_id", "topic_id", "post_number", "created_at"))
_USER: Final = frozenset(("id", "username", "created_at", "trust_level"))
_OWN_POST: Final = frozenset(("url", "created_at", "is_pm"))
_NO_ACTS: Final = (
    frozenset(("post_id", "created_at", "deleted_at")),  # likes, flags, other actions of a user
    frozenset(("visited_at", "posts_read")),
    frozenset(("badge_id", "granted_at")),
    frozenset(("bookmarkable_id",)),
    frozenset(("category_id", "category_names")),
    frozenset(("auth_token_hash",)),
    frozenset(("verdict", "post_raw")),
)
_URL: Final = re.compile(r"(https?://[^?#]+?)/t/[^/]*/(\d+)/(\d+)")
_KNOWN: Final = "expected posts, the user list or a user's archive of Discourse, CSV or JSON"
_PRIVATE: Final = frozenset(("yes", "true"))
_ByRow = Callable[[Node, str, Options, str], Iterator[Outcome | Passed]]


def discourse(file: BinaryIO, path: Path, platform: str, options: Options) -> Iterator[Found]:
    """The acts in one exported file."""
    text = file.peek(64)[:64].lstrip() if hasattr(file, "peek") else b""
    if text.startswith((b"{", b"[")):
        yield from _json(file, name_of(path), options)
        return
    table = Table(file, name_of(path))
    if not table.header:
        return
    by_row = _kind(frozenset(table.header), table.name)
    if by_row is None:
        yield Found(1, Passed("no_acts_in_this_file"), b"")
        return
    person = options.person or _person(path)
    for line, fields in table.rows():
        raw = msgspec.json.encode(fields)
        if len(fields) != len(table.header):
            fault = Malformed("$", f"{len(table.header)} columns, as in the header")
            yield Found(line, Refusal.of(fault), raw)
            continue
        row = Node(dict(zip(table.header, fields, strict=True)), "$")
        for outcome in _guarded(by_row, row, person, options, table.name):
            yield Found(line, outcome, raw)


def _kind(header: frozenset[str], name: str) -> _ByRow | None:
    """How the rows under a header are read; None: there are no acts in them."""
    if header >= _POST:
        return _post
    if header >= _USER:
        return _user
    if header >= _OWN_POST:
        return _own_post
    if any(header >= known for known in _NO_ACTS):
        return None
    raise UnreadableFileError(f"{name}:1", f"{_KNOWN}; not these columns")


def _guarded(
    by_row: _ByRow, row: Node, person: str, options: Options, name: str
) -> Iterator[Outcome | Passed]:
    try:
        yield from by_row(row, person, options, name)
    except Malformed as fault:
        yield Refusal.of(fault)


def _post(row: Node, person: str, options: Options, name: str) -> Iterator[Outcome | Passed]:
    if row.raw("deleted_at") or row.raw("user_deleted") in (True, "true"):
        yield Passed("deleted")
        return
    post = {
        "id": row.id("id"),
        "user_id": row.id("user_id"),
        "topic_id": row.id("topic_id"),
        "post_number": row.id("post_number"),
        "reply_to_post_number": row.text("reply_to_post_number"),
        "created_at": _time(row),
    }
    yield from _webhook("post_created", {"post": post}, options.account, options, name)


def _user(row: Node, person: str, options: Options, name: str) -> Iterator[Outcome | Passed]:
    user = {"id": row.id("id"), "created_at": _time(row)}
    yield from _webhook("user_created", {"user": user}, options.account, options, name)


def _own_post(row: Node, person: str, options: Options, name: str) -> Iterator[Outcome | Passed]:
    """A post in its author's archive: it has no id there, only its topic and number."""
    if row.text("is_pm").lower() in _PRIVATE or row.text("categories") in ("", "-"):
        yield Passed("private")
        return
    if not person:
        what = "whose archive is it? Do: give --person ID (the user's number in the forum)"
        raise UnreadableFileError(name, what)
    match = _URL.match(row.id("url"))
    if match is None:
        raise Malformed(row.at("url"), "the address of a post")
    post = {
        "id": f"{match[2]}/{match[3]}",
        "user_id": person,
        "topic_id": match[2],
        "post_number": match[3],
        "created_at": _time(row),
    }
    account = options.account or match[1]
    yield from _webhook("post_created", {"post": post}, account, options, name)


def _time(row: Node) -> str:
    """`2015-02-03 04:05:06 UTC` in CSV, ISO 8601 in JSON."""
    return re.sub(r" UTC$", "Z", row.id("created_at"))


def _webhook(
    event: str, body: dict[str, Any], account: str, options: Options, name: str
) -> Iterator[Outcome]:
    if not account:
        raise UnreadableFileError(name, "which forum is it? Do: give --account https://forum...")
    headers = {"x-discourse-event": event, "x-discourse-instance": account}
    yield from read("discourse", msgspec.json.encode(body), headers, options.accounts)


def _person(path: Path) -> str:
    """The user's number in the `preferences.json` beside an archive's file; "" if there is none."""
    beside = path.with_name("preferences.json")
    if str(path) == "-" or not beside.is_file():
        return ""
    try:
        told = Node.of(msgspec.json.decode(beside.read_bytes()))
        return (told.child("user") or told).text("id")
    except (ValueError, Malformed) as error:
        raise UnreadableFileError(beside.name, "broken JSON") from error


def _json(file: BinaryIO, name: str, options: Options) -> Iterator[Found]:
    """Documents of the forum's API, one or one a line; a document is read whole, to a bound."""
    text = Text(file, name)
    while text.more():
        if len(text.held) > MEMBER_LIMIT:
            raise UnreadableFileError(name, "more than 64 MiB in one file. Do: cut it, or use CSV")
    content = text.held.encode("utf-8", "surrogatepass")
    try:
        documents = [(1, msgspec.json.decode(content))]
    except (ValueError, RecursionError):
        documents = list(_documents(content, name))
    for line, document in documents:
        for row in _rows(document, f"{name}:{line}"):
            try:
                node = Node.of(row)
            except Malformed as fault:
                yield Found(line, Refusal.of(fault), msgspec.json.encode(row))
                continue
            by_row = _post if frozenset(node.value) >= _POST else _user
            for outcome in _guarded(by_row, node, "", options, name):
                yield Found(line, outcome, msgspec.json.encode(row))


def _documents(content: bytes, name: str) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(content.splitlines(), 1):
        if line.strip():
            try:
                yield number, msgspec.json.decode(line)
            except (ValueError, RecursionError) as error:
                raise UnreadableFileError(f"{name}:{number}", "broken JSON") from error


def _rows(document: Any, place: str) -> list[Any]:
    """The posts or users in a document."""
    if isinstance(document, list):
        return document
    stream = document.get("post_stream") if isinstance(document, dict) else None
    if isinstance(stream, dict) and isinstance(stream.get("posts"), list):
        return list(stream["posts"])
    if isinstance(document, dict):
        if isinstance(document.get("latest_posts"), list):
            return list(document["latest_posts"])
        columns, rows = document.get("columns"), document.get("rows")
        if isinstance(columns, list) and isinstance(rows, list):
            return _of_columns(columns, rows, place)
        if {"id", "created_at"} <= document.keys():
            return [document]
    raise UnreadableFileError(place, _KNOWN)


def _of_columns(columns: list[Any], rows: list[Any], place: str) -> list[Any]:
    """The rows of a Data Explorer query, which names its columns once."""
    if not all(isinstance(column, str) for column in columns):
        raise UnreadableFileError(place, "expected names of columns in `columns`")
    return [dict(zip(columns, row, strict=False)) if isinstance(row, list) else row for row in rows]
