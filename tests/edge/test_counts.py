"""What a broker says of topics, for who publishes or reads: what is late, missing, or refused."""

from __future__ import annotations

import asyncio

import pytest
from aiokafka.errors import InvalidTopicError

from stream_app.edge import admin, counts
from stream_app.engine import TopicSpec, ensure_topics


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
    monkeypatch.setattr(admin, "PATIENCE_S", -1.0)
    answers.append(["unseen"])
    with pytest.raises(admin.UnseenTopicError, match=r"unseen\. It exists, .* Do: give"):
        await admin.prepare_topics("kafka:9092", [], 1)
