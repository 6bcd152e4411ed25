"""erasure/v1: forget a person, or let one in again; bytes of a record to that, or why not."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from stream_app.contracts.interaction import END, SLUG
from stream_app.contracts.link import Person
from stream_app.contracts.reading import decoded
from stream_app.domain.rejects import Reject

ALL_BRANDS: Final = "*"


class ErasureV1(msgspec.Struct, gc=False):
    """Forget all that is known of a person; with `consent` let a forgotten person in as new."""

    brand: Annotated[
        str,
        Meta(
            pattern=rf"^\*{END}|{SLUG}",
            description="The brand's slug, or * for all brands.",
        ),
    ]
    person: Annotated[Person, Meta(description="The person, by any of their ids.")]
    consent: Annotated[
        bool | None, Meta(description="true: the person may be known again, as a new one.")
    ] = None


class Erasure(msgspec.Struct, frozen=True, array_like=True):
    """An erasure as the log has it; `path`: the ids of the same person that are erased already.

    `if_linked`: only if the id still is somebody else's, for that one is forgotten. `is_done`: it
    is gone where the relationship was; the other partitions are told.
    """

    brand: str
    person: str
    consent: bool = False
    path: tuple[str, ...] = ()
    if_linked: bool = False
    is_done: bool = False


_decode: Final = msgspec.json.Decoder(ErasureV1).decode


def read_erasure(value: bytes | None) -> Erasure | Reject:
    """The erasure in the value of a record, or why it is refused."""
    wire = decoded(value, _decode)
    if isinstance(wire, Reject):
        return wire
    return Erasure(wire.brand, wire.person, bool(wire.consent))
