"""A start that goes wrong: one sentence, which names what to change, and no traceback."""

from __future__ import annotations

import asyncio
import inspect
import re
import socket
import time
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import (
    InvalidReplicationFactorError,
    KafkaConnectionError,
    NodeNotReadyError,
)
from click.testing import CliRunner

from stream_app.backfill.errors import StateFileError
from stream_app.cli.worker import worker
from stream_app.edge import admin, listen
from stream_app.engine import errors
from tests.edge.service import Service, free_port, interaction, record, until

NOW_MS = int(time.time() * 1000)


async def ended(service: Service, *options: str) -> tuple[int, str]:
    """Start a worker that will not last: its exit status, and what it said."""
    service.start("one", *options)
    status = await asyncio.to_thread(service.workers["one"].wait, 60)
    return status, service.log_of("one")


async def test_a_changelog_that_is_gone_is_told_in_one_line(service: Service) -> None:
    """Refused without a traceback; with --rebuild it goes on."""
    log = service.topics.log
    await service.send(record(log, interaction(f"p{n}", "a", NOW_MS)) for n in range(40))
    service.start("one")
    await service.until_exact(40)
    assert service.stop("one") == 0
    changelog = f"{service.settings.topic_prefix}{service.settings.application_id}-state-changelog"
    client = AIOKafkaAdminClient(bootstrap_servers=service.settings.broker)
    await client.start()
    await client.delete_topics([changelog])
    await client.close()
    await asyncio.sleep(1)
    await service.prepare()
    before = service.log_of("one")
    status, told = await ended(service)
    told = told.removeprefix(before)
    assert status == 1
    assert "start once with --rebuild" in told
    assert f"topic={changelog}" in told
    assert "Traceback" not in told
    assert "loop is closed" not in told
    assert told.count("\n") < 5
    service.start("one", "--rebuild")
    await service.until_ready("one")


async def test_more_replicas_than_brokers(service: Service) -> None:
    started = time.monotonic()
    status, told = await ended(service, "--replication", "3", "--topic-prefix", "three-")
    assert status == 2
    assert "--replication" in told
    assert "Traceback" not in told
    assert time.monotonic() - started < 30, "it does not wait for a broker that has answered"


OLDER = "import stream_app.edge.states as states; states.VERSIONS = (b'?',)"


async def test_state_of_a_newer_release_is_refused(service: Service) -> None:
    """Rolled back: it stops, and refuses none of the records that it cannot apply."""
    log = service.topics.log
    await service.send([record(log, interaction("p1", "a", NOW_MS))])
    service.start("one")
    await service.until_exact(1)
    assert service.stop("one") == 0
    await service.send([record(log, interaction("p1", "b", NOW_MS))])
    service.start("one", patch=OLDER)
    assert await asyncio.to_thread(service.workers["one"].wait, 60) == 1
    told = service.log_of("one")
    assert "State was written by a newer release. Do: roll forward" in told
    assert "Traceback" not in told
    assert not await service.read(service.topics.rejects)
    service.start("one")
    await service.until_ready("one")


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (("--web-port", "99999999"), "--web-port"),
        (("--web-host", "300.1.1.1"), "--web-host"),
        (("--data", "/proc/nobody/writes/here"), "--data"),
    ],
)
def test_nonsense_is_a_usage_error(options: tuple[str, ...], named: str) -> None:
    done = CliRunner().invoke(worker, [*options, "--broker", "127.0.0.1:1"])
    assert done.exit_code == 2
    assert named in done.output
    assert options[1] in done.output
    assert "Traceback" not in done.output


def test_a_port_that_is_taken_is_named() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        done = CliRunner().invoke(worker, ["--web-port", port, "--broker", "127.0.0.1:1"])
    assert done.exit_code == 2
    assert f"127.0.0.1:{port}: address already in use" in done.output
    assert "--web-port" in done.output


def test_without_a_port_given_the_next_free_one_is_taken() -> None:
    with socket.socket() as other:
        port = free_port()
        other.bind(("127.0.0.1", port))
        other.listen()
        found = listen.port_to_listen_on("127.0.0.1", port, or_next=True)
    assert port < found < port + listen.PORTS_TRIED
    assert listen.port_to_listen_on("127.0.0.1", 0, or_next=True) == 0


async def test_the_log_says_when_all_is_open(service: Service) -> None:
    """One line, with the time in UTC; Faust's own are not in the way."""
    service.start("one", "--log-level", "INFO")
    await service.until_ready("one")
    line = f" ready: 4 of 4 partitions, http://127.0.0.1:{service.ports['one']}\n"
    await until(lambda: line in service.log_of("one"), 5, lambda: service.log_of("one"))
    lines = service.log_of("one").splitlines()
    assert all(re.match(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d\d\dZ [A-Z]+ ", one) for one in lines)
    assert len(lines) < 15


def test_an_error_tells_what_was_found_and_then_what_to_do() -> None:
    refused = InvalidReplicationFactorError("log", "Unable to replicate 3 times.")
    assert str(admin.TooFewBrokersError(refused)) == (
        "InvalidReplicationFactorError: log, Unable to replicate 3 times. Do: start with a "
        "--replication (RAPPORT_REPLICATION) that is not above the number of brokers."
    )
    assert str(admin.NoBrokerError("kafka:9092", OSError())) == (
        "kafka:9092: OSError. There is no Kafka to be reached. Do: start it, or name it (--broker "
        "host:port, RAPPORT_BROKER)."
    )
    assert str(StateFileError(Path("run.json"), "written by a newer release")).startswith(
        "run.json: written by a newer release. Do: give the files, policy and options of the first"
    )


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (NodeNotReadyError(), "Do: set their advertised.listeners to names and ports"),
        (KafkaConnectionError(), "There is no Kafka to be reached. Do: start it"),
    ],
)
async def test_a_broker_that_names_a_wrong_address_is_told(
    monkeypatch: pytest.MonkeyPatch, error: Exception, told: str
) -> None:
    """It is there, so "start it" would help nobody."""

    async def fails(*args: object) -> None:
        raise error

    monkeypatch.setattr(admin, "_prepare", fails)
    monkeypatch.setattr(admin, "PATIENCE_S", -1.0)
    with pytest.raises(admin.NoBrokerError) as refusal:
        await admin.prepare_topics("kafka:9092", [], 1)
    assert told in str(refusal.value)


def test_every_option_that_an_error_names_is_one() -> None:
    texts = [
        one.__doc__ or ""
        for module in (errors, admin, listen)
        for one in vars(module).values()
        if inspect.isclass(one) and issubclass(one, Exception)
    ]
    named = set(re.findall(r"(?<!\w)--[a-z][a-z-]+", " ".join(texts)))
    assert {"--rebuild", "--skip-bad-state", "--data"} <= named
    known = {name for option in worker.params for name in option.opts}
    assert named - known == {"--alter", "--entity-type"}, "those are of Kafka's own command"
