"""Bytes of a record to an interaction, or the reason why not."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from sys import intern
from typing import Any, Final, TypeVar

import msgspec
from msgspec.structs import astuple

from stream_app.contracts.faults import in_words, json_fault, not_json
from stream_app.contracts.interaction import (
    MAX_BYTES,
    NO_CONTROL,
    SLUG,
    InteractionV1,
    ReplayLineV1,
    decode_line,
    decode_loose_line,
    decode_loose_record,
    decode_record,
    decode_strict,
)
from stream_app.contracts.times import parse_time
from stream_app.domain.events import Interaction
from stream_app.domain.money import Money
from stream_app.domain.policy import Policy
from stream_app.domain.rejects import Reason, Reject
from stream_app.domain.verbs import INBOUND_VERBS, OUTBOUND_VERBS, Kind

_is_slug: Final = re.compile(SLUG).match
_has_no_control: Final = re.compile(NO_CONTROL).match
_VERBS: Final = {
    None: frozenset(INBOUND_VERBS),
    "inbound": frozenset(INBOUND_VERBS),
    "outbound": frozenset(OUTBOUND_VERBS),
}
_SLUGS_KEPT: Final = 65_536


_slugs: Final[dict[str, str]] = {}
_PLAIN: Final = Kind.PLAIN

T = TypeVar("T")

_Fields = tuple[Any, ...]
"""Those of InteractionV1, in order: read all at once, each costs a tenth of an attribute."""
_COUNT: Final = len(InteractionV1.__struct_fields__)
_OCCURRED_AT: Final = InteractionV1.__struct_fields__.index("occurred_at")
_RECORDED_AT: Final = ReplayLineV1.__struct_fields__.index("recorded_at")


def read_interaction(value: bytes | None, recorded_ms: int, policy: Policy) -> Interaction | Reject:
    """The interaction in the value of a record, or why it is refused.

    `recorded_ms` is the record's timestamp: the time of an act that carries none. What depends on
    the state (`from_the_future`, `too_old`) is decided later.
    """
    fields = _decode(value, decode_record)
    if fields is None:
        return _why_not(value, decode_loose_record)
    at_ms = event_time(fields[_OCCURRED_AT], recorded_ms)
    if not isinstance(at_ms, int):  # many times as quick as to ask for a Reject
        return at_ms
    return _interaction(fields, at_ms, policy)


def read_line(line: bytes, policy: Policy) -> tuple[Interaction, int] | Reject:
    """The interaction in a line of a file and its record's timestamp, or why it is refused.

    `recorded_at` says the timestamp; without it `occurred_at` counts as such.
    """
    if len(line) > MAX_BYTES:
        line = line.rstrip(b"\r\n")  # the record would not have had them
    fields = _decode(line, decode_line)
    if fields is None:
        return _why_not(line, decode_loose_line)
    times = line_times(fields[_OCCURRED_AT], fields[_RECORDED_AT])
    if not isinstance(times, tuple):
        return times
    at_ms, recorded_ms = times
    return _interaction(fields, at_ms, policy), recorded_ms


def event_time(occurred: int | str | None, recorded_ms: int) -> int | Reject:
    """Event time of a record: what it says, else its own timestamp."""
    try:
        return recorded_ms if occurred is None else parse_time(occurred)
    except ValueError as error:
        return Reject(Reason.BAD_TIME, f"$.occurred_at: {error}")


def line_times(occurred: int | str | None, recorded: int | str | None) -> tuple[int, int] | Reject:
    """Event time and record's timestamp of a line of a file: where one is absent, the other."""
    if occurred is None:
        occurred = recorded
    if occurred is None:
        return Reject(Reason.BAD_TIME, "$.occurred_at: none, and no recorded_at to stand for it")
    try:
        at_ms = parse_time(occurred)
        return at_ms, at_ms if recorded is None else parse_time(recorded)
    except ValueError as error:
        return Reject(Reason.BAD_TIME, f"$.occurred_at or $.recorded_at: {error}")


def _slug(text: str) -> str | None:
    """A slug as one and the same text, whoever says it: a state holds many. None if it is none."""
    known = _slugs.get(text)
    if known is not None:
        return known
    if _is_slug(text) is None:
        return None
    if len(_slugs) >= _SLUGS_KEPT:
        _slugs.clear()
    _slugs[text] = text
    return text


