"""Fixtures of the engine's tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from stream_app.engine import ensure_topics
from stream_app.engine.admin import changelog_spec
from stream_app.engine.store import Store, StoreMemory

from .bench import Bench
from .cluster import Cluster


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty one, open."""
    store = Store(tmp_path / "store", StoreMemory(1 << 20, 8 << 20, 1))
    store.open()
    yield store
    store.close()


@pytest.fixture
def cluster(broker: str, topic_prefix: str, tmp_path: Path) -> Callable[..., Cluster]:
    """Makes a cluster with the settings given."""

    def make(**settings: Any) -> Cluster:
        return Cluster(broker, topic_prefix, tmp_path, **settings)

    return make


@pytest.fixture
async def bench(broker: str, topic_prefix: str, tmp_path: Path) -> AsyncIterator[Bench]:
    bench = Bench(broker, topic_prefix, tmp_path)
    await ensure_topics(broker, [changelog_spec(bench.settings)])
    yield bench
    await bench.close()
    bench.store.close()
