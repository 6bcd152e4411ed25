"""A broker that asks for a password: every client of a worker gives it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from stream_app.embedded import EmbeddedBroker, Silent
from stream_app.embedded import broker as embedded
from stream_app.embedded.settings import free_ports, server_properties
from stream_app.engine import EngineSettings, Security
from stream_app.engine.errors import SettingsError

ASKS = """
listener.security.protocol.map=SASL_PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=SASL_PLAINTEXT
sasl.enabled.mechanisms=PLAIN
sasl.mechanism.inter.broker.protocol=PLAIN
listener.name.sasl_plaintext.plain.sasl.jaas.config=\\
  org.apache.kafka.common.security.plain.PlainLoginModule required \\
  username="broker" password="among-us" user_broker="among-us" user_rapport="open sesame";
"""


def asking_properties(port: int, controller_port: int, log_dir: Path) -> str:
    """The embedded broker's settings, with a password."""
    text = server_properties(port, controller_port, log_dir)
    return text.replace("PLAINTEXT://", "SASL_PLAINTEXT://") + ASKS


@pytest.mark.kafka
@pytest.mark.slow
async def test_worker_at_a_broker_that_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "server_properties", asking_properties)
    broker = EmbeddedBroker("asks", home=tmp_path / "home")
    (port,) = free_ports(1)
    worker: subprocess.Popen[bytes] | None = None
    try:
        address = await asyncio.to_thread(broker.start, Silent())
        with (tmp_path / "log").open("wb") as log:
            worker = subprocess.Popen(  # noqa: ASYNC220
                [
                    *(sys.executable, "-m", "stream_app", "worker", "--broker", address),
                    *("--security-protocol", "SASL_PLAINTEXT", "--sasl-username", "rapport"),
                    *("--partitions", "1", "--platforms", "bluesky", "--standbys", "1"),
                    *("--web-port", str(port), "--data", str(tmp_path / "data")),
                ],
                env={**os.environ, "RAPPORT_SASL_PASSWORD": "open sesame"},
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + 40
        while not ready(port):
            told = (tmp_path / "log").read_text("utf-8", "replace")
            assert time.monotonic() < deadline, told
            assert worker.poll() is None, told
            await asyncio.sleep(0.2)
        for command, code in (("erase", 0), ("explain", 1)):
            run = await asyncio.to_thread(
                subprocess.run,
                [
                    *(sys.executable, "-m", "stream_app", command, "acme", "x:1"),
                    *("--broker", address, "--security-protocol", "SASL_PLAINTEXT"),
                ],
                env={
                    **os.environ,
                    "RAPPORT_SASL_USERNAME": "rapport",
                    "RAPPORT_SASL_PASSWORD": "open sesame",
                },
                capture_output=True,
                timeout=60,
            )
            assert run.returncode == code, run.stderr.decode()
        worker.terminate()
        assert await asyncio.to_thread(worker.wait, 20) == 0
        assert "open sesame" not in (tmp_path / "log").read_text("utf-8", "replace")
    finally:
        if worker is not None and worker.poll() is None:
            worker.kill()
        broker.stop()


def ready(port: int) -> bool:
    with (
        contextlib.suppress(OSError),
        urllib.request.urlopen(f"http://127.0.0.1:{port}/ready") as page,
    ):
        return bool(json.loads(page.read())["ready"])
    return False


@pytest.mark.parametrize(
    "wrong",
    [
        {"protocol": "TLS"},
        {"protocol": "SASL_SSL"},
        {"protocol": "SASL_PLAINTEXT", "username": "u"},
        {"mechanism": "GSSAPI"},
        {"protocol": "SSL", "ssl_cafile": Path("nowhere.pem")},
    ],
)
def test_nonsense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        Security(**wrong)


def test_every_client_is_told_and_the_password_is_not_shown(tmp_path: Path) -> None:
    security = Security(
        protocol="SASL_SSL", mechanism="SCRAM-SHA-512", username="u", password="hidden"
    )
    settings = EngineSettings(
        app_id="a", broker="b:1", partitions=1, data_dir=tmp_path, security=security
    )
    options = settings.client()
    assert options["bootstrap_servers"] == "b:1"
    assert (options["security_protocol"], options["sasl_mechanism"]) == (
        "SASL_SSL",
        "SCRAM-SHA-512",
    )
    assert options["ssl_context"] is not None
    assert options["sasl_plain_password"] == "hidden"
    assert "hidden" not in repr(settings)
    credentials = security.faust()
    assert credentials is not None
    assert credentials.protocol.value == "SASL_SSL"
