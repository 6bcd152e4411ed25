"""Texts of platforms, cut to what is kept of them."""

from __future__ import annotations

import hashlib


def bounded(text: str, limit: int = 200) -> str:
    """`text`, or where it is longer its beginning and a hash of all of it; never ambiguous."""
    if len(text) <= limit:
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return f"{text[: limit - 33]}~{digest}"
