"""The embedded broker is a real Kafka, and never outlives whoever asked for it."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from stream_app.embedded import BrokerError, EmbeddedBroker, Silent, broker_address
from stream_app.embedded.errors import BrokerAlreadyRunning
from tests.embedded.helpers import is_alive, is_open, run_python, wait_until

pytestmark = pytest.mark.kafka

_PARENT = """
import signal, sys, time
from stream_app.embedded import EmbeddedBroker
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
with EmbeddedBroker() as broker:
    print(broker.address, broker.pid, broker.folder, flush=True)
    time.sleep(120)
"""


async def _create_topic(address: str, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1)])
    finally:
        await admin.close()


async def _committed_values(address: str, topic: str, count: int) -> list[bytes]:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=address, isolation_level="read_committed", auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        consumer.assign([TopicPartition(topic, 0)])
        values: list[bytes] = []
        while len(values) < count:
            values.append((await consumer.getone()).value)
        return values
    finally:
        await consumer.stop()


async def test_transactions_commit_and_abort(broker: str, topic_prefix: str) -> None:
    topic = f"{topic_prefix}events"
    await _create_topic(broker, topic)
    producer = AIOKafkaProducer(bootstrap_servers=broker, transactional_id=f"{topic_prefix}tx")
    await producer.start()
    try:
        async with producer.transaction():
            await producer.send_and_wait(topic, b"one")
        await producer.begin_transaction()
        await producer.send_and_wait(topic, b"never")
        await producer.abort_transaction()
        async with producer.transaction():
            await producer.send_and_wait(topic, b"two")
    finally:
        await producer.stop()
    assert await _committed_values(broker, topic, 2) == [b"one", b"two"]


async def test_topics_are_not_created_by_accident(broker: str, topic_prefix: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=broker)
    await admin.start()
    try:
        await admin.describe_topics([f"{topic_prefix}typo"])
        assert f"{topic_prefix}typo" not in await admin.list_topics()
    finally:
        await admin.close()


async def test_kept_data_and_address_survive_a_restart(tmp_path: Path) -> None:
    kafka = EmbeddedBroker("kept", home=tmp_path, keep=True)
    first = kafka.start(Silent())
    try:
        await _create_topic(first, "survives")
        producer = AIOKafkaProducer(bootstrap_servers=first)
        await producer.start()
        await producer.send_and_wait("survives", b"still here")
        await producer.stop()
        with pytest.raises(BrokerAlreadyRunning, match="rapport broker stop"):
            EmbeddedBroker("kept", home=tmp_path).start(Silent())
        kafka.stop()
        assert not is_open(first)
        assert kafka.start(Silent()) == first
        assert await _committed_values(first, "survives", 1) == [b"still here"]

        os.kill(kafka.pid, signal.SIGKILL)
        assert wait_until(lambda: not kafka.is_alive())
        kafka.stop()
        assert kafka.start(Silent()) == first
        assert await _committed_values(first, "survives", 1) == [b"still here"]
    finally:
        kafka.stop()


@pytest.mark.parametrize(
    ("number", "graceful"), [(signal.SIGKILL, False), (signal.SIGINT, True)], ids=["kill-9", "^C"]
)
def test_ends_with_its_parent(number: int, graceful: bool, tmp_path: Path) -> None:
    parent = run_python(_PARENT, RAPPORT_HOME=str(tmp_path), BROKER="")
    try:
        assert parent.stdout is not None
        address, pid, folder = parent.stdout.readline().split()
        assert is_open(address)
        assert is_alive(int(pid))
        parent.send_signal(number)
        parent.wait(20)
        assert wait_until(lambda: not is_alive(int(pid)), timeout_s=5)
        assert wait_until(lambda: not is_open(address), timeout_s=5)
        assert wait_until(lambda: not Path(folder).exists(), timeout_s=5)
        assert graceful == (parent.returncode != -signal.SIGKILL)
    finally:
        parent.kill()
        parent.wait()
        if parent.stdout is not None:
            parent.stdout.close()


def test_litter_of_a_crash_is_swept_later(tmp_path: Path) -> None:
    base = tmp_path / "broker"
    for name, age_s in (("run-old", 7200), ("run-young", 0), ("mine", 7200)):
        (base / name).mkdir(parents=True)
        then = time.time() - age_s
        os.utime(base / name, (then, then))
    with EmbeddedBroker(home=tmp_path) as kafka:
        assert {each.name for each in base.iterdir()} == {"run-young", "mine", kafka.folder.name}
    assert {each.name for each in base.iterdir()} == {"run-young", "mine"}


def test_a_given_broker_is_used_instead(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RAPPORT_HOME", str(tmp_path))
    monkeypatch.setenv("BROKER", "kafka.example:9092")
    with broker_address(Silent()) as address:
        assert address == "kafka.example:9092"
    assert list(tmp_path.iterdir()) == []


def test_says_so_when_not_started() -> None:
    with pytest.raises(BrokerError, match="call start"):
        _ = EmbeddedBroker().address


def test_keep_needs_a_name() -> None:
    with pytest.raises(ValueError, match="needs a name"):
        EmbeddedBroker(keep=True)


def test_a_start_that_fails_says_why_and_leaves_nothing(tmp_path: Path) -> None:
    with EmbeddedBroker("first", home=tmp_path) as first:
        taken = int(first.address.rpartition(":")[2])
        second = EmbeddedBroker(home=tmp_path, port=taken)
        with pytest.raises(BrokerError, match=f"port {taken} is taken"):
            second.start(Silent())
        assert not second.is_alive()
        assert [each.name for each in (tmp_path / "broker").iterdir()] == ["first"]
