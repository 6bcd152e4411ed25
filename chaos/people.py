"""Who is one person, and who is to be forgotten: links and erasures between the other records.

As identity and privacy teams would publish them, with what they get wrong: chains and circles,
links of ids that nobody knows yet, repeats, unlinkings, erasures of linked ids and consent later.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any, Final

import orjson

from stream_app.demo import community
from stream_app.edge.topics import Topics

LINK_EVERY: Final = 60
ERASURE_EVERY: Final = 170
_NEW: Final = 200
"""So many who were heard of last are chosen more often: most likely they act again."""

Said = tuple[str, bytes, bytes]
"""Topic, key and value."""
_Pair = tuple[str, str]


class People:
    """Links and erasures, drawn from the seed: each call is the next one."""

    def __init__(self, seed: int, topics: Topics, everybody: Sequence[str]) -> None:
        """`everybody`: the persons of the community, also those that nobody has heard of yet."""
        self._dice = Random(f"rapport chaos {seed} people")
        self._links, self._erasures = topics.links, topics.erasures
        self._everybody = everybody
        self._met: list[str] = []
        self._known: set[str] = set()
        self._linked: list[_Pair] = []
        self._forgotten: list[_Pair] = []

    def meet(self, person: str) -> None:
        """An act of this person was sent."""
        if person not in self._known:
            self._known.add(person)
            self._met.append(person)

    # -- links

    def link(self) -> Said:
        """The next link, or unlinking, or what is neither."""
        dice, chance = self._dice, self._dice.random()
        if chance < 0.02:
            return self._links, b"x", b'{"brand": "harbour-tea", "from": '
        if chance < 0.04:
            return self._told(("x", "x"))
        if chance < 0.14 and self._linked:
            return self._told(dice.choice(self._linked), op="undo")
        if chance < 0.17:
            return self._told(self._two(), op="undo")  # they never were one
        pair = self._pair(dice.random())
        self._linked.append(pair)
        return self._told(pair)

    def _pair(self, chance: float) -> _Pair:
        dice = self._dice
        if chance < 0.45 or not self._linked:
            return self._two()
        source, to = dice.choice(self._linked)
        if chance < 0.60:
            return to, self._one()  # a chain
        if chance < 0.70:
            return self._one(), source  # into one that is somebody else's already
        if chance < 0.76:
            return source, self._one()  # which is somebody else's already
        if chance < 0.84:
            return to, source  # the other way round
        if chance < 0.90:
            return to, next((one for one, end in self._linked if end == source), source)  # a circle
        if chance < 0.94:
            return source, to  # again
        if chance < 0.97 and self._forgotten:
            return dice.choice(((source, self._gone()), (self._gone(), to)))
        return dice.choice(self._everybody), to  # perhaps before its first act

    def _gone(self) -> str:
        return self._dice.choice(self._forgotten)[1]

    def _two(self) -> _Pair:
        source = self._one()
        to = self._one()
        while to == source:
            to = self._dice.choice(self._everybody)
        return source, to

    def _one(self) -> str:
        """Somebody; most have acted already, many of them lately."""
        dice, met = self._dice, self._met
        if not met or dice.random() < 0.1:
            return dice.choice(self._everybody)
        return dice.choice(met[-_NEW:] if dice.random() < 0.5 else met)

    def _told(self, pair: _Pair, **more: Any) -> Said:
        told = {"brand": community.BRAND, "from": pair[0], "to": pair[1], **more}
        key = f"{community.BRAND}/{pair[0]}".encode()
        return self._links, key, orjson.dumps(told)

    # -- erasures

    def erasure(self, deliverer: _Pair | None) -> Said:
        """The next erasure, or consent, or what is neither; `deliverer`: a brand and a person."""
        dice, chance = self._dice, self._dice.random()
        if chance < 0.03:
            return self._erasures, b"x", b'{"brand": "harbour-tea"}'
        if chance < 0.25 and self._forgotten:
            brand, person = self._forgotten.pop(dice.randrange(len(self._forgotten)))
            brand = dice.choice(("*", community.BRAND)) if chance < 0.06 else brand
            return self._erasure(brand, person, consent=True)
        whom = community.BRAND, self._one()
        if chance < 0.60 and self._linked:
            whom = community.BRAND, dice.choice(dice.choice(self._linked))
        elif chance < 0.72 and deliverer is not None:
            whom = deliverer
        elif chance < 0.80:
            whom = "*", whom[1]
        self._forgotten.append(whom)
        return self._erasure(*whom)

    def _erasure(self, brand: str, person: str, **more: Any) -> Said:
        told = {"brand": brand, "person": person, **more}
        return self._erasures, f"{brand}/{person}".encode(), orjson.dumps(told)
