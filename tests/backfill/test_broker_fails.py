"""A broker that dies in the middle of an import: it ends, says so, and goes on the next time."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from stream_app.embedded import EmbeddedBroker, Silent
from tests.backfill.test_import import ROOT, command, environment, imported, many, to, values
from tests.edge.service import Service

COUNT = 6_000


def outlived(broker: EmbeddedBroker, state: Path, *arguments: str | Path) -> tuple[int, str]:
    """Run the command, kill the broker some batches after the state began: exit status, message."""
    process = subprocess.Popen(
        command(*arguments), env=environment(), cwd=ROOT, stderr=subprocess.PIPE
    )
    try:
        deadline = time.monotonic() + 30
        while not state.is_file() and time.monotonic() < deadline:
            time.sleep(0.05)
        os.kill(broker.pid, signal.SIGKILL)
        _, said = process.communicate(timeout=100)
    finally:
        process.kill()
        process.wait()
    return process.returncode, said.decode()


@pytest.mark.kafka
@pytest.mark.slow
async def test_a_broker_that_dies(own_broker: EmbeddedBroker, tmp_path: Path) -> None:
    service = Service(own_broker.address, "dies-", tmp_path)
    await service.prepare()
    source = many(tmp_path / "likes", COUNT, 1_772_452_800)
    state = tmp_path / "state.json"
    arguments = ("bluesky", source, "--state", state, *to(service))
    code, said = await asyncio.to_thread(
        outlived, own_broker, state, *arguments, "--rate", "1000", "--patience", "8"
    )
    assert code == 3, said
    assert "no answer for 8 s. Do: see to the broker, then run it again with the same" in said
    assert len(said.splitlines()) <= 3, said
    before = json.loads(state.read_text("utf-8"))["acknowledged"]
    assert 0 < before < COUNT
    await asyncio.to_thread(own_broker.stop)
    await asyncio.to_thread(own_broker.start, Silent())
    run = await asyncio.to_thread(imported, *arguments)
    assert run.returncode == 0, run.stderr.decode()
    ids = {act["id"] for act in values(await service.read(service.topics.log))}
    assert len(ids) == COUNT
