"""What a broker says of topics, for who publishes or reads: what is late, missing, or refused."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import InvalidTopicError

from stream_app.edge import admin, counts
from stream_app.embedded import EmbeddedBroker, Silent
from stream_app.embedded import broker as embedded
from stream_app.embedded.settings import server_properties
from stream_app.engine import TopicSpec, admin_client, ensure_topics
from stream_app.engine.private_client import change_how_clients_ask
from stream_app.engine.private_topics import learn_topics


async def test_a_topic_that_comes_a_moment_later_is_found(broker: str, topic_prefix: str) -> None:
    name = f"{topic_prefix}late"
    asking = asyncio.create_task(counts.partition_counts(broker, [name], {}))
    await asyncio.sleep(0.5)
    await ensure_topics(broker, [TopicSpec(name, 3)])
    assert await asking == {name: 3}


async def test_the_topic_that_is_not_there_is_named(broker: str, topic_prefix: str) -> None:
    there, missing = f"{topic_prefix}there", f"{topic_prefix}missing"
    await ensure_topics(broker, [TopicSpec(there, 1)])
    with pytest.raises(counts.NoSuchTopicError, match=f"^{missing}: "):
        await counts.partition_counts(broker, [there, missing], {})


async def test_another_refusal_is_told_as_the_broker_says_it(broker: str) -> None:
    """It was told as a topic that is not there, which helps nobody."""
    with pytest.raises(InvalidTopicError):
        await counts.partition_counts(broker, ["no topic's name"], {})


@pytest.mark.slow
async def test_no_topic_is_made_by_asking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kafka's default is to make it, and aiokafka's to let it."""

    def making(port: int, controller_port: int, log_dir: Path) -> str:
        text = server_properties(port, controller_port, log_dir)
        return text.replace("auto.create.topics.enable=false", "auto.create.topics.enable=true")

    monkeypatch.setattr(embedded, "server_properties", making)
    own = EmbeddedBroker("makes", home=tmp_path / "home")
    try:
        address = await asyncio.to_thread(own.start, Silent())
        consumer, asking = AIOKafkaConsumer(bootstrap_servers=address), admin_client(address)
        try:
            await consumer.start()
            await asking.start()
            with pytest.raises(counts.NoSuchTopicError):
                await counts.partition_counts(address, ["mistyped"], {})
            change_how_clients_ask()
            await learn_topics(consumer, ["deleted"])
            while not (there := await asking.list_topics()):
                await asking.describe_topics(["made"])  # this broker does make what one asks for
                await asyncio.sleep(0.1)
            assert there == ["made"]
        finally:
            await consumer.stop()
            await asking.close()
    finally:
        await asyncio.to_thread(own.stop)


async def test_topics_that_do_not_show_are_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker says that it created a topic, and hears of it itself a little later."""
    answers = [["late"], []]

    async def nothing(*_: object) -> dict[str, dict[str, str]]:
        return {}

    async def missing(*_: object) -> list[str]:
        return answers.pop(0)

    monkeypatch.setattr(admin, "ensure_topics", nothing)
    monkeypatch.setattr(admin, "check_topics", missing)
    monkeypatch.setattr(admin, "_configs", nothing)
    await admin.prepare_topics("kafka:9092", [], 1)
    assert not answers
