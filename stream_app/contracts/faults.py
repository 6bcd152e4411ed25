"""What is wrong with bytes, in words for the publisher; they never repeat what was sent."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from stream_app.contracts.interaction import AMOUNT, CURRENCY, NO_CONTROL, SLUG

_SLUG: Final = "a-z, 0-9, `.`, `_` and `-`, at most 64, the first a letter or digit"
_WORDS: Final = {
    SLUG: f"a slug ({_SLUG})",
    NO_CONTROL: "text without control characters",
    AMOUNT: "a decimal in a string, such as `12.50`",
    CURRENCY: "a currency in three capitals, such as `EUR`",
}
_PATTERN: Final = re.compile(r"Expected `str[^`]*` matching regex .*", re.DOTALL)


def in_words(expected: str) -> str:
    """A message of the decoder without patterns and lists of allowed values."""
    if _PATTERN.match(expected):
        for pattern, words in _WORDS.items():
            if expected.endswith(f"regex {pattern!r}"):
                return f"Expected {words}"
        return f"Expected a slug ({_SLUG}), or `*`"
    return re.sub(r"Invalid enum value .*", "Not one of the allowed values", expected)


def not_json(error: Exception) -> str:
    """Where bytes cease to be JSON in UTF-8, for an error of reading them."""
    if isinstance(error, UnicodeDecodeError):
        return f"not UTF-8 (byte {error.start})"
    if isinstance(error, RecursionError):
        return "nested too deep"
    return str(error)


def json_fault(value: bytes) -> str:
    """Why not all of it is JSON, empty if it is: a decoder stops at the first fault it finds."""
    try:
        value.decode()
        msgspec.json.decode(value)
    except msgspec.ValidationError:  # a number too great for us is JSON still
        return ""
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return not_json(error)
    return ""
