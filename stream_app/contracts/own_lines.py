"""Lines of a file that are no interactions: links and erasures between them, as published.

(What the service makes of them in its log is in `logged`.)

{"record": "link", "brand": "acme", "from": "web:1", "to": "web:2"}
{"record": "erasure", "brand": "acme", "person": "web:2"}
"""

from __future__ import annotations

from typing import Final

import msgspec

from stream_app.contracts.erasure import Erasure, read_erasure
from stream_app.contracts.link import Link, read_link
from stream_app.contracts.times import parse_time
from stream_app.domain.rejects import Reason, Reject


class _Line(msgspec.Struct):
    record: str
    recorded_at: int | str | None = None


class OwnLine(msgspec.Struct, frozen=True):
    """A link or an erasure with its record's timestamp."""

    said: Link | Erasure
    recorded_ms: int


_decode: Final = msgspec.json.Decoder(_Line).decode


def read_own_line(line: bytes) -> OwnLine | Reject | None:
    """The link or erasure in a line, or why there is none; None: it is no such line."""
    try:
        told = _decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    try:
        recorded_ms = 0 if told.recorded_at is None else parse_time(told.recorded_at)
    except ValueError as error:
        return Reject(Reason.BAD_TIME, f"$.recorded_at: {error}")
    read: Link | Erasure | Reject
    if told.record == "link":
        read = read_link(line, recorded_ms)
    elif told.record == "erasure":
        read = read_erasure(line)
    else:
        return None
    return read if isinstance(read, Reject) else OwnLine(read, recorded_ms)
