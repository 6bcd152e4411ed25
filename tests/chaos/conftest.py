"""Fixtures of the tests of faults of the whole service."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.edge.service import Service


@pytest.fixture
async def service(broker: str, topic_prefix: str, tmp_path: Path) -> AsyncIterator[Service]:
    """An installation of its own, with its topics; its workers end with the test."""
    service = Service(broker, topic_prefix, tmp_path)
    await service.prepare()
    yield service
    service.close()
