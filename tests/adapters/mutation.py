"""Deliveries that went wrong on their way: samples, mutated by a seeded dice.

Structure is mutated (fields dropped, retyped, swapped, renamed, repeated, nested, spliced in from
another platform), and so are bytes and headers. Now and then one is as large as it may be.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from stream_app.adapters.registry import PLATFORMS

from .bodies import Way, bodies, is_text, part_at, ways_of
from .support import RECEIVED_MS
from .words import ENCODINGS, NUMBERS, TEXTS, TIMES

Headers = list[tuple[str, bytes | None]]

LARGE_BYTES = 250_000
"""A large delivery has about so many: just below what is refused as too large."""
SIZE_KEPT = 40_000
"""What grew beyond is not mutated further: time is better spent on more deliveries."""

JUNK: tuple[Any, ...] = (None, True, False, [], {}, [[]], [None], [{}], {"id": {}}, {"id": None})
_BARE = re.compile(rb'"@@([^"@]*)@@"')


class Delivery(NamedTuple):
    """A record of a raw topic."""

    payload: bytes
    headers: Headers
    timestamp_ms: int


def _changed(value: Any, way: Way, change: Callable[[Any, str | int], Any]) -> Any:
    """A copy of `value` in which `change` has had the container that the way ends in, copied."""
    copy = value.copy()
    if len(way) == 1:
        return change(copy, way[0])
    copy[way[0]] = _changed(value[way[0]], way[1:], change)
    return copy


def bare(number: str) -> str:
    """A text that will stand in the JSON as this number, whatever that is."""
    return f"@@{number}@@"


def written(value: Any) -> bytes:
    """As JSON; what `bare` made stands there as it is."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    payload = text.encode("utf-8", "surrogatepass")
    return _BARE.sub(rb"\1", payload) if b"@@" in payload else payload


