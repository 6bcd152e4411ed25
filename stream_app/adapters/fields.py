"""Reading fields of a delivery: typed access that says exactly where and what was wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, TypeGuard

import msgspec

from stream_app.domain.rejects import Reason

# Integers of any size and decimal fractions stay exact: ids and amounts never become floats.
_AMOUNT = re.compile(r"[0-9]{1,18}(\.[0-9]{1,9})?")
_CURRENCY = re.compile(r"[A-Z]{3}")
_DECODER = msgspec.json.Decoder(float_hook=Decimal)


class Malformed(Exception):  # noqa: N818 - a value on its way to a Refusal, not an error of ours
    """A delivery is not shaped as its platform documents. Do: look at `relationship.rejects`."""

    def __init__(self, path: str, expected: str, reason: Reason = Reason.WRONG_SHAPE) -> None:
        super().__init__(f"{reason} at {path}: expected {expected}")
        self.path = path
        self.expected = expected
        self.reason = reason


def whole(value: object) -> TypeGuard[int]:
    """True for an integer, which a JSON true is to Python, too."""
    return isinstance(value, int) and not isinstance(value, bool)


def decode(payload: bytes) -> Any:
    """The JSON value of `payload`. Raises `Malformed` with reason `empty` or `not_json`."""
    if not payload.strip():
        raise Malformed("$", "a JSON value", Reason.EMPTY)
    try:
        return _DECODER.decode(payload)
    except (ValueError, ArithmeticError, RecursionError) as fault:  # msgspec's are ValueErrors
        raise Malformed("$", "JSON in UTF-8", Reason.NOT_JSON) from fault


Part = tuple[Any, str]
"""A value inside a delivery, and its path."""


class Node:
    """An object inside a delivery, with its path. A missing or null field reads as empty."""

    __slots__ = ("path", "value")

    def __init__(self, value: dict[str, Any], path: str) -> None:
        self.value = value
        self.path = path

    @classmethod
    def of(cls, value: Any, path: str = "$") -> Node:
        """`value` as an object. Raises `Malformed` if it is none."""
        if isinstance(value, dict):
            return cls(value, path)
        raise Malformed(path, "an object")

    def __bool__(self) -> bool:
        return bool(self.value)

    def __contains__(self, key: str) -> bool:
        return self.value.get(key) is not None

    def at(self, key: str) -> str:
        """The path of a field, for messages."""
        return f"{self.path}.{key}"

    def raw(self, key: str) -> Any:
        """The field as decoded, None if absent."""
        return self.value.get(key)

    def child(self, key: str) -> Node:
        """The object in a field; an empty one if absent."""
        value = self.value.get(key)
        return Node({}, self.at(key)) if value is None else Node.of(value, self.at(key))

    def need(self, key: str) -> Node:
        """The object in a field. Raises `Malformed` if absent."""
        return Node.of(self.value.get(key), self.at(key))

    def list(self, key: str) -> Iterator[Any]:
        """The members of an array; none if absent."""
        value = self.value.get(key)
        if value is None:
            return iter(())
        if not isinstance(value, list):
            raise Malformed(self.at(key), "an array")
        return iter(value)

    def parts(self, key: str) -> Iterator[Part]:
        """The members of an array, whatever they are, each with its path."""
        for n, value in enumerate(self.list(key)):
            yield value, f"{self.at(key)}[{n}]"

    def nodes(self, key: str) -> Iterator[Node]:
        """The objects of an array; none if absent. Raises `Malformed` at what is no object."""
        for value, path in self.parts(key):
            yield Node.of(value, path)

    def text(self, key: str) -> str:
        """An id or a word: a string or an integer, as text; `""` if absent."""
        value = self.value.get(key)
        if value is None:
            return ""
        if isinstance(value, str):
            return value
        if whole(value):
            return str(value)
        raise Malformed(self.at(key), "a string or an integer")

    def id(self, key: str) -> str:
        """As `text`, and it must be there. Raises `Malformed` if it is not."""
        value = self.text(key)
        if not value:
            raise Malformed(self.at(key), "a string or an integer, not empty")
        return value

    def flag(self, key: str) -> bool:
        """True only for a JSON true (some platforms send `"false"` as text)."""
        return self.value.get(key) is True

    def first(self, *keys: str) -> str:
        """The first of these fields that is there, as text; `""` if none is."""
        for key in keys:
            value = self.text(key)
            if value:
                return value
        return ""


def amount(value: Any, path: str, minor_digits: int = 0) -> str:
    """An amount as a decimal string in major units, exact, as `interaction/v1` takes it.

    `minor_digits` is how many digits of the platform's integer are minor units (cents: 2).
    A fraction in JSON was a float on its way: it is rounded to nine digits (59.980000000000004).
    Raises `Malformed` for what is no amount: below zero, more than 18 digits before the point or,
    in a text, nine behind it.
    """
    try:
        number = value if isinstance(value, Decimal) else Decimal(str(value))
    except ArithmeticError:
        number = Decimal("NaN")
    if isinstance(value, bool) or not number.is_finite() or abs(number.adjusted()) > 30:
        raise Malformed(path, "an amount")
    if isinstance(value, Decimal) and number.adjusted() < 18 and number != round(number, 9):
        number = round(number, 9).normalize()
    shown = format(number.scaleb(-minor_digits), "f")
    if not _AMOUNT.fullmatch(shown):
        raise Malformed(path, "an amount, not below zero, of at most 18 and 9 digits")
    return shown


def currency(value: Any, path: str) -> str:
    """A currency code in capitals. Raises `Malformed` for what is none."""
    code = value.strip().upper() if isinstance(value, str) else ""
    if not _CURRENCY.fullmatch(code):
        raise Malformed(path, "a currency of ISO 4217")
    return code
