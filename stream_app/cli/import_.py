"""`rapport import`: old data into the log, in the order in which it happened."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final

import click
import msgspec
from aiokafka.errors import KafkaError

from stream_app.adapters.accounts import Accounts
from stream_app.backfill.errors import ImportFailure
from stream_app.backfill.files import size_of
from stream_app.backfill.found import Options
from stream_app.backfill.plan import Plan, Refuse
from stream_app.backfill.publish import Target, publish
from stream_app.backfill.sources import RAW, READERS, Source
from stream_app.backfill.state import usable
from stream_app.backfill.tally import LIVE_DAYS
from stream_app.cli.files import Output, keep_apart, writing
from stream_app.cli.kafka import client, kafka_options
from stream_app.cli.options import TimeParam, policy_file, policy_option
from stream_app.contracts.reject import reject_line
from stream_app.contracts.times import format_time
from stream_app.domain.policy import Policy
from stream_app.domain.rejects import Reject
from stream_app.edge.counts import NoSuchTopicError, partition_counts
from stream_app.edge.topics import Topics

REFUSED: Final = 1
NOT_DONE: Final = 2
NO_ANSWER: Final = 3


class SourceParam(click.ParamType):
    """PLATFORM=FILE."""

    name = "platform=file"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Source:
        """A source; a usage error if there is no such platform."""
        if isinstance(value, Source):
            return value
        platform, mark, path = str(value).partition("=")
        if not mark or not path or platform not in READERS:
            known = ", ".join(sorted(READERS))
            self.fail(f"{value!r}: expected PLATFORM=FILE; platforms: {known}", param, ctx)
        return Source(platform, Path(path))


@click.command(
    "import",
    epilog="""\b
What FILES are, plain or gzip:
  bluesky      JSON lines of a Jetstream
  github       JSON lines of the GH Archive (2015 and later)
  wordpress    an export of a site (WXR); its comments
  stumbleupon  JSON: lines, an array, or an object with items
  x, twitter   files of an account's archive: tweets.js direct-messages.js follower.js ...
  discourse    the user list, posts of a Data Explorer query, a user's archive (CSV or JSON)
  csv          any table, by --mapping

