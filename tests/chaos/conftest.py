"""The service of `tests.edge`, for the tests of faults of all of it."""

from __future__ import annotations

from tests.edge.conftest import service

__all__ = ["service"]
