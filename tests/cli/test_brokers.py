"""Commands that talk to Kafka: where they find it, how, and what they say if it is not there."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from stream_app.edge.reading import read_topic
from tests.backfill.support import SAMPLES
from tests.cli.test_outputs import rapport as run_rapport
from tests.engine.test_private_fetch import signed

COMMANDS = {
    "explain": ("acme", "x:1"),
    "erase": ("acme", "x:1"),
    "methods": ("acme",),
    "import": ("github", str(SAMPLES / "gharchive.jsonl")),
}


def rapport(*arguments: str | Path, variables: dict[str, str] | None = None, **options: Any) -> Any:
    """Run a command in an environment that names no broker but in `variables`."""
    old = {name: os.environ.pop(name, None) for name in ("BROKER", "RAPPORT_BROKER")}
    os.environ.update(variables or {})
    try:
        return run_rapport(*arguments, **options)
    finally:
        for name in variables or {}:
            del os.environ[name]
        os.environ.update({name: value for name, value in old.items() if value is not None})


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", ["BROKER", "RAPPORT_BROKER"])
def test_every_command_reads_both_variables(command: str, name: str) -> None:
    both = {"BROKER": "127.0.0.1:2", "RAPPORT_BROKER": "127.0.0.1:1"}
    used = both if name == "RAPPORT_BROKER" else {"BROKER": "127.0.0.1:1"}
    run = rapport(command, *COMMANDS[command], variables=used)
    assert run.returncode == (3 if command == "import" else 2)
    said = run.stderr.splitlines()
    assert len(said) == 1, run.stderr.decode()
    assert said[0].startswith(f"rapport {command}: 127.0.0.1:1: ".encode())
    assert b"Do: see to the broker" in said[0]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_the_options_of_encryption(command: str) -> None:
    arguments = (*COMMANDS[command], "--broker", "127.0.0.1:1")
    wrong = {"RAPPORT_SECURITY_PROTOCOL": "SASL_SSL"}
    run = rapport(command, *arguments, variables=wrong)
    assert run.returncode == 2
    assert b"sasl_username, sasl_password" in run.stderr
    run = rapport(command, *arguments, "--security-protocol", "SSL")
    assert b"127.0.0.1:1: " in run.stderr
    assert len(run.stderr.splitlines()) == 1, run.stderr.decode()


@pytest.mark.kafka
def test_a_broker_without_the_topics_is_told_at_once(broker: str) -> None:
    for command in COMMANDS:
        began = time.monotonic()
        run = rapport(
            command, *COMMANDS[command], "--broker", broker, "--topic-prefix", "not-there."
        )
        assert run.returncode == 2
        assert time.monotonic() - began < 20
        assert len(run.stderr.splitlines()) == 1, run.stderr.decode()
        assert b"not-there." in run.stderr
        assert b"Do: check --broker and --topic-prefix" in run.stderr


@pytest.fixture
async def prefix(broker: str) -> AsyncIterator[str]:
    """Of a topic of erasures that is there."""
    admin = AIOKafkaAdminClient(bootstrap_servers=broker)
    await admin.start()
    try:
        await admin.create_topics([NewTopic("cli.relationship.erasures", 1, 1)])
        yield "cli."
        await admin.delete_topics(["cli.relationship.erasures"])
    finally:
        await admin.close()


async def erasures(broker: str, prefix: str) -> list[Any]:
    """What was published."""
    found = read_topic(broker, f"{prefix}relationship.erasures")
    return [json.loads(record.value or b"") async for _, record in found]


async def publish_odd(broker: str, topic: str) -> None:
    """A record with the name of a header that is not in UTF-8: no reason to read nothing."""
    producer = AIOKafkaProducer(bootstrap_servers=broker)
    await producer.start()
    batch: Any = producer.create_batch()
    batch.append(key=b"k", value=b'{"consent":null}', timestamp=None, headers=[("NAME", b"x")])
    batch.close()
    odd = signed(bytearray(batch._build().replace(b"NAME", b"\xff\xfe\xfd\xfc")))
    batch._build = lambda: odd
    await (await producer.send_batch(batch, topic, partition=0))
    await producer.stop()


def to_full_disk(*arguments: str) -> Any:
    with Path("/dev/full").open("wb") as full:
        return rapport(*arguments, stdout=full, stderr=subprocess.PIPE, capture_output=False)


@pytest.mark.kafka
async def test_erase_publishes_and_says_so(broker: str, prefix: str) -> None:
    where = ("erase", "acme", "x:1", "--broker", broker, "--topic-prefix", prefix)
    told = rapport(*where, "--json")
    assert (told.returncode, json.loads(told.stdout)["erased"]) == (0, "published")
    again = rapport(*where, "--consent", "--json")
    assert (again.returncode, json.loads(again.stdout)) == (0, {"consent": "published"})
    lost = to_full_disk(*where)
    assert lost.returncode == 74, "neither refused nor without an answer"
    assert b"rapport erase: standard output: No space left on device" in lost.stderr
    await publish_odd(broker, f"{prefix}relationship.erasures")
    told_of = [one["consent"] for one in await erasures(broker, prefix)]
    assert told_of == [False, True, False, None]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("erase", "BAD BRAND", "x"), "'BAD BRAND': a brand is a slug: a-z 0-9 . _ -, at most 64"),
        (("erase", "acme", "a\tb"), "PERSON: 1 to 200 characters"),
        (("erase", "acme", ""), "PERSON: 1 to 200 characters"),
    ],
)
def test_a_refusal_is_in_plain_words(arguments: tuple[str, ...], said: str) -> None:
    run = rapport(*arguments)
    assert run.returncode == 1
    assert said in run.stderr.decode()
    assert b"regex" not in run.stderr


@pytest.mark.parametrize("command", ["erase", "explain"])
def test_a_person_that_is_not_utf_8(command: str) -> None:
    run = rapport(command, "acme", os.fsdecode(b"x:\xff\xfe"))
    assert run.returncode == 2
    assert b"not UTF-8" in run.stderr
    assert b"Traceback" not in run.stderr
