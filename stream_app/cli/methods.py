"""`rapport methods`: what relationships cost to build, and which methods build the best ones."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from functools import partial
from typing import Any, BinaryIO, Final, cast

import click
import msgspec
from aiokafka.errors import KafkaError
from click.core import ParameterSource

from stream_app.backfill.errors import UnreadableFileError
from stream_app.backfill.files import unpacked
from stream_app.cli.files import Input, raw_of
from stream_app.cli.kafka import client, kafka_options, no_answer
from stream_app.cli.methods_table import show, show_shares
from stream_app.cli.options import Text, policy_option
from stream_app.cli.replay import refusals, whole_lines
from stream_app.contracts.method_report import RUNG_NAMES, MethodReportV1, Rung, read_report
from stream_app.contracts.standings import Standing, latest, standings
from stream_app.domain.attribution import PATHS, counted, markov, shapley
from stream_app.domain.credit import MILLION, MODELS, UNATTRIBUTED, Model
from stream_app.domain.policy import Policy
from stream_app.edge.counts import NoSuchTopicError
from stream_app.edge.reading import read_topic, replay_line
from stream_app.edge.topics import Topics
from stream_app.engine import EngineError
from stream_app.replay import Replay

OVER_ALL_PATHS: Final = {"markov": markov, "shapley": shapley}


def _day(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    try:
        return None if value is None else date.fromisoformat(value).isoformat()
    except ValueError:
        raise click.BadParameter("a UTC day, such as 2026-01-31") from None


@click.command()
@click.argument("brand", type=Text())
@click.option(
    "--model",
    type=click.Choice([*MODELS, *OVER_ALL_PATHS]),
    help="Credit by this model instead of the policy's; reads the whole log for it.",
)
@click.option(
    "--stage",
    type=click.Choice(RUNG_NAMES),
    default="affinity",
    show_default=True,
    help="A relationship counts as won when it comes to this stage for the first time.",
)
@click.option("--since", metavar="DAY", callback=_day, help="From this UTC day on.")
@click.option(
    "--person",
    type=Text(),
    help="What of each method's cost falls on this relationship (90 days); reads the whole log.",
)
@click.option("--json", "as_json", is_flag=True, help="JSON, for machines.")
@click.option("--file", type=Input(), help="Reports of a replay, instead of a broker.")
@click.option("--log", type=Input(), help="Interactions (JSON lines), with --model.")
@click.option("--costs", type=Input(), help="Costs (JSON lines), with --log.")
@kafka_options
@policy_option
@click.pass_context
def methods(
    ctx: click.Context,
    /,
    brand: str,
    model: str | None,
    stage: str,
    since: str | None,
    person: str | None,
    as_json: bool,
    file: BinaryIO | None,
    policy: Policy,
    **options: Any,
) -> None:
    """Compare the methods of BRAND: cost per relationship won, quality, survival, return.

    Reads relationship.methods from the broker, or --file as `rapport replay --reports` writes it.
    With --model the log is replayed with that model: --log and --costs, or the broker's topics.
    A measure with too few cases behind it says so and gets no rank. Exit status: 0 told; 2 wrong
    use, no answer from the broker, or a file cannot be read; 74 standard output cannot be written.

    \b
    Examples:
      rapport methods acme
      rapport methods acme --stage audience --since 2026-01-01
      rapport methods acme --file reports.jsonl --json
      rapport methods acme --model shapley --log events.jsonl --costs costs.jsonl
      rapport methods acme --person web:4711 --log events.jsonl --costs costs.jsonl
    """
    _no_conflicts(ctx)
    try:
        if person is not None:
            core = _replayed(policy, _source(options))
            show_shares(core.cost_shares(brand, person), core.rates(brand), as_json=as_json)
            return
        if model is None and options["log"] is None:
            lines = _lines(file) if file is not None else _of_topic(options)
            rows, credit = [read_report(line) for line in lines], None
        else:
            rows, credit = _recount(brand, model, cast("Rung", stage), policy, _source(options))
    except (NoSuchTopicError, UnreadableFileError, EngineError, KafkaError) as error:
        failed = isinstance(error, KafkaError)
        told = no_answer(options["broker"], error) if failed else str(error)
        click.echo(f"rapport methods: {told}", err=True)
        sys.exit(2)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        click.echo(f"rapport methods: a row is no method-report/v1: {error}", err=True)
        sys.exit(2)
    found = standings(latest(rows, brand).values(), cast("Rung", stage), since, credit)
    _tell(found, brand, stage, since, model, as_json=as_json)


_CONFLICTS: Final = {
    "file": ("model", "person", "log", "costs", "broker"),
    "person": ("model", "stage", "since"),
    "log": ("broker",),
}
"""Options that say nothing beside another one."""


def _no_conflicts(ctx: click.Context) -> None:
    given = {
        name for name in ctx.params if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE
    }
    for name, others in _CONFLICTS.items():
        if name in given and (wrong := [f"--{other}" for other in others if other in given]):
            raise click.UsageError(f"--{name} and {', '.join(wrong)} exclude each other")
    if "costs" in given and "log" not in given:
        raise click.UsageError("--costs needs --log")


def _tell(
    found: list[Standing],
    brand: str,
    stage: str,
    since: str | None,
    model: str | None,
    *,
    as_json: bool,
) -> None:
    if as_json:
        told = {"brand": brand, "stage": stage, "since": since, "model": model, "methods": found}
        click.echo(msgspec.json.encode(told))
    elif found:
        show(found, brand, stage, since, model)
    else:
        click.echo(f"No reports of {brand} yet.", err=True)


def _lines(file: BinaryIO) -> list[bytes]:
    with unpacked(raw_of(file), file.name) as plain:
        return [line for line in plain if not line.isspace()]


def _of_topic(options: dict[str, Any]) -> list[bytes]:
    topic, settings = Topics(options["topic_prefix"]).methods, client(options)

    async def read() -> list[bytes]:
        found = read_topic(options["broker"], topic, settings)
        return [record.value or b"" async for _, record in found]

    return asyncio.run(read())


# -- another model


Feed = Callable[[Replay], None]


def _source(options: dict[str, Any]) -> tuple[int, Feed]:
    """How many partitions there are, and what feeds a replay with their records."""
    log, costs = options["log"], options["costs"]
    if log is not None:
        return 1, lambda core: _feed(core, _of_file(log), _of_file(costs))
    partitions, events, spent = asyncio.run(_read_log(options))
    return partitions, lambda core: _feed(core, events, spent)


def _of_file(file: BinaryIO | None) -> Iterator[bytes]:
    if file is not None:
        with unpacked(raw_of(file), file.name) as plain:
            yield from whole_lines(plain)


def _feed(core: Replay, events: Iterable[bytes], costs: Iterable[bytes]) -> None:
    for line in events:
        core.feed(line)
    for _ in core.finish():
        pass
    for line in costs:
        core.feed_cost(line)
    if core.tally.refused:
        click.echo(f"refused: {refusals(core.tally)}", err=True)


async def _read_log(options: dict[str, Any]) -> tuple[int, list[bytes], list[bytes]]:
    topics, settings = Topics(options["topic_prefix"]), client(options)
    partitions, lines = 1, dict[str, list[bytes]]()
    for topic, last in ((topics.log, "person"), (topics.costs, "method")):
        lines[topic] = []
        async for count, record in read_topic(options["broker"], topic, settings):
            partitions = count
            line = replay_line(record, count, last)
            if line is not None:
                lines[topic].append(line)
    return partitions, lines[topics.log], lines[topics.costs]


def _recount(
    brand: str, model: str | None, stage: Rung, policy: Policy, source: tuple[int, Feed]
) -> tuple[list[MethodReportV1], dict[str, float] | None]:
    """The reports by another model; of models over all paths what each method has won."""
    over_all = OVER_ALL_PATHS.get(model or "")
    adapt = None
    if model is not None and over_all is None:
        adapt = partial(_with_model, model=cast("Model", model))
        policy = adapt(policy)
    core = _replayed(policy, source, brand if over_all else None, adapt)
    rows = [read_report(report) for report in core.reports()]
    if over_all is None:
        return rows, None
    rung = RUNG_NAMES.index(stage) + 1
    gone = core.paths(brand)
    if len(gone) == PATHS:
        click.echo(f"only the newest {PATHS:,} paths count", err=True)
    shares = over_all(counted((path.methods, path.won(rung)) for path in gone))
    won = [path for path in gone if path.won(rung)]
    touched = sum(bool(path.methods) for path in won)
    credit = {method: share * touched / MILLION for method, share in shares.items()}
    return rows, {**credit, UNATTRIBUTED: float(len(won) - touched)}


def _replayed(
    policy: Policy,
    source: tuple[int, Feed],
    paths_of: str | None = None,
    adapt: Callable[[Policy], Policy] | None = None,
) -> Replay:
    partitions, feed = source
    core = Replay(policy, "methods", partitions, reports=True, paths_of=paths_of, adapt=adapt)
    feed(core)
    return core


def _with_model(policy: Policy, model: Model) -> Policy:
    def other(rules: Any) -> Any:
        return msgspec.structs.replace(rules, model=model)

    brands = {name: other(rules) for name, rules in policy.brands.items()}
    return msgspec.structs.replace(policy, default=other(policy.default), brands=brands)
