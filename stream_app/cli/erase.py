"""`rapport erase`: forget a person, and say until when what still holds them."""

from __future__ import annotations

import asyncio
import sys
import time
from typing import Final

import click
import msgspec
import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from stream_app.cli.kafka import broker_option, topic_prefix_option
from stream_app.contracts.erasure import read_erasure
from stream_app.contracts.times import format_time
from stream_app.domain.clock import DAY_MS
from stream_app.domain.keys import relationship_key
from stream_app.domain.rejects import Reject
from stream_app.edge.topics import Retention, Topics

REFUSED: Final = 1
NO_ANSWER: Final = 2


@click.command()
@click.argument("brand")
@click.argument("person")
@click.option("--consent", is_flag=True, help="Let the person in again, as a new one.")
@click.option("--json", "as_json", is_flag=True, help="The status as JSON, for machines.")
@broker_option
@topic_prefix_option
def erase(
    brand: str, person: str, consent: bool, as_json: bool, broker: str, topic_prefix: str
) -> None:
    """Forget PERSON at BRAND ('*': at all brands), under every id that was linked.

    Publishes to relationship.erasures; the workers do it. State, ids and public view go at once;
    later events of that person are dropped, until --consent lets them in as a new person.
    Topics that are not compacted forget by retention: the status says until when, by the
    default settings. Exit status: 0 published, 1 refused, 2 no answer from the broker.

    \b
    Examples:
      rapport erase acme mastodon:109348
      rapport erase '*' mastodon:109348 --json
      rapport erase acme mastodon:109348 --consent
    """
    value = orjson.dumps({"brand": brand, "person": person, "consent": consent})
    refused = read_erasure(value)
    if isinstance(refused, Reject):
        click.echo(f"rapport erase: {refused.reason}: {refused.detail}", err=True)
        sys.exit(REFUSED)
    topics = Topics(topic_prefix)
    try:
        key = relationship_key(brand, person).encode()
        asyncio.run(_publish(broker, topics.erasures, key, value))
    except KafkaError as error:
        click.echo(f"rapport erase: {broker}: {error}", err=True)
        sys.exit(NO_ANSWER)
    if consent:
        click.echo("published: with their next event the person is known again, as a new one")
        return
    held = held_until(topics, int(time.time() * 1000))
    if as_json:
        click.echo(msgspec.json.encode({"erased": "published", "held": held}))
        return
    click.echo("published: state, ids and public view go at once; what still holds the person:")
    for topic, until in held.items():
        click.echo(f"  {topic}  {until}")


def held_until(topics: Topics, now_ms: int) -> dict[str, str]:
    """Until when each topic may hold a person who is forgotten now, at the latest."""
    keeps = Retention()
    by_days = {
        topics.log: keeps.log_days,
        topics.raw("*"): keeps.raw_days,
        topics.transitions: keeps.transitions_days,
        topics.rejects: keeps.rejects_days,
        topics.erasures: keeps.internal_days,
        topics.links: keeps.internal_days,
        topics.costs: keeps.log_days,
    }
    held = {
        topic: f"until {format_time(now_ms + days * DAY_MS)} (retention, {days} days)"
        for topic, days in by_days.items()
    }
    held[topics.states] = "until its next compaction"
    held["changelog"] = "until its next compaction, the bare key 7 days longer"
    return held


async def _publish(broker: str, topic: str, key: bytes, value: bytes) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=broker)
    await producer.start()
    try:
        await producer.send_and_wait(topic, value, key=key)
    finally:
        await producer.stop()
