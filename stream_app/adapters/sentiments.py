"""What signs and stars say of a thing, from -1 to +1."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

NEGATIVE_SIGNS = frozenset("\U0001f622\U0001f620\U0001f621\U0001f44e")
"""Reactions that are no affinity: it cries, it is cross, it is angry, a thumb down."""


def of_sign(said: Any) -> float | None:
    """Of a text that is, or begins with, one sign."""
    return -1.0 if isinstance(said, str) and said[:1] in NEGATIVE_SIGNS else None


def of_stars(stars: int | Decimal) -> float | None:
    """Five stars are +1, one is -1; None where they are not from one to five."""
    return float((stars - 3) / 2) if 1 <= stars <= 5 else None
