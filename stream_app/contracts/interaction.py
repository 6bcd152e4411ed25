"""interaction/v1: bytes of a record to an interaction, or the reason why not."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from sys import intern
from typing import Annotated, Any, Final, Literal, TypeVar, cast

import msgspec
from msgspec import Meta

from stream_app.contracts.times import TIME_PATTERN, parse_time
from stream_app.domain.clock import YEAR_2000_MS, YEAR_10000_MS
from stream_app.domain.events import Interaction
from stream_app.domain.money import Money
from stream_app.domain.policy import Policy
from stream_app.domain.rejects import Reason, Reject
from stream_app.domain.verbs import INBOUND_VERBS, OUTBOUND_VERBS, Kind

MAX_BYTES: Final = 256 * 1024
"""A longer value is refused as `too_large`."""

MAX_TOPICS: Final = 16

END: Final = r"(?![\s\S])"
"""The very end of a text in every dialect (`$` may also stand before a last line feed)."""
SLUG: Final = r"^[a-z0-9][a-z0-9._-]{0,63}" + END
NO_CONTROL: Final = r"^[^\u0000-\u001f\u007f-\u009f]+" + END

Slug = Annotated[str, Meta(pattern=SLUG)]
Id = Annotated[str, Meta(min_length=1, max_length=200)]
WireTime = (
    Annotated[
        int,
        Meta(extra_json_schema={"minimum": YEAR_2000_MS, "maximum": YEAR_10000_MS - 1}),
    ]
    | Annotated[
        str, Meta(extra_json_schema={"format": "date-time", "pattern": f"^{TIME_PATTERN}$"})
    ]
)
"""What the schema says of a time; `parse_time` decides."""


class MoneyV1(msgspec.Struct, gc=False):
    """An amount of money, never negative."""

    amount: Annotated[
        str,
        Meta(
            pattern=r"^[0-9]{1,18}(\.[0-9]{1,9})?" + END,
            description="A decimal in a string: exact.",
            examples=["12.50"],
        ),
    ]
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}" + END, description="ISO 4217, in capitals.")]


class InteractionV1(msgspec.Struct, gc=False):
    """One act of a person towards a brand, or of a brand towards a person."""

    id: Annotated[
        Id, Meta(description="With platform and op the act's identity: sent again, it counts once.")
    ]
    brand: Annotated[Slug, Meta(description="The brand's slug.")]
    person: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=200,
            pattern=NO_CONTROL,
            description="The person, as the publisher knows them; adapters use <platform>:<id>.",
        ),
    ]
    platform: Annotated[Slug, Meta(description="Where it happened.")]
    verb: Annotated[
        str,
        Meta(
            description="What was done.",
            extra_json_schema={"enum": sorted({*INBOUND_VERBS, *OUTBOUND_VERBS})},
        ),
    ]
    direction: Annotated[
        Literal["inbound", "outbound"] | None,
        Meta(description="inbound: the person acted; outbound: the brand did."),
    ] = "inbound"
    op: Annotated[Literal["create", "undo"] | None, Meta(description="undo takes an act back.")] = (
        "create"
    )
    occurred_at: Annotated[
        WireTime | None,
        Meta(
            description="RFC 3339 with an offset, or integer milliseconds since 1970. "
            "Digits finer than a millisecond are cut off. Absent: the record's timestamp."
        ),
    ] = None
    undoes: Annotated[Id | None, Meta(description="Id of the act that an undo takes back.")] = None
    in_reply_to: Annotated[Id | None, Meta(description="Id of the act that this one answers.")] = (
        None
    )
    object: Annotated[
        Annotated[str, Meta(max_length=200)] | None,
        Meta(description="What it was done to: a post, a product, a list."),
    ] = None
    method: Annotated[
        Annotated[str, Meta(max_length=128)] | None,
        Meta(description="What the company did to earn it: a campaign, a series, support work."),
    ] = None
    topics: Annotated[
        Annotated[list[Slug], Meta(max_length=MAX_TOPICS)] | None,
        Meta(description="What it was about."),
    ] = None
    sentiment: Annotated[
        Annotated[float, Meta(ge=-1, le=1)] | None,
        Meta(description="From -1 (hates it) to 1 (loves it)."),
    ] = None
    dwell_ms: Annotated[
        Annotated[int, Meta(ge=0)] | None, Meta(description="Time spent, milliseconds.")
    ] = None
    value: Annotated[MoneyV1 | None, Meta(description="Money paid, or paid back by an undo.")] = (
        None
    )
    automated: Annotated[bool | None, Meta(description="A machine did it.")] = None
    incentivised: Annotated[bool | None, Meta(description="The person was paid for it.")] = None


class ReplayLineV1(InteractionV1, gc=False):
    """A line of a file: an interaction with the timestamp that its record had."""

    recorded_at: int | str | None = None


_Name = Annotated[str, Meta(min_length=1, max_length=200)]
_FAST_TYPES: Final[dict[str, Any]] = {
    "id": _Name,
    "brand": str,
    "person": _Name,
    "platform": str,
    "verb": Literal[tuple(sorted({*INBOUND_VERBS, *OUTBOUND_VERBS}))],
    "occurred_at": int | str | None,
    "recorded_at": int | str | None,
    "topics": Annotated[tuple[str, ...], Meta(max_length=MAX_TOPICS)] | None,
    "value": MoneyV1 | None,
}
"""Without the patterns, which are dear. What they ask for is checked by `_decode`."""
_LOOSE_TYPES: Final[dict[str, Any]] = {
    "direction": Literal["inbound", "outbound"] | None,
    "op": Literal["create", "undo"] | None,
    "occurred_at": int | str | None,
    "recorded_at": int | str | None,
    "topics": list[str] | None,
    "sentiment": float | None,
    "dwell_ms": int | None,
    "value": MoneyV1 | None,
    "automated": bool | None,
    "incentivised": bool | None,
}
"""Nothing but the types: what is wrong with these is said first of a record."""


def _fast(kind: type[msgspec.Struct]) -> type[msgspec.Struct]:
    """The same struct without patterns: decoding it is five times faster."""
    return _retyped(
        kind, {field.name: field.type for field in msgspec.structs.fields(kind)} | _FAST_TYPES
    )


def _loose(kind: type[msgspec.Struct]) -> type[msgspec.Struct]:
    """The same struct with bare types."""
    fields = msgspec.structs.fields(kind)
    bare = {field.name: str if field.required else str | None for field in fields}
    return _retyped(kind, bare | _LOOSE_TYPES)


def _retyped(kind: type[msgspec.Struct], types: dict[str, Any]) -> type[msgspec.Struct]:
    fields: list[Any] = [
        (field.name, types[field.name])
        if field.required
        else (field.name, types[field.name], field.default)
        for field in msgspec.structs.fields(kind)
    ]
    return msgspec.defstruct(kind.__name__, fields, gc=False)


_decode_record = cast(
    "Callable[[bytes], InteractionV1]", msgspec.json.Decoder(_fast(InteractionV1)).decode
)
_decode_line = cast(
    "Callable[[bytes], ReplayLineV1]", msgspec.json.Decoder(_fast(ReplayLineV1)).decode
)
_decode_loose_record = msgspec.json.Decoder(_loose(InteractionV1)).decode
_decode_loose_line = msgspec.json.Decoder(_loose(ReplayLineV1)).decode
_decode_strict = msgspec.json.Decoder(InteractionV1).decode

_is_slug: Final = re.compile(SLUG).match
_has_no_control: Final = re.compile(NO_CONTROL).match
_VERBS: Final = {
    None: frozenset(INBOUND_VERBS),
    "inbound": frozenset(INBOUND_VERBS),
    "outbound": frozenset(OUTBOUND_VERBS),
}
_SLUGS_KEPT: Final = 65_536


class _Slugs(dict[str, str]):
    """Every slug seen, as one and the same text: a state holds many. KeyError if it is none."""

    def __missing__(self, text: str) -> str:
        if _is_slug(text) is None:
            raise KeyError
        if len(self) >= _SLUGS_KEPT:
            self.clear()
        self[text] = text
        return text


_slugs: Final = _Slugs()
_PLAIN: Final = Kind.PLAIN

W = TypeVar("W", bound=InteractionV1)


def read_interaction(value: bytes | None, recorded_ms: int, policy: Policy) -> Interaction | Reject:
    """The interaction in the value of a record, or why it is refused.

    `recorded_ms` is the record's timestamp: the time of an act that carries none. What depends on
    the state (`from_the_future`, `too_old`) is decided later.
    """
    wire = _decode(value, _decode_record)
    if wire is None:
        return _why_not(value, _decode_loose_record)
    try:
        at_ms = recorded_ms if wire.occurred_at is None else parse_time(wire.occurred_at)
    except ValueError as error:
        return Reject(Reason.BAD_TIME, f"$.occurred_at: {error}")
    return _interaction(wire, at_ms, policy)


def read_line(line: bytes, policy: Policy) -> tuple[Interaction, int] | Reject:
    """The interaction in a line of a file and its record's timestamp, or why it is refused.

    `recorded_at` says the timestamp; without it `occurred_at` counts as such.
    """
    if len(line) > MAX_BYTES:
        line = line.rstrip(b"\r\n")  # the record would not have had them
    wire = _decode(line, _decode_line)
    if wire is None:
        return _why_not(line, _decode_loose_line)
    occurred, recorded = wire.occurred_at, wire.recorded_at
    if occurred is None:
        occurred = recorded
    if occurred is None:
        return Reject(Reason.BAD_TIME, "$.occurred_at: none, and no recorded_at to stand for it")
    try:
        at_ms = parse_time(occurred)
        recorded_ms = at_ms if recorded is None else parse_time(recorded)
    except ValueError as error:
        return Reject(Reason.BAD_TIME, f"$.occurred_at or $.recorded_at: {error}")
    return _interaction(wire, at_ms, policy), recorded_ms


def _decode(value: bytes | None, decode: Callable[[bytes], W]) -> W | None:
    """What is in `value`, or None if there is anything wrong with it."""
    if not value or len(value) > MAX_BYTES:
        return None
    try:
        if not value.isascii():
            value.decode()  # the decoder does not look into texts that it skips
        wire = decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    # what the decoder did not look at: the verb for its direction, slugs, control characters
    if wire.verb not in _VERBS[wire.direction]:
        return None
    try:
        wire.brand = _slugs[wire.brand]
        wire.platform = _slugs[wire.platform]
        if wire.topics:
            for topic in wire.topics:
                _slugs[topic]
    except KeyError:
        return None
    if not wire.person.isprintable() and _has_no_control(wire.person) is None:
        return None
    return wire


def _why_not(value: bytes | None, decode_loose: Callable[[bytes], object]) -> Reject:
    """Why there is no interaction in `value`: looked at again, for it is rare."""
    if not value or value.isspace():
        return Reject(Reason.EMPTY)
    if len(value) > MAX_BYTES:
        return Reject(Reason.TOO_LARGE, f"{len(value)} bytes, at most {MAX_BYTES}")
    try:
        value.decode()
        decode_loose(value)
    except msgspec.ValidationError as error:
        return refusal(str(error)) if is_json(value) else Reject(Reason.NOT_JSON)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Reject(Reason.NOT_JSON, type(error).__name__)
    return _explain(value)


def is_json(value: bytes) -> bool:
    """Whether all of it is JSON: the decoder stops at the first fault that it finds."""
    try:
        value.decode()
        msgspec.json.decode(value)
    except msgspec.ValidationError:  # a number too great for us is JSON still
        return True
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


def _interaction(wire: InteractionV1, at_ms: int, policy: Policy) -> Interaction:
    value = wire.value
    return Interaction(
        wire.id,
        wire.brand,
        wire.person,
        wire.platform,
        wire.verb,
        wire.direction != "outbound",
        wire.op == "undo",
        at_ms,
        _PLAIN
        if wire.sentiment is None and not wire.automated and not wire.incentivised
        else _kind(wire, policy),
        wire.undoes,
        wire.object,
        wire.method and intern(wire.method),  # a state holds many that are the same
        None if value is None else Money(Decimal(value.amount), value.currency),
        cast("tuple[str, ...]", wire.topics) or (),
        wire.sentiment,
    )


def _kind(wire: InteractionV1, policy: Policy) -> Kind:
    if wire.automated:
        return Kind.AUTOMATED
    sentiment = wire.sentiment
    if sentiment is not None and sentiment < policy.rules_for(wire.brand).negative_below:
        return Kind.NEGATIVE
    return Kind.INCENTIVISED if wire.incentivised else Kind.PLAIN


def _explain(value: bytes) -> Reject:
    """Why an implausible interaction is refused: the strict decoder says where and what."""
    try:
        wire = _decode_strict(value)
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
    expected = re.sub(
        r"Invalid enum value .*",
        "Not one of the allowed values",
        message[: match.start()] if match else message,
    )
    if path == "$.occurred_at":
        return Reject(Reason.BAD_TIME, f"{path}: {expected}")
    if path in _BY_PATH and expected.startswith(_CONSTRAINT):
        return Reject(_BY_PATH[path], f"{path}: {expected}")
    return Reject(Reason.WRONG_SHAPE, f"{path}: {expected}")
