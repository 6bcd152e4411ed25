"""Lines that must be refused, one fault each, and a few that look bad and are not."""

from __future__ import annotations

import json
from collections.abc import Sequence

from .dice import Dice
from .reading import FUTURE_MS, TOO_LARGE_BYTES
from .rules import DAY

Fields = dict[str, object]

WRONG_SHAPES: Sequence[Fields] = (
    {"id": None},
    {"id": ""},
    {"id": "i" * 201},
    {"id": 12},
    {"brand": None},
    {"brand": 5},
    {"person": ["ann"]},
    {"platform": "Twitter"},
    {"platform": None},
    {"verb": 7},
    {"verb": None},
    {"direction": "sideways"},
    {"op": "delete"},
    {"op": "undo", "undoes": 3},
    {"object": "o" * 201},
    {"object": 9},
    {"method": "m" * 129},
    {"topics": "news"},
    {"topics": ["News"]},
    {"topics": [f"t{n}" for n in range(17)]},
    {"sentiment": 1.5},
    {"sentiment": "good"},
    {"sentiment": True},
    {"dwell_ms": "long"},
    {"value": 5},
    {"value": {"amount": 5.0, "currency": "EUR"}},
    {"value": {"amount": "five", "currency": "EUR"}},
    {"value": {"amount": "5.00", "currency": "euro"}},
    {"value": {"amount": "5.00"}},
    {"automated": "no"},
    {"incentivised": 1},
)
UNKNOWN_VERBS: Sequence[Fields] = (
    {"verb": "poke"},
    {"verb": ""},
    {"verb": "Like"},
    {"verb": "reinforced"},
    {"verb": "offer", "direction": "inbound"},
    {"verb": "resolve", "direction": "inbound"},
    {"verb": "view", "direction": "outbound"},
    {"verb": "follow", "direction": "outbound"},
)
BAD_BRANDS = ("Acme", "a/b", "", "-acme", "a" * 65, "acme ", "ac\u00fcme")
BAD_PERSONS = ("", "p" * 201, "an\x00n", "ann\n", "\x7f", "a\u0085b")
BAD_TIMES = (
    True,
    1_700_000_000_000.5,
    1.7e12,
    "yesterday",
    "",
    "1700000000000",
    "2024-02-30T00:00:00Z",
    "2024-05-01T25:00:00Z",
    "2024-05-01T10:00:00",
    "2024-05-01",
    "1999-12-31T23:59:59.999Z",
    "2000-01-01T00:30:00+01:00",
    946_684_799_999,
    0,
    -1,
)
NOT_JSON = (b"{", b"hello", b'{"id":"a",}', b'{"id":"\xff\xfe"}', b"\xc3\x28", b"{'id':1}", b"{}{}")
EMPTY = (b"", b"   ", b"\t", b" \t ")
NOT_OBJECTS = (b"[]", b"1", b'"text"', b"null", b"true")

KINDS = [
    (12, "not_json"),
    (6, "empty"),
    (30, "wrong_shape"),
    (14, "unknown_verb"),
    (10, "bad_brand"),
    (10, "bad_person"),
    (20, "bad_time"),
    (14, "from_the_future"),
    (8, "too_old"),
    (6, "fine after all"),
    (1, "too_large"),
]


def encoded(fields: Fields) -> bytes:
    """The line of these fields."""
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()


def bad_line(dice: Dice, good: Fields, at: int) -> bytes:
    """`good`, an acceptable act at `at` (ms), with one thing wrong."""
    kind = dice.weighted(KINDS)
    if kind == "not_json":
        if dice.chance(0.2):
            return encoded({**good, "sentiment": float("nan")})
        return dice.pick((*NOT_JSON, encoded(good)[:-1]))
    if kind == "empty":
        return dice.pick(EMPTY)
    if kind == "too_large" or (kind == "fine after all" and dice.chance(0.03)):
        bare = len(encoded({**good, "note": ""}))
        beyond = dice.between(1, 100) if kind == "too_large" else 0
        return encoded({**good, "note": "n" * (TOO_LARGE_BYTES - bare + beyond)})
    if kind == "wrong_shape" and dice.chance(0.1):
        return dice.pick(NOT_OBJECTS)
    return encoded({**good, **change(dice, kind, at)})


def change(dice: Dice, kind: str, at: int) -> Fields:
    """The fields that make an acceptable act bad."""
    if kind == "wrong_shape":
        return dice.pick(WRONG_SHAPES)
    if kind == "unknown_verb":
        return dice.pick(UNKNOWN_VERBS)
    if kind == "bad_brand":
        return {"brand": dice.pick(BAD_BRANDS)}
    if kind == "bad_person":
        return {"person": dice.pick(BAD_PERSONS)}
    if kind == "bad_time":
        return {"occurred_at": dice.pick(BAD_TIMES)}
    if kind == "too_old":
        return {"occurred_at": at - dice.between(190, 700) * DAY, "recorded_at": None}
    if kind == "from_the_future":
        early = FUTURE_MS + dice.pick((1, 1, 1000, DAY, 400 * DAY))
        return {"occurred_at": at, "recorded_at": at - early}
    return {"occurred_at": at, "recorded_at": at - FUTURE_MS, "direction": None, "topics": []}
