"""The service of `tests.edge`, for the tests of what it publishes of methods."""

from __future__ import annotations

from tests.edge.conftest import service

__all__ = ["service"]
