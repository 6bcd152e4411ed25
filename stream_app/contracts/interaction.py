"""interaction/v1: its types, and decoders of several strictness. `reading` uses them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final, Literal, cast

import msgspec
from msgspec import Meta

from stream_app.contracts.times import TIME_PATTERN
from stream_app.domain.clock import YEAR_2000_MS, YEAR_10000_MS
from stream_app.domain.verbs import INBOUND_VERBS, OUTBOUND_VERBS

MAX_BYTES: Final = 256 * 1024
"""A longer value is refused as `too_large`."""

MAX_TOPICS: Final = 16

END: Final = r"(?![\s\S])"
"""The very end of a text in every dialect (`$` may also stand before a last line feed)."""
SLUG: Final = r"^[a-z0-9][a-z0-9._-]{0,63}" + END
NO_CONTROL: Final = r"^[^\u0000-\u001f\u007f-\u009f]+" + END
AMOUNT: Final = r"^[0-9]{1,18}(\.[0-9]{1,9})?" + END
CURRENCY: Final = r"^[A-Z]{3}" + END

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
            pattern=AMOUNT,
            description="A decimal in a string: exact.",
            examples=["12.50"],
        ),
    ]
    currency: Annotated[str, Meta(pattern=CURRENCY, description="ISO 4217, in capitals.")]


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
    "topics": Annotated[list[str], Meta(max_length=MAX_TOPICS)] | None,
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


decode_record = cast(
    "Callable[[bytes], InteractionV1]", msgspec.json.Decoder(_fast(InteractionV1)).decode
)
decode_line = cast(
    "Callable[[bytes], ReplayLineV1]", msgspec.json.Decoder(_fast(ReplayLineV1)).decode
)
decode_loose_record = msgspec.json.Decoder(_loose(InteractionV1)).decode
decode_loose_line = msgspec.json.Decoder(_loose(ReplayLineV1)).decode
decode_strict = msgspec.json.Decoder(InteractionV1).decode
