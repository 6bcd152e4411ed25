"""An interaction as the core sees it, and the keys made of it."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from stream_app.domain.verbs import Kind


class Money(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """An exact amount, never negative, in a currency of ISO 4217."""

    amount: Decimal
    currency: str


class Interaction(msgspec.Struct, frozen=True, gc=False):
    """One act of a person towards a brand (inbound) or of a brand towards a person.

    `at_ms` is event time in milliseconds. `undo` takes an act back; `undoes` names it.
    """

    id: str
    brand: str
    person: str
    platform: str
    verb: str
    inbound: bool
    undo: bool
    at_ms: int
    kind: Kind = Kind.PLAIN
    undoes: str | None = None
    object: str | None = None
    method: str | None = None
    value: Money | None = None
    topics: tuple[str, ...] = ()
    sentiment: float | None = None


def relationship_key(brand: str, person: str) -> str:
    """The key of a relationship, `brand/person`: of its records, its state and its outputs.

    A brand is a slug without a slash, so the key splits at its first one.
    """
    return f"{brand}/{person}"


def act_key(platform: str, act_id: str) -> str:
    """An act's identity within a relationship, less its `op`. A platform has no space in it."""
    return f"{platform} {act_id}"
