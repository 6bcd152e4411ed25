"""Fixtures of the imports' tests: an installation with its topics on the real broker."""

from __future__ import annotations

from tests.edge.conftest import service

__all__ = ["service"]
