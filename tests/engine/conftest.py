"""Fixtures of the engine's tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .cluster import Cluster


@pytest.fixture
def cluster(broker: str, topic_prefix: str, tmp_path: Path) -> Callable[..., Cluster]:
    """Makes a cluster with the settings given."""

    def make(**settings: Any) -> Cluster:
        return Cluster(broker, topic_prefix, tmp_path, **settings)

    return make
