"""Seeded chance that is the same on every Python version, and times written in every format."""

from __future__ import annotations

import datetime
import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")
UTC = datetime.timezone.utc  # noqa: UP017 (shorter to read below)
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=UTC)


class Dice:
    """Only `random()` of a seeded generator is used: its stream never changes."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def chance(self, probability: float) -> bool:
        return self._random.random() < probability

    def below(self, limit: int) -> int:
        """0 to `limit` - 1."""
        return int(self._random.random() * limit)

    def between(self, low: int, high: int) -> int:
        """`low` to `high`, both included."""
        return low + self.below(high - low + 1)

    def pick(self, choices: Sequence[T]) -> T:
        return choices[self.below(len(choices))]

    def weighted(self, choices: Sequence[tuple[int, T]]) -> T:
        """One of (weight, choice)."""
        left = self.below(sum(weight for weight, _ in choices))
        for weight, choice in choices:
            if left < weight:
                return choice
            left -= weight
        raise AssertionError("weights ran out")


def written(dice: Dice, at: int) -> object:
    """`at` (ms) as integer or as RFC 3339 in one of the ways that publishers write it."""
    if dice.chance(0.4):
        return at
    offset = dice.pick((0, 0, 0, 330, -480, 60, 765, -1))  # minutes
    local = EPOCH + datetime.timedelta(milliseconds=at, minutes=offset)
    millis = f"{at % 1000:03d}"
    if dice.chance(0.3):
        fraction = "." + millis + dice.pick(("999", "9999999", "5", "000001", "999999"))
    elif dice.chance(0.5):
        fraction = "." + millis
    else:
        fraction = ("." + millis.rstrip("0")).rstrip(".")
    if offset == 0:
        zone = dice.pick(("Z", "Z", "z", "+00:00", "-00:00"))
    else:
        zone = f"{'+' if offset > 0 else '-'}{abs(offset) // 60:02d}:{abs(offset) % 60:02d}"
    stamp = local.strftime("%Y-%m-%dT%H:%M:%S")
    return (stamp.replace("T", "t") if dice.chance(0.1) else stamp) + fraction + zone
