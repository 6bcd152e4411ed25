"""reject/v1: a refused record, whole, with the reason and where it came from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from stream_app.contracts.times import format_time
from stream_app.domain.clock import YEAR_10000_MS
from stream_app.domain.rejects import Reason, Reject

Base64 = Annotated[bytes, Meta(extra_json_schema={"contentEncoding": "base64"})]


class SourceV1(msgspec.Struct, gc=False):
    """Where a refused record stands. Of a file: its name, and the line counted from 0."""

    topic: str
    partition: Annotated[int, Meta(ge=0)]
    offset: Annotated[int, Meta(ge=0)]
    timestamp: Annotated[str | None, Meta(description="The record's, RFC 3339 UTC.")]


class HeaderV1(msgspec.Struct, gc=False):
    """A header of the refused record."""

    name: str
    value: Base64


class RejectV1(msgspec.Struct, gc=False):
    """A record that was refused. Its bytes are kept so that it can be sent again when mended."""

    reason: Reason
    detail: Annotated[str, Meta(description="Where and what was expected; no value of the record.")]
    source: SourceV1
    key: Base64 | None
    value: Base64 | None
    headers: list[HeaderV1]


_encode: Final = msgspec.json.Encoder().encode


def write_reject(
    reject: Reject,
    *,
    topic: str,
    partition: int,
    offset: int,
    timestamp_ms: int | None,
    key: bytes | None,
    value: bytes | None,
    headers: Sequence[tuple[str, bytes]] = (),
) -> bytes:
    """The JSON bytes of a refused record; a timestamp that is no time (-1: none) is null."""
    is_time = timestamp_ms is not None and 0 <= timestamp_ms < YEAR_10000_MS
    timestamp = format_time(timestamp_ms) if timestamp_ms is not None and is_time else None
    return _encode(
        RejectV1(
            reason=reject.reason,
            detail=reject.detail,
            source=SourceV1(topic, partition, offset, timestamp),
            key=key,
            value=value,
            headers=[HeaderV1(name, content) for name, content in headers],
        )
    )


def reject_line(reject: Reject, file: str, number: int, value: bytes) -> bytes:
    """What was refused of a line of a file, the first of which is 0, as a line itself."""
    told = write_reject(
        reject, topic=file, partition=0, offset=number, timestamp_ms=None, key=None, value=value
    )
    return told + b"\n"
