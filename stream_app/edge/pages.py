"""What a unit of work stores of methods: their days, costs that were counted, names by brand.

A method is a head that names its days, and one part per day, so that a commit writes the days that
changed. Keys begin with a NUL, which no relationship's does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from stream_app.contracts.panes import NewerFormatError
from stream_app.contracts.people import Sketch
from stream_app.contracts.wide import decoder, encode
from stream_app.domain.costs import KnownCost
from stream_app.domain.reports import Day, Method
from stream_app.domain.rows import Row

PAGE_TAG: Final = b"M"
COST_TAG: Final = b"C"
NAMES_TAG: Final = b"B"
_VERSION: Final = b"\x01"

Get = Callable[[bytes], bytes | None]
Parts = Iterable[tuple[bytes, bytes | None]]


class Page(msgspec.Struct):
    """A method, the days that were not published since they changed, and those that went.

    `waits`: it stands in the index of those that have something to publish.
    """

    method: Method
    unpublished: set[int] = set()
    dropped: list[int] = []
    waits: bool = False


class Names(msgspec.Struct, array_like=True):
    """The methods of a brand that a partition tells apart."""

    methods: list[str]


class _HeadV1(msgspec.Struct, array_like=True):
    brand: str
    name: str
    days: list[int]
    unpublished: list[int]


class _DayV1(msgspec.Struct, array_like=True):
    row: Row
    people: bytes
    revision: int
    trailing: int


_decode_head: Final = msgspec.msgpack.Decoder(_HeadV1).decode
_decode_day: Final = decoder(_DayV1)
_decode_cost: Final = decoder(KnownCost)
_decode_names: Final = msgspec.msgpack.Decoder(Names).decode


def page_key(brand: str, method: str) -> bytes:
    """Where a method is stored."""
    return f"\x00method {brand}/{method}".encode()


def cost_key(brand: str, cost_id: str) -> bytes:
    """Where what is known of a cost's id is stored."""
    return f"\x00cost {brand}/{cost_id}".encode()


def names_key(brand: str) -> bytes:
    """Where a brand's methods are stored."""
    return f"\x00names {brand}".encode()


def load(head: bytes, get: Get) -> Page | KnownCost | Names:
    """What the parts that `get` gives hold; `head` is the first of them."""
    if head[1:2] != _VERSION:
        raise NewerFormatError
    tag, content = head[:1], head[2:]
    if tag == COST_TAG:
        return _decode_cost(content)
    if tag == NAMES_TAG:
        return _decode_names(content)
    return _load_page(_decode_head(content), get)


def dump(state: Page | KnownCost | Names) -> Parts:
    """The parts that changed."""
    if isinstance(state, Page):
        return _dump_page(state)
    tag = COST_TAG if isinstance(state, KnownCost) else NAMES_TAG
    return [(b"", tag + _VERSION + encode(state))]


def _load_page(head: _HeadV1, get: Get) -> Page:
    method = Method(head.brand, head.name)
    for number in head.days:
        part = get(_suffix(number))
        if part is None:
            raise msgspec.DecodeError("a day that the head names is missing")
        if part[:1] != _VERSION:
            raise NewerFormatError
        day = _decode_day(part[1:])
        method.days[number] = Day(
            day.row, Sketch(day.people), day.revision, day.trailing, changed=False
        )
    return Page(method, set(head.unpublished), waits=bool(head.unpublished))


def _dump_page(page: Page) -> Parts:
    method = page.method
    for number in page.dropped:
        yield _suffix(number), None
    page.dropped = []
    for number, day in method.days.items():
        if day.changed:
            day.changed = False
            stored = _DayV1(day.row, day.people.stored(), day.revision, day.trailing)
            yield _suffix(number), _VERSION + encode(stored)
    head = _HeadV1(method.brand, method.name, list(method.days), sorted(page.unpublished))
    yield b"", PAGE_TAG + _VERSION + encode(head)


def _suffix(day: int) -> bytes:
    return day.to_bytes(4, "big")