class Mutator:
    """Mutated deliveries of one platform: the same for the same seed."""

    def __init__(self, platform: str, seed: int) -> None:
        self.dice = random.Random(f"{platform} {seed}")
        self.bodies = bodies(platform)
        self._others = [body for name in PLATFORMS for body in bodies(name) if body.ways]
        mine = [body for body in self.bodies if body.ways]
        words = {way[-1] for body in mine for way in body.ways if isinstance(way[-1], str)}
        said = {
            part_at(body.value, way) for body in mine for way in body.ways if is_text(body, way)
        }
        self._keys = sorted(words)
        self._said = sorted(said)
        self._headers = sorted({pair for body in self.bodies for pair in body.headers.items()})
        self._ops: tuple[Callable[[Any, Way], Any], ...] = (
            self._drop,
            self._replace,
            self._replace,
            self._retype,
            self._edit,
            self._edit,
            self._swap,
            self._rename,
            self._repeat,
            self._nest,
            self._splice,
            self._say,
        )

    def next(self) -> Delivery:
        """The next mutated delivery."""
        dice = self.dice
        body = dice.choice(self.bodies)
        value, payload = body.value, body.payload
        if body.ways:
            for _ in range(dice.choice((0, 1, 1, 1, 1, 2, 3))):
                value = self._mutated(value, dice.choice(body.ways))
            payload = written(value)
        if not body.ways or dice.random() < 0.1:
            payload = self._damaged(payload)
        return Delivery(payload, self._sent(body.headers), self._time())

    def large(self) -> Delivery:
        """A delivery near the limit of size: one thing over and over, one endless text, depth."""
        dice = self.dice
        body = dice.choice(self.bodies)
        if not body.ways:
            return Delivery(self._large_bytes(body.payload), self._sent(body.headers), RECEIVED_MS)
        value = body.value
        lists = [
            way
            for way in body.ways
            if isinstance(part_at(value, way), list) and part_at(value, way)
        ]
        texts = [way for way in body.ways if is_text(body, way)]
        kind = dice.randrange(4)
        room = LARGE_BYTES
        if kind in (0, 2) and texts:
            size = room if kind == 0 or not lists else room // 2
            long = dice.choice(("x", "9", "<", "é", ".1", "did:plc:", "urn:li:person:"))
            way = dice.choice(texts)
            value = _changed(value, way, _put(long * (size // len(long.encode()))))
            room -= size
        if kind in (1, 2) and lists:
            way = dice.choice(lists)
            part = dice.choice([part_at(body.value, way)[0], {}, None, []])
            parts = [part] * max(1, room // (len(written(part)) + 1))
            value = _replaced(value, way, parts)
        payload = written(value)
        if kind == 3:
            deep = dice.choice((b"[", b'{"a":', b'{"data":', b'{"object":'))
            payload = deep * (LARGE_BYTES // len(deep))
            payload += b"1" + (b"]" if deep == b"[" else b"}") * dice.choice((0, 900, 60_000))
        return Delivery(payload, self._sent(body.headers), RECEIVED_MS)

    # -- inside a value

    def _mutated(self, value: Any, way: Way) -> Any:
        try:
            return self.dice.choice(self._ops)(value, way)
        except (KeyError, IndexError, TypeError, AttributeError):
            return value  # an earlier mutation has taken the place away

    def _drop(self, value: Any, way: Way) -> Any:
        return _changed(value, way, _without)

    def _replace(self, value: Any, way: Way) -> Any:
        return _changed(value, way, _put(self._junk()))

    def _junk(self) -> Any:
        dice = self.dice
        match dice.randrange(4):
            case 0:
                return bare(dice.choice(NUMBERS))
            case 1:
                return dice.choice(TEXTS)
            case 2:
                return dice.choice(TIMES)
            case _:
                return dice.choice(JUNK)

    def _retype(self, value: Any, way: Way) -> Any:
        part = part_at(value, way)
        text = part if isinstance(part, str) else json.dumps(part)
        made = (
            [part],
            [part, part],
            {"id": part},
            {way[-1]: part},
            text,
            bare(text) if text.isdigit() else [text],
            bool(part),
        )
        return _changed(value, way, _put(self.dice.choice(made)))

    def _edit(self, value: Any, way: Way) -> Any:
        part, dice = part_at(value, way), self.dice
        made: Any
        if isinstance(part, str):
            at = dice.randint(0, len(part))
            made = dice.choice(
                (
                    part[:at],
                    part[at:],
                    part[:at] + dice.choice(TEXTS) + part[at:],
                    part * dice.choice((2, 3, 40)),
                    part.upper(),
                    part.swapcase(),
                    f" {part}\n",
                    part[::-1],
                    part[:at] + dice.choice("0159-:TZ./#+ ") + part[at + 1 :],
                )
            )
        elif isinstance(part, int | float) and not isinstance(part, bool):
            factor = dice.choice((-1, 0, 10, 1_000, 1_000_000, 2**53, 10**40, 0.001))
            made = bare(str(int(part) * factor if isinstance(factor, int) else part * factor))
        else:
            made = self._junk()
        return _changed(value, way, _put(made))

    def _swap(self, value: Any, way: Way) -> Any:
        other = self.dice.choice(ways_of(value))
        one, two = part_at(value, way), part_at(value, other)
        value = _changed(value, way, _put(two))
        return _changed(value, other, _put(one))

    def _rename(self, value: Any, way: Way) -> Any:
        name, keep = self.dice.choice(self._keys), self.dice.random() < 0.5

        def change(box: Any, key: str | int) -> Any:
            part = box[key] if keep else box.pop(key)
            box[name] = part
            return box

        return _changed(value, way, change)

    def _repeat(self, value: Any, way: Way) -> Any:
        part, times = part_at(value, way), self.dice.choice((2, 2, 3, 50))
        if len(json.dumps(part)) * times > SIZE_KEPT:
            times = 2
        return _changed(
            value, way, _put(part * times if isinstance(part, list) else [part] * times)
        )

    def _nest(self, value: Any, way: Way) -> Any:
        part, key = (
            part_at(value, way),
            self.dice.choice((None, way[-1], self.dice.choice(self._keys))),
        )
        for _ in range(self.dice.choice((1, 1, 2, 10, 300))):
            part = [part] if key is None or isinstance(key, int) else {key: part}
        return _changed(value, way, _put(part))

    def _splice(self, value: Any, way: Way) -> Any:
        other = self.dice.choice(self._others)
        part = part_at(other.value, self.dice.choice(other.ways))
        return _changed(value, way, _put(part))

    def _say(self, value: Any, way: Way) -> Any:
        return _changed(value, way, _put(self.dice.choice(self._said)))

    # -- bytes, headers, time

    def _damaged(self, payload: bytes) -> bytes:
        dice, other = self.dice, self.dice.choice(self._others).payload
        at, to = sorted((dice.randint(0, len(payload)), dice.randint(0, len(payload))))
        to = min(to, at + dice.choice((1, 8, 100, 5_000)))
        match dice.randrange(10):
            case 0:
                return payload[:at]
            case 1:
                return payload[:at] + payload[to:]
            case 2:
                return payload[:to] + payload[at:]
            case 3:
                return payload[:at] + dice.randbytes(dice.choice((1, 2, 5))) + payload[to:]
            case 4:
                return payload[:at] + other[at:]
            case 5:
                return payload.decode("utf-8", "replace").encode(
                    dice.choice(("utf-16", "utf-32", "utf-8-sig", "utf-16-be", "utf-7"))
                )
            case 6:
                return dice.randbytes(dice.choice((0, 1, 30)))
            case 7:
                return payload.replace(b"{", b'{"id":%s,' % dice.choice(NUMBERS).encode(), 3)
            case 8:
                return _marked_up(payload, dice)
            case _:
                return _marked_up(_marked_up(payload, dice), dice)

    def _large_bytes(self, payload: bytes) -> bytes:
        """One element over and over, and perhaps a long one before them."""
        found = re.findall(rb"<([\w:]+)>([^<]*)</\1>", payload)
        tag, text = self.dice.choice(found)
        one, short = b"<%s>%s</%s>" % (tag, text, tag), b"<%s/>" % tag
        inside = self.dice.choice(
            (one, short, b"<wp:comment/>", b"<wp:comment>%s</wp:comment>" % one)
        )
        long = b"<%s>%s</%s>" % (tag, b"9" * (LARGE_BYTES // 2), tag)
        if self.dice.random() < 0.5:
            return payload.replace(one, inside * (LARGE_BYTES // len(inside)), 1)
        return payload.replace(one, long + inside * (LARGE_BYTES // 2 // len(inside)), 1)

    def _sent(self, headers: dict[str, str]) -> Headers:
        dice = self.dice
        sent: Headers = [(name, text.encode()) for name, text in headers.items()]
        if sent and dice.random() < 0.2:
            at = dice.randrange(len(sent))
            name, text = dice.choice(self._headers)
            junk = (None, b"", b"\xff\xfe", b"a\x00b", b"*", b"x" * 3_000, b" 1 ", text.encode())
            match dice.randrange(4):
                case 0:
                    del sent[at]
                case 1:
                    sent[at] = (sent[at][0].upper(), dice.choice(junk))
                case 2:
                    sent.append((sent[at][0], dice.choice(junk)))
                case _:
                    sent[at] = (name, text.encode())
        return sent

    def _time(self) -> int:
        strange = (-1, 0, 946_684_799_999, 1_300_000_000_000, 2**62, 253_402_300_800_000)
        return RECEIVED_MS if self.dice.random() < 0.9 else self.dice.choice(strange)


def _marked_up(payload: bytes, dice: random.Random) -> bytes:
    """Mutated as XML: an element with another text, gone, twice, or a prologue of other kinds."""
    tags = list(re.finditer(rb"<([\w:]+)>([^<]*)</\1>", payload))
    if not tags or dice.random() < 0.1:
        prologue = (
            b'<?xml version="1.0" encoding="%s"?>' % dice.choice(ENCODINGS),
            b'<!DOCTYPE a [<!ENTITY b "c">]>',
            b"<!---->",
            b"<a>",
            b"<rss>",
        )
        return dice.choice(prologue) + payload.partition(b"?>")[2]
    tag = dice.choice(tags)
    name, text = tag[1], dice.choice(TEXTS + TIMES).encode("utf-8", "replace")
    odd = (
        b"&#0;",
        b"&#xD800;",
        b"&b;",
        b"]]>",
        b"<![CDATA[x]]>",
        b"&#x1F600;",
        b"&lt;",
        text,
        text,
    )
    made = (
        b"<%s>%s</%s>" % (name, dice.choice(odd), name),
        b"<%s>%s</%s>" % (dice.choice(tags)[1], tag[2], dice.choice(tags)[1]),
        b"<%s/>" % name,
        b"",
        tag[0] * 3,
        b"<item>%s</item>" % tag[0],
        b"<wp:comment>%s</wp:comment>" % tag[0],
    )
    return payload[: tag.start()] + dice.choice(made) + payload[tag.end() :]


def _without(box: Any, key: str | int) -> Any:
    del box[key]
    return box


def _put(part: Any) -> Callable[[Any, str | int], Any]:
    def change(box: Any, key: str | int) -> Any:
        box[key] = part
        return box

    return change


def _replaced(value: Any, way: Way, part: Any) -> Any:
    try:
        return _changed(value, way, _put(part))
    except (KeyError, IndexError, TypeError, AttributeError):
        return value
