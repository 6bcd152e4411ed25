"""The keys made of an interaction."""

from __future__ import annotations


def relationship_key(brand: str, person: str) -> str:
    """The key of a relationship, `brand/person`: of its records, its state and its outputs.

    A brand is a slug without a slash, so the key splits at its first one.
    """
    return f"{brand}/{person}"


def act_key(platform: str, act_id: str) -> str:
    """An act's identity within a relationship, less its `op`. A platform has no space in it."""
    return f"{platform} {act_id}"
