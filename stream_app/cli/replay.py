"""`rapport replay`: the transitions of a file of interactions."""

from __future__ import annotations

import ctypes
import gc
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

import click

from stream_app.backfill.errors import UnreadableFileError
from stream_app.backfill.files import unpacked
from stream_app.cli.files import Input, Output, keep_apart, raw_of, writing
from stream_app.cli.options import Text, TimeParam, policy_file, policy_option
from stream_app.contracts.reject import reject_line
from stream_app.domain.policy import Policy
from stream_app.domain.rejects import Reason, Reject
from stream_app.replay import Replay, Tally

LINE_LIMIT: Final = 8 << 20
"""Bytes of a line that are read at most: a longer one is refused in pieces, never held whole."""
NOTHING: Final = 1
NOT_READ: Final = 2
_REPORT_EVERY: Final = 20_000
_END: Final = b"\r\n"


@click.command(
    epilog="""Exit status: 0 done, even if some lines were refused; 1 every line was refused;
2 wrong use, or a file cannot be read; 74 something cannot be written; 130 interrupted."""
)
@click.argument("file", type=Input())
@policy_option
@click.option(
    "--until",
    type=TimeParam(),
    metavar="TIME",
    help="Let time pass up to TIME at the end (RFC 3339 or milliseconds), not to the watermark.",
)
@click.option(
    "--partitions",
    type=click.IntRange(1, 10_000),
    default=1,
    show_default=True,
    help="Cut the lines as Kafka would, each partition with a watermark of its own.",
)
@click.option(
    "--rejects",
    type=Output(),
    help="Write every refused line there, as reject/v1 JSON lines; replaced at the end.",
)
@click.option(
    "--costs",
    type=Input(),
    help="What methods cost, as cost/v1 JSON lines; only of use with --reports.",
)
@click.option(
    "--reports",
    type=Output(),
    help="Write the method reports there, as method-report/v1 JSON lines; replaced at the end.",
)
@click.option(
    "--application-id",
    type=Text(),
    default="rapport",
    show_default=True,
    help="Whose transition ids to compute: those of the service that runs under this id.",
)
@click.pass_context
def replay(
    ctx: click.Context,
    file: BinaryIO,
    policy: Policy,
    until: int | None,
    partitions: int,
    rejects: str | None,
    costs: BinaryIO | None,
    reports: str | None,
    application_id: str,
) -> None:
    """Compute the stage transitions of FILE (interaction/v1 JSON lines; - is standard input).

    Files may be gzip. Output files are replaced when all went well, and are as before if not.

    Transitions go to standard output, one transition/v1 JSON per line, in order within each
    relationship. A summary goes to standard error. A line may carry recorded_at, the timestamp of
    its record; of recorded_at and occurred_at one is enough and counts as the other, and without
    both the line is refused (bad_time). So it is with lines of the costs.

    A line with "record": "policy" changes the policy from there on (--policy is the first one),
    one with "record": "link" makes two ids one person, one with "record": "erasure" forgets a
    person (link/v1 and erasure/v1 with that field).

    \b
    Examples:
      rapport replay events.jsonl > transitions.jsonl
      rapport replay history.jsonl.gz --until 2026-12-31T00:00:00Z
      rapport replay events.jsonl --rejects refused.jsonl --partitions 8
      rapport replay events.jsonl --costs costs.jsonl --reports reports.jsonl > transitions.jsonl
    """
    keep_apart({"--rejects": rejects, "--reports": reports}, file, costs, policy_file(ctx))
    core = Replay(policy, application_id, partitions, reports=reports is not None)
    started = time.monotonic()
    try:
        with writing(rejects) as refused, writing(reports) as told:
            count = _all(core, file, costs, until, refused, told)
    except UnreadableFileError as error:
        click.echo(f"rapport replay: {error}", err=True)
        ctx.exit(NOT_READ)
    _summary(core, time.monotonic() - started, rejects is not None)
    _leave(core)
    if count and count == core.tally.records:
        ctx.exit(NOTHING)


