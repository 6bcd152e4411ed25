"""CloudEvents 1.0 around an interaction: the structured and the binary mode of its Kafka binding.

    mode         told by                                            the interaction is
    structured   content-type application/cloudevents+json,         `data`, or `data_base64`
                 or an object with `specversion`
    binary       header ce_specversion (or ce-specversion)          the record's value

An interaction without an `id` takes the CloudEvent's, one without `occurred_at` its `time`.
Attributes that no interaction needs (`source`, `type`, extensions) are not looked at.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from stream_app.contracts.faults import not_json
from stream_app.contracts.interaction import MAX_BYTES
from stream_app.contracts.reading import read_interaction
from stream_app.contracts.times import parse_time
from stream_app.domain.events import Interaction
from stream_app.domain.policy import Policy
from stream_app.domain.rejects import Reason, Reject

Headers = Sequence[tuple[str, bytes]]

SPEC_VERSION: Final = "1.0"
STRUCTURED: Final = "application/cloudevents"
STRUCTURED_JSON: Final = "application/cloudevents+json"
BATCH: Final = "application/cloudevents-batch"


class _Envelope(msgspec.Struct, gc=False):
    """What is read of a structured CloudEvent. Loose, so that each refusal names its path."""

    specversion: Any = None
    id: Any = None
    time: Any = None
    data: msgspec.Raw = msgspec.Raw()
    data_base64: Any = None


class _Present(msgspec.Struct, gc=False):
    """Which of the fields that an envelope can stand in for an interaction brings itself."""

    id: Any = msgspec.UNSET
    occurred_at: Any = None


_decode_envelope: Final = msgspec.json.Decoder(_Envelope).decode
_encode: Final = msgspec.json.Encoder().encode
_decode_present: Final = msgspec.json.Decoder(_Present).decode


def read_record(
    value: bytes | None, headers: Headers, recorded_ms: int, policy: Policy
) -> Interaction | Reject:
    """The interaction in a record of `social.interactions`, bare or in a CloudEvent, or why not.

    `recorded_ms` is the record's timestamp: the time of an act when nothing else tells it.
    """
    if headers:
        said = {name.lower().replace("-", "_"): text for name, text in headers}
        if "ce_specversion" in said:
            return _binary(value, said, recorded_ms, policy)
        content_type = _text(said.get("content_type")).strip().lower()
        if content_type.startswith(STRUCTURED):
            return _declared(value, content_type, recorded_ms, policy)
    read = read_interaction(value, recorded_ms, policy)
    if not isinstance(read, Interaction) and read.reason is Reason.WRONG_SHAPE:
        assert value is not None
        if b'"specversion"' in value:
            return _structured(value, recorded_ms, policy)
    return read


def _declared(
    value: bytes | None, content_type: str, recorded_ms: int, policy: Policy
) -> Interaction | Reject:
    """A record whose content type says that it is a structured CloudEvent."""
    if content_type.startswith(BATCH):
        return _wrong("$: a batch of CloudEvents; send one in each record")
    if content_type.partition(";")[0].strip() != STRUCTURED_JSON:
        return _wrong(f"$: CloudEvents are read as {STRUCTURED_JSON} only")
    if not value or value.isspace():
        return Reject(Reason.EMPTY)
    if len(value) > MAX_BYTES:
        return Reject(Reason.TOO_LARGE, f"{len(value)} bytes, at most {MAX_BYTES}")
    return _structured(value, recorded_ms, policy)


def _structured(value: bytes, recorded_ms: int, policy: Policy) -> Interaction | Reject:
    try:
        envelope = _decode_envelope(value)
    except msgspec.ValidationError:
        return _wrong("$: expected a CloudEvent, an `object`")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Reject(Reason.NOT_JSON, not_json(error))
    if envelope.specversion != SPEC_VERSION:
        return _wrong(f"$.specversion: expected {SPEC_VERSION!r}")
    data = bytes(envelope.data)
    if envelope.data_base64 is None:
        path = "$.data"
        if not data or data == b"null":
            return _wrong("$.data: missing")
    else:
        path = "$.data_base64"
        if data:
            return _wrong("$: has `data` and `data_base64`")
        try:
            data = b64decode(envelope.data_base64, validate=True)
        except (binascii.Error, TypeError, ValueError):
            return _wrong("$.data_base64: not base64")
    return _read_data(data, path, envelope.id, envelope.time, recorded_ms, policy)


def _binary(
    value: bytes | None, said: Mapping[str, bytes], recorded_ms: int, policy: Policy
) -> Interaction | Reject:
    if _text(said["ce_specversion"]) != SPEC_VERSION:
        return _wrong(f"$.specversion: expected {SPEC_VERSION!r} in the header ce_specversion")
    if not value or len(value) > MAX_BYTES:
        return read_interaction(value, recorded_ms, policy)
    ce_id, ce_time = (_text(said[name]) if name in said else None for name in ("ce_id", "ce_time"))
    return _read_data(value, "$", ce_id, ce_time, recorded_ms, policy)


def _read_data(
    data: bytes, path: str, ce_id: Any, ce_time: Any, recorded_ms: int, policy: Policy
) -> Interaction | Reject:
    """Read the data, which stand at `path` of the record, with what the envelope stands in for."""
    try:
        present = _decode_present(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _at(path, read_interaction(data, recorded_ms, policy))  # says what is wrong
    if present.id is msgspec.UNSET:
        if not isinstance(ce_id, str) or not ce_id:
            return _wrong("$.id: expected a `str`: neither the data nor the CloudEvent has one")
        data = _with_id(data, ce_id)
    if present.occurred_at is None and ce_time is not None:
        try:
            recorded_ms = parse_time(ce_time if isinstance(ce_time, str) else "")
        except ValueError as error:
            return Reject(Reason.BAD_TIME, f"$.time: {error}")
    return _at(path, read_interaction(data, recorded_ms, policy))


def _with_id(data: bytes, ce_id: str) -> bytes:
    """The JSON object `data` with this id: of two fields of one name the last one counts."""
    members = data.strip()[1:-1].strip()
    return b"{" + members + (b"," if members else b"") + b'"id":' + _encode(ce_id) + b"}"


def _at(path: str, read: Interaction | Reject) -> Interaction | Reject:
    """A refusal's detail begins with where in the data it is: make that a path of the record."""
    if isinstance(read, Reject) and read.detail.startswith("$"):
        return Reject(read.reason, path + read.detail[1:])
    return read


def _wrong(detail: str) -> Reject:
    return Reject(Reason.WRONG_SHAPE, detail)


def _text(value: bytes | None) -> str:
    return "" if value is None else value.decode("utf-8", "replace")