def _decode(value: bytes | None, decode: Callable[[bytes], InteractionV1]) -> _Fields | None:
    """What is in `value`, or None if there is anything wrong with it."""
    if not value or len(value) > MAX_BYTES:
        return None
    try:
        if not value.isascii():
            value.decode()  # the decoder does not look into texts that it skips
        fields: _Fields = astuple(decode(value))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return fields if _is_plausible(fields) else None


def _is_plausible(fields: _Fields) -> bool:
    """What the decoder did not look at: the verb for its direction, slugs, control characters."""
    _, brand, person, platform, verb, direction, _, _, _, _, _, _, topics = fields[:13]
    if verb not in _VERBS[direction]:
        return False
    if _slug(brand) is None or _slug(platform) is None:
        return False
    if topics:
        for topic in topics:
            if _slug(topic) is None:
                return False
    name: str = person
    return name.isprintable() or _has_no_control(name) is not None


def _why_not(value: bytes | None, decode_loose: Callable[[bytes], object]) -> Reject:
    """Why there is no interaction in `value`: looked at again, for it is rare."""
    found = decoded(value, decode_loose)
    return found if isinstance(found, Reject) else _explain(value or b"")


def decoded(value: bytes | None, decode: Callable[[bytes], T]) -> T | Reject:
    """What a decoder makes of the value of a record, or why it is refused."""
    if not value or value.isspace():
        return Reject(Reason.EMPTY)
    if len(value) > MAX_BYTES:
        return Reject(Reason.TOO_LARGE, f"{len(value)} bytes, at most {MAX_BYTES}")
    try:
        value.decode()
        return decode(value)
    except msgspec.ValidationError as error:
        fault = json_fault(value)
        return Reject(Reason.NOT_JSON, fault) if fault else refusal(str(error))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Reject(Reason.NOT_JSON, not_json(error))


def _interaction(fields: _Fields, at_ms: int, policy: Policy) -> Interaction:
    (
        act_id,
        brand,
        person,
        platform,
        verb,
        direction,
        op,
        _,
        undoes,
        _,
        target,
        method,
        topics,
        sentiment,
        _,
        value,
        automated,
        incentivised,
    ) = fields[:_COUNT]
    plain = sentiment is None and not automated and not incentivised
    return Interaction(
        act_id,
        _slug(brand) or brand,
        person,
        _slug(platform) or platform,
        verb,
        direction != "outbound",
        op == "undo",
        at_ms,
        _PLAIN if plain else _kind(brand, sentiment, automated, incentivised, policy),
        undoes,
        target,
        method and intern(method),
        None if value is None else Money(Decimal(value.amount), value.currency),
        tuple(topics) if topics else (),
        sentiment,
    )


def _kind(
    brand: str,
    sentiment: float | None,
    automated: bool | None,
    incentivised: bool | None,
    policy: Policy,
) -> Kind:
    if automated:
        return Kind.AUTOMATED
    if sentiment is not None and sentiment < policy.rules_for(brand).negative_below:
        return Kind.NEGATIVE
    return Kind.INCENTIVISED if incentivised else Kind.PLAIN


def _explain(value: bytes) -> Reject:
    """Why an implausible interaction is refused: the strict decoder says where and what."""
    try:
        wire = decode_strict(value)
    except msgspec.ValidationError as error:
        return refusal(str(error))
    verbs = wire.direction or "inbound"
    return Reject(Reason.UNKNOWN_VERB, f"$.verb: not one of the {verbs} verbs")


_PATH: Final = re.compile(r" - at `(\$[^`]*)`$")
_BY_PATH: Final = {"$.brand": Reason.BAD_BRAND, "$.person": Reason.BAD_PERSON}
_CONSTRAINT: Final = ("Expected `str` matching", "Expected `str` of length")


def refusal(message: str) -> Reject:
    """The reason for a message of the decoder. The detail never repeats what was sent."""
    match = _PATH.search(message)
    path = match.group(1) if match else "$"
    found = message[: match.start()] if match else message
    expected = in_words(found)
    if path == "$.occurred_at":
        return Reject(Reason.BAD_TIME, f"{path}: {expected}")
    if path in _BY_PATH and found.startswith(_CONSTRAINT):
        return Reject(_BY_PATH[path], f"{path}: {expected}")
    return Reject(Reason.WRONG_SHAPE, f"{path}: {expected}")
