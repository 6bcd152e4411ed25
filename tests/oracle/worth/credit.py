"""Who earned it: the five models over a list of touches, in exact shares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import NamedTuple

from .policy import MILLIONTHS, WorthPolicy

UNATTRIBUTED = "unattributed"


class Touch(NamedTuple):
    """An act that names a method. `number` counts the relationship's touches in log order."""

    number: int
    order: int
    method: str
    at: int


def shares(touches: Sequence[Touch], policy: WorthPolicy) -> dict[str, int]:
    """Millionths per method, 1,000,000 in all; methods that get none are left out."""
    if not touches:
        return {UNATTRIBUTED: MILLIONTHS}
    weights: dict[str, Fraction] = {}
    for touch, weight in zip(touches, weights_of(touches, policy), strict=True):
        weights[touch.method] = weights.get(touch.method, Fraction(0)) + weight
    return {name: part for name, part in apportioned(weights, MILLIONTHS).items() if part}


def weights_of(touches: Sequence[Touch], policy: WorthPolicy) -> list[Fraction]:
    """What each touch, in log order, weighs in the policy's model."""
    last = len(touches) - 1
    if policy.model == "first":
        return [Fraction(place == 0) for place in range(last + 1)]
    if policy.model == "last":
        return [Fraction(place == last) for place in range(last + 1)]
    if policy.model == "linear" or (policy.model == "position" and last < 2):
        return [Fraction(1)] * (last + 1)
    if policy.model == "position":
        middle = Fraction(20, last - 1)
        return [Fraction(40) if place in (0, last) else middle for place in range(last + 1)]
    assert policy.model == "time_decay", policy.model
    newest = max(touch.at for touch in touches)
    return [halved(newest - touch.at, policy.touch_half_life_ms) for touch in touches]


def halved(age_ms: int, half_life_ms: int) -> Fraction:
    """2 to the power of minus age through half-life, to 60 digits."""
    with localcontext() as context:
        context.prec = 60
        return Fraction(Decimal(2) ** (-Decimal(age_ms) / Decimal(half_life_ms)))


def apportioned(weights: Mapping[str, Fraction | int], total: int) -> dict[str, int]:
    """`total` cut in whole parts by weight: the largest remainders first, ties by name."""
    whole = sum(weights.values())
    quotas = {name: Fraction(weight) * total / whole for name, weight in weights.items()}
    parts = {name: int(quota) for name, quota in quotas.items()}
    # `halved` is good to 60 digits: what is equal in the first 30 is a tie
    left_over = {name: round((quotas[name] - parts[name]) * 10**30) for name in quotas}
    for name in sorted(quotas, key=lambda name: (-left_over[name], name)):
        if sum(parts.values()) == total:
            break
        parts[name] += 1
    return parts
