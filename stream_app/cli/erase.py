"""`rapport erase`: forget a person, and say until when what still holds them."""

from __future__ import annotations

import asyncio
import sys
import time
from typing import Any, Final

import click
import msgspec
import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from stream_app.backfill.publish import Target
from stream_app.cli.kafka import client, kafka_options, no_answer
from stream_app.cli.options import Text
from stream_app.contracts.erasure import ALL_BRANDS, read_erasure
from stream_app.contracts.policy import NOT_A_BRAND
from stream_app.contracts.times import format_time
from stream_app.domain.clock import DAY_MS
from stream_app.domain.keys import relationship_key
from stream_app.domain.rejects import Reason, Reject
from stream_app.edge.counts import NoSuchTopicError, partition_counts
from stream_app.edge.topics import Retention, Topics

REFUSED: Final = 1
NO_ANSWER: Final = 2


@click.command()
@click.argument("brand", type=Text())
@click.argument("person", type=Text())
@click.option("--consent", is_flag=True, help="Let the person in again, as a new one.")
@click.option("--json", "as_json", is_flag=True, help="The status as JSON, for machines.")
@kafka_options
def erase(
    brand: str,
    person: str,
    consent: bool,
    as_json: bool,
    broker: str,
    topic_prefix: str,
    **options: Any,
) -> None:
    """Forget PERSON at BRAND ('*': at all brands), under every id that was linked.

    Publishes to relationship.erasures; the workers do it. State, ids and public view go at once;
    later events of that person are dropped, until --consent lets them in as a new person.
    Topics that are not compacted forget by retention: the status says until when, by the
    default settings. Exit status: 0 published; 1 refused; 2 not published: wrong use, no answer
    from the broker or no such topic; 74 published, but standard output cannot be written.

    \b
    Examples:
      rapport erase acme mastodon:109348
      rapport erase '*' mastodon:109348 --json
      rapport erase acme mastodon:109348 --consent
    """
    value = orjson.dumps({"brand": brand, "person": person, "consent": consent})
    refused = read_erasure(value)
    if isinstance(refused, Reject):
        click.echo(f"rapport erase: {_why_not(brand, refused)}", err=True)
        sys.exit(REFUSED)
    target = Target(broker, Topics(topic_prefix), client(options))
    try:
        asyncio.run(_publish(target, relationship_key(brand, person).encode(), value))
    except NoSuchTopicError as error:
        click.echo(f"rapport erase: {error}", err=True)
        sys.exit(NO_ANSWER)
    except KafkaError as error:
        click.echo(f"rapport erase: {no_answer(broker, error)}", err=True)
        sys.exit(NO_ANSWER)
    _tell(target.topics, consent, as_json)


def _why_not(brand: str, refused: Reject) -> str:
    if refused.reason == Reason.BAD_BRAND:
        return f"{brand!r}: {NOT_A_BRAND}; or '{ALL_BRANDS}' for all"
    if refused.reason == Reason.BAD_PERSON:
        return "PERSON: 1 to 200 characters, none of them a control character"
    return f"{refused.reason}: {refused.detail}"


def _tell(topics: Topics, consent: bool, as_json: bool) -> None:
    """What was published, and for an erasure what still holds the person."""
    if as_json and consent:
        click.echo(msgspec.json.encode({"consent": "published"}))
        return
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


async def _publish(target: Target, key: bytes, value: bytes) -> None:
    """Raises NoSuchTopicError, which a producer would take a minute to find out, or KafkaError."""
    topic = target.topics.erasures
    await partition_counts(target.broker, [topic], target.client)
    producer = AIOKafkaProducer(bootstrap_servers=target.broker, **target.client)
    try:
        await producer.start()
        await producer.send_and_wait(topic, value, key=key)
    finally:
        await producer.stop()
