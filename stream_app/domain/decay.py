"""Sums that decay exponentially, kept exactly.

An amount w at time t is worth `w * 2^(-(T - t) / h)` at T, with the half-life h. Instead of making
old amounts smaller, new ones are made larger: at t an amount weighs `w * 2^((t - origin) / h)`, as
an integer, so that adding and taking back are exact and their order does not matter.
"""

from __future__ import annotations

import math
from typing import Final

from stream_app.domain.clock import DAY_MS, YEAR_2000_MS

HALF_LIFE_MS: Final = 90 * DAY_MS
_WEIGHT_BITS: Final = 32
_AMOUNT_BITS: Final = 30


def amount(value: float) -> int:
    """A number as it is summed: in steps of 2^-30."""
    return round(value * (1 << _AMOUNT_BITS))


def weight(at_ms: int) -> int:
    """What one unit at `at_ms` weighs. Multiplied by `amount(w)` it is ready to be summed."""
    since_ms = at_ms - YEAR_2000_MS
    part: float = 2.0 ** (_WEIGHT_BITS + since_ms % HALF_LIFE_MS / HALF_LIFE_MS)
    return int(part) << since_ms // HALF_LIFE_MS


def worth_at(total: int, at_ms: int) -> float:
    """What a sum is worth at `at_ms`, in units."""
    if not total:
        return 0.0
    shift = total.bit_length() - 64  # the leading 64 bits are more than a float can hold
    leading = total >> shift if shift > 0 else total
    exponent = max(shift, 0) - _WEIGHT_BITS - _AMOUNT_BITS
    return leading * math.exp2(exponent - (at_ms - YEAR_2000_MS) / HALF_LIFE_MS)
