"""`rapport explain`: where one relationship stands, why, and what is missing for the next stage."""

from __future__ import annotations

import asyncio
import sys
from typing import Any, Final

import click
import orjson
from aiokafka.errors import KafkaError

from stream_app.cli.kafka import client, kafka_options, no_answer
from stream_app.cli.options import Text
from stream_app.domain.keys import relationship_key
from stream_app.edge.counts import NoSuchTopicError
from stream_app.edge.reading import read_topic
from stream_app.edge.topics import Topics
from stream_app.engine import EngineError

NOT_KNOWN: Final = 1
NO_ANSWER: Final = 2


@click.command()
@click.argument("brand")
@click.argument("person", type=Text())
@click.option("--json", "as_json", is_flag=True, help="The state/v1 record as it is, for machines.")
@kafka_options
def explain(
    brand: str, person: str, as_json: bool, broker: str, topic_prefix: str, **options: Any
) -> None:
    """Explain the relationship of BRAND and PERSON: its stage, the evidence, what is missing.

    Reads relationship.states from the broker, whose records are written when a stage or a
    membership changes. Says also which ids are the same person, since when, and by which record.

    PERSON is the id as publishers and adapters write it, such as mastodon:109348. Exit status: 0
    found, 1 not known (never seen, forgotten, or now another id), 2 no answer from the broker or
    wrong use, 74 standard output cannot be written, 130 interrupted.

    \b
    Examples:
      rapport explain acme mastodon:109348
      rapport explain acme mastodon:109348 --json | jq .next
    """
    topic, settings = Topics(topic_prefix).states, client(options)
    try:
        key = relationship_key(brand, person).encode()
        view = asyncio.run(_latest(broker, topic, key, settings))
    except (NoSuchTopicError, EngineError, KafkaError) as error:
        told = no_answer(broker, error) if isinstance(error, KafkaError) else str(error)
        click.echo(f"rapport explain: {told}", err=True)
        sys.exit(NO_ANSWER)
    if view is None:
        click.echo(
            "rapport explain: no such relationship. It never reached a stage, was forgotten, or "
            "its id was linked to another one: ask for that.",
            err=True,
        )
        sys.exit(NOT_KNOWN)
    if as_json:
        click.echo(view)
        return
    for line in _lines(orjson.loads(view)):
        click.echo(line)


async def _latest(broker: str, topic: str, key: bytes, settings: dict[str, Any]) -> bytes | None:
    found: bytes | None = None
    async for _, record in read_topic(broker, topic, settings):
        if record.key == key:
            found = record.value
    return found


def _lines(view: dict[str, Any]) -> list[str]:
    since = f" since {view['since']}" if view["since"] else ""
    lines = [f"{view['brand']} / {view['person']}: {view['stage']}{since}"]
    epoch = f", epoch {view['epoch']}" if view["epoch"] else ""
    lines.append(f"as of {view['as_of']}, after {view['sequence']} transitions{epoch}")
    held = [one for one in view["evidence"] if one["rule"] != "enter"]
    if held:
        lines += ["", "what keeps it there:", *map(_finding, held)]
    following = view["next"]
    if following is not None:
        lines += ["", f"what is missing for {following['stage']}:"]
        missing = [_finding(one) for one in following["missing"]]
        lines += missing or ["  nothing of its own: a stage below it lacks something"]
    told = [f"{name} {_number(value)}" for name, value in view["quality"].items()]
    lines += ["", f"quality: {', '.join(told)}{' (suspect)' if view['suspect'] else ''}"]
    if view["ids"]:
        lines += ["", "the same person:"]
        for one in view["ids"]:
            until = f" until {one['until']}" if one["until"] else ""
            lines.append(f"  {one['person']} since {one['since']}{until}, by {one['record']}")
    return lines


def _finding(one: dict[str, Any]) -> str:
    days = f" over {one['days']} days" if one["days"] else ""
    sign = "at least" if one["bound"] == "at_least" else "at most"
    mark = "yes" if one["met"] else " no"
    value, limit = _number(one["value"]), _number(one["threshold"])
    return f"  {mark}  {one['measure']}{days} is {value}, {sign} {limit} for {one['stage']}"


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:g}"