def _all(
    core: Replay,
    file: BinaryIO,
    costs: BinaryIO | None,
    until_ms: int | None,
    rejects: BinaryIO | None,
    reports: BinaryIO | None,
) -> int:
    """From the first line to the last report; how many lines of `file` were refused."""
    gc.collect()
    gc.disable()  # the core makes no cycles, and walking millions of states for some is slow
    with _progress(file, core) as lines:
        count = _run(core, file.name, lines, rejects, until_ms)
    if costs is not None:
        _count_costs(core, costs, rejects)
    if reports is not None:
        for report in core.reports():
            reports.write(report + b"\n")
    return count


def _leave(core: Replay) -> None:
    """Leave the states to the end of the process: to free millions one by one takes seconds."""
    gc.freeze()
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(core))


def _run(
    core: Replay,
    name: str,
    lines: Iterable[bytes],
    rejects: BinaryIO | None,
    until_ms: int | None,
) -> int:
    """How many lines were refused."""
    out, refused = sys.stdout.buffer, 0
    for number, line in enumerate(lines):
        outcome = core.feed(line)
        if isinstance(outcome, Reject):
            refused += 1
            if rejects is not None:
                rejects.write(reject_line(outcome, name, number, line.rstrip(_END)))
        elif outcome:
            for move in outcome:
                out.write(move + b"\n")
    for move in core.finish(until_ms):
        out.write(move + b"\n")
    out.flush()
    return refused


def _count_costs(core: Replay, costs: BinaryIO, rejects: BinaryIO | None) -> None:
    with unpacked(raw_of(costs), costs.name) as plain:
        for number, line in enumerate(whole_lines(plain)):
            refused = core.feed_cost(line)
            if refused is not None and rejects is not None:
                rejects.write(reject_line(refused, costs.name, number, line.rstrip(_END)))


def whole_lines(file: BinaryIO) -> Iterator[bytes]:
    """The lines of a file; of one that is too long its beginning, so that it can be refused."""
    while line := file.readline(LINE_LIMIT):
        yield line
        while len(line) == LINE_LIMIT and not line.endswith(b"\n"):
            line = file.readline(LINE_LIMIT)


@contextmanager
def _progress(file: BinaryIO, core: Replay) -> Iterator[Iterator[bytes]]:
    """The lines of `file`, with a bar on standard error if a person is watching it."""
    done = 0

    def read(count: int) -> None:
        nonlocal done
        done += count

    with unpacked(raw_of(file), file.name, read) as plain:
        if not sys.stderr.isatty():
            yield whole_lines(plain)
            return
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

        size = Path(file.name).stat().st_size if Path(file.name).is_file() else None
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("replay", total=size)

            def watched() -> Iterator[bytes]:
                for number, line in enumerate(whole_lines(plain)):
                    if number % _REPORT_EVERY == 0:
                        tally = core.tally
                        text = f"{tally.records:,} events, {tally.transitions:,} transitions"
                        bar.update(task, completed=done, description=text)
                    yield line

            yield watched()


def _summary(core: Replay, seconds: float, kept: bool) -> None:
    tally = core.tally
    refused = tally.refused.total()
    rate = tally.records / seconds if seconds else 0
    click.echo(
        f"{tally.records:,} lines in {seconds:.1f} s ({rate:,.0f}/s): {tally.applied:,} applied, "
        f"{tally.duplicates:,} duplicates, {refused:,} refused; "
        f"{tally.transitions:,} transitions",
        err=True,
    )
    if tally.policies or tally.team:
        click.echo(
            f"{tally.policies:,} changes of the policy, {tally.team:,} acts of the team", err=True
        )
    stages = ", ".join(f"{stage} {count:,}" for stage, count in core.stages().items())
    click.echo(f"relationships at the end: {stages}", err=True)
    if refused:
        hint = "" if kept else " (--rejects FILE keeps them)"
        click.echo(f"refused: {refusals(tally)}{hint}", err=True)


def refusals(tally: Tally) -> str:
    """How many lines were refused, by reason."""
    found = ((reason, tally.refused[reason]) for reason in Reason)
    return ", ".join(f"{reason} {count:,}" for reason, count in found if count)
