"""An idle worker whose broker is frozen, or gone, says so; and that it is back."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest

from stream_app.embedded import EmbeddedBroker, Silent
from tests.edge.service import Service, until

WITHIN_S = 40


@pytest.mark.kafka
@pytest.mark.slow
async def test_an_idle_worker_without_a_broker_is_not_ready(
    own_broker: EmbeddedBroker, topic_prefix: str, tmp_path: Path
) -> None:
    service = Service(own_broker.address, topic_prefix, tmp_path)
    await service.prepare()
    service.start("one")
    try:
        await service.until_ready("one")
        os.kill(own_broker.pid, signal.SIGSTOP)
        try:
            await until(lambda: not ready(service)["ready"], WITHIN_S, lambda: "frozen, yet ready")
            found = ready(service)
            assert found["state"] == "running", "there was no work that could show it"
            assert found["reason"].startswith("no broker has answered for ")
            assert found["broker_silent_ms"] > 6_000
            text = service.get("one", "/metrics").decode()
            assert "stream_app_ready 0.0" in text
            assert "stream_app_broker_silence_seconds 0.0" not in text
        finally:
            os.kill(own_broker.pid, signal.SIGCONT)
        await service.until_ready("one")
        await asyncio.to_thread(own_broker.stop)
        await until(lambda: not ready(service)["ready"], WITHIN_S, lambda: "gone, yet ready")
        await asyncio.to_thread(own_broker.start, Silent())
        await service.until_ready("one")
    finally:
        service.close()


def ready(service: Service) -> dict[str, Any]:
    """What /ready says, in order or not."""
    with contextlib.suppress(OSError):
        try:
            return dict(json.loads(service.get("one", "/ready")))
        except HTTPError as error:
            return dict(json.loads(error.read()))
    return {"ready": True}