\b
Examples:
  rapport import github 2026-01-01-*.json.gz --dry-run
  rapport import x data/*.js --undated-at 2024-06-01T00:00:00Z --rejects refused.jsonl
  rapport import csv orders.csv --mapping orders.toml --also wordpress=site.xml --state run.json
  zcat jetstream.jsonl.gz | rapport import bluesky - --policy policy.toml --rate 2000

\b
Exit status: 0 all is published (or would be), 1 so it is, but something was refused,
2 wrong use, or a file cannot be read (nothing was published) or the state not be written,
3 the broker failed: run it again with the same --state, 74 something else cannot be written
(standard output: all was published), 130 interrupted.""",
)
@click.argument("platform", type=click.Choice(sorted(READERS)), metavar="PLATFORM")
@click.argument("files", nargs=-1, required=True, type=click.Path(allow_dash=True, path_type=Path))
@click.option(
    "--also", multiple=True, type=SourceParam(), help="More files, merged by time; repeatable."
)
@click.option("--dry-run", is_flag=True, help="Read all, tell what would be done; no Kafka.")
@click.option("--json", "as_json", is_flag=True, help="The summary as JSON on standard output.")
@click.option(
    "--mapping",
    type=click.Path(dir_okay=False, path_type=Path),
    help="TOML: which column is which field of an interaction (docs/import.md).",
)
@click.option("--account", default="", help="Whose export it is, where it does not say: the brand.")
@click.option("--person", default="", help="Which user's export it is, where it does not say.")
@click.option(
    "--undated-at",
    type=TimeParam(),
    metavar="TIME",
    help="When acts without a time happened (followers, say). Default: they are left out.",
)
@click.option(
    "--state",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Keeps how far it is: run again, it goes on there.",
)
@click.option(
    "--rejects",
    type=Output(),
    help="Refusals with reason and place, JSON lines; replaced at the end.",
)
@click.option(
    "--rate", type=click.FloatRange(min=0), default=0.0, help="Records a second at most; 0: any."
)
@click.option(
    "--patience",
    type=click.FloatRange(min=1),
    default=60.0,
    show_default=True,
    help="Seconds without an answer after which the broker has failed.",
)
@click.option(
    "--raw", is_flag=True, help="Publish deliveries to social.raw.<platform> instead (bluesky)."
)
@policy_option
@kafka_options
@click.pass_context
def import_(
    ctx: click.Context,
    /,
    platform: str,
    files: tuple[Path, ...],
    also: tuple[Source, ...],
    policy: Policy,
    undated_at: int | None,
    rejects: str | None,
    raw: bool,
    **options: Any,
) -> None:
    """Publish what is in FILES of PLATFORM, once, in the order in which it happened.

    All files are read first, and what is found is sorted by event time (in temporary files where
    it is much), whatever their order; nothing is published if one cannot be read. Every act keeps
    its own time and identity: publishing it twice counts once. - is standard input.

    Acts go to social.interactions as the adapters make them (--policy tells which account is which
    brand). A log that is live refuses what is 180 days older than its newest: import a whole
    history into topics of its own, with --topic-prefix and a worker for it.
    """
    sources = [*(Source(platform, path) for path in files), *also]
    if raw and (foreign := {source.platform for source in sources} - RAW):
        raise click.UsageError(f"--raw: files of {', '.join(sorted(foreign))} hold no deliveries")
    read = [source.path for source in sources]
    kept = {"--rejects": rejects, "--state": str(options["state"]) if options["state"] else None}
    keep_apart(kept, *read, options["mapping"], options["ssl_cafile"], policy_file(ctx))
    names = ("account", "person", "mapping")
    found = Options(
        accounts=Accounts.of_policy(policy.accounts), **{name: options[name] for name in names}
    )
    with writing(rejects) as refused:
        plan = Plan(
            sources,
            policy,
            found,
            now_ms=time.time_ns() // 1_000_000,
            refuse=_refuser(refused),
            undated_ms=undated_at,
            raw=raw,
        )
        done = _run(plan, sources, options)
    _tell(plan, done, options["as_json"], rejects is not None)
    sys.exit(REFUSED if plan.tally.refused else 0)


def _run(plan: Plan, sources: list[Source], options: dict[str, Any]) -> dict[str, int]:
    """Read and publish: how much was published. Ends the process if that is not possible."""
    try:
        with closing(plan.sorter):
            return _try(plan, sources) if options["dry_run"] else _do(plan, sources, options)
    except KafkaError as error:
        kept = "with the same --state" if options["state"] else "(acts sent twice count once)"
        what = f"{options['broker']}: {error or type(error).__name__}"
        what += f". Do: see to the broker, then run it again {kept}"
        code = NO_ANSWER
    except (ImportFailure, NoSuchTopicError) as error:
        what, code = str(error), NOT_DONE
    except KeyboardInterrupt as error:
        if options["state"]:
            error.args = ("the state says how far it was",)
        raise
    click.echo(f"rapport import: {what}", err=True)
    sys.exit(code)


def _refuser(rejects: BinaryIO | None) -> Refuse:
    """Writes a refusal as reject/v1 whose detail begins with `file:line`."""

    def refuse(name: str, line: int, reject: Reject, value: bytes) -> None:
        if rejects is not None:
            told = Reject(reject.reason, f"{name}:{line}: {reject.detail}")
            rejects.write(reject_line(told, name, line - 1, value))

    return refuse


# -- the two passes


def _try(plan: Plan, sources: list[Source]) -> dict[str, int]:
    """All but the publishing: it counts what would be."""
    _read(plan, sources)
    for _ in plan.records():
        pass
    return {}


def _do(plan: Plan, sources: list[Source], options: dict[str, Any]) -> dict[str, int]:
    """What can be known to fail is looked at before hours of reading."""
    target = _target(options)
    asyncio.run(partition_counts(target.broker, [target.topics.log], target.client))
    if options["state"] is not None:
        usable(options["state"], target.topics.log)
    _read(plan, sources)
    return _publish(plan, options, target)


def _read(plan: Plan, sources: list[Source]) -> None:
    sizes = [size_of(source.path) for source in sources]
    total = None if None in sizes else sum(size or 0 for size in sizes)
    with _bar("reading", total) as advance:
        plan.gather(advance)


def _target(options: dict[str, Any]) -> Target:
    """Where to publish to; a usage error if its settings make no sense."""
    return Target(
        options["broker"],
        Topics(options["topic_prefix"]),
        client(options),
        options["rate"],
        options["patience"],
    )


def _publish(plan: Plan, options: dict[str, Any], target: Target) -> dict[str, int]:
    """Published now, and before. Raises KafkaError after telling how far it is."""
    acknowledged = 0
    with _bar("publishing", plan.sorter.count) as advance:

        def told(now: int, before: int) -> None:
            nonlocal acknowledged
            advance(now - acknowledged)
            acknowledged = now

        try:
            now, before = asyncio.run(publish(plan.records(), target, options["state"], told))
        except KafkaError:
            click.echo(f"rapport import: {acknowledged:,} records were acknowledged", err=True)
            raise
    return {"published": now, "published_before": before}


@contextmanager
def _bar(what: str, total: int | None) -> Iterator[Any]:
    """A function that advances a bar on standard error, if a person is watching it."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    with Progress(
        *columns, TimeElapsedColumn(), console=Console(stderr=True), transient=True
    ) as bar:
        task = bar.add_task(what, total=total)
        yield lambda count: bar.advance(task, count)


# -- the summary


def _tell(plan: Plan, done: dict[str, int], as_json: bool, kept: bool) -> None:
    tally = plan.tally
    if as_json:
        click.echo(msgspec.json.encode(tally.told() | done))
        return
    told = tally.told()
    for name in told["empty_files"]:
        click.echo(f"{name}: nothing in it")
    for platform, kinds in told["publish"].items():
        click.echo(f"{platform}: " + _counts(kinds))
    for platform, reasons in told["ignored"].items():
        click.echo(f"{platform}, ignored: " + _counts(reasons))
    if told["refused"]:
        hint = "" if kept else " (--rejects FILE keeps them)"
        click.echo("refused: " + _counts(told["refused"]) + hint)
    if tally.first_ms is not None and tally.last_ms is not None:
        click.echo(f"from {format_time(tally.first_ms)} to {format_time(tally.last_ms)}")
    if tally.old:
        click.echo(
            f"{tally.old:,} of them are {LIVE_DAYS} days old or older: a live log refuses them as "
            "too_old; import them into topics of their own (--topic-prefix)"
        )
    if undated := sum(n for (_, reason), n in tally.ignored.items() if reason == "undated"):
        click.echo(f"{undated:,} acts have no time: --undated-at TIME would take them in")
    total = f"{tally.found.total():,} records"
    if not done:
        click.echo(f"dry run: {total} would be published")
    else:
        before = f", {done['published_before']:,} before" if done["published_before"] else ""
        click.echo(f"published: {done['published']:,} of {total}{before}")


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())
