"""The commands of `python -m bench`."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import Literal

import click

from bench import results
from bench.contestants import BY_NAME, CONTESTANTS
from bench.events import KEYS, Keys
from bench.process import note
from bench.results import Section
from stream_app.embedded import EmbeddedBroker, given_address, on_stderr

HEAP_MB = 1024


@contextlib.contextmanager
def _broker() -> Iterator[str]:
    """The broker that BROKER names, else one of our own with a large heap."""
    if given := given_address():
        yield given
        return
    broker = EmbeddedBroker(heap_mb=HEAP_MB)
    try:
        yield broker.start(on_stderr())
    finally:
        broker.stop()


def _keep(name: str, section: Section) -> None:
    command = " ".join(["python -m bench", *sys.argv[1:]])
    results.save(name, section, command)
    note(f"{name} saved in {results.FILE}")


@click.group(context_settings={"show_default": True, "max_content_width": 100})
def main() -> None:
    """Measure Rapport on this machine.

    Figures go to .rapport/bench/results.json; `table` puts them into docs/performance.md. A broker
    is started for it, unless BROKER=host:port names one. Measure on a machine that does nothing
    else, and compare only what was measured in one sitting.

    \b
    Examples:
      python -m bench all --quick           # does everything work? a few minutes
      python -m bench engines --rounds 5    # ours against its peers
      python -m bench all && python -m bench table
    """


_events = click.option("--events", type=click.IntRange(1000), default=1_000_000, help="Events.")
_rounds = click.option("--rounds", type=click.IntRange(1), default=3, help="Runs; medians count.")


@main.command()
@_events
@_rounds
def replay(events: int, rounds: int) -> None:
    """`rapport replay` as a whole process: events per second of one core."""
    from bench import replaying

    _keep("replay", replaying.measure(events=events, rounds=rounds))


@main.command()
@_events
@_rounds
@click.option(
    "--only",
    multiple=True,
    type=click.Choice([each.name for each in CONTESTANTS]),
    help="Take part in it (repeat it); default: all.",
)
def engines(events: int, rounds: int, only: tuple[str, ...]) -> None:
    """Floor, Faust, Quix Streams, Kafka Streams, Flink and ours, interleaved.

    Slow peers get fewer events. One that does not give exactly the transitions of its input has
    failed: its figures are left out and the command fails. A peer that cannot run here (no JDK, no
    network) is left out, and said so.
    """
    from bench import engines as bench

    chosen = [BY_NAME[name] for name in only] or list(CONTESTANTS)
    with _broker() as broker:
        section = bench.measure(broker, chosen, events=events, rounds=rounds)
    _keep("engines", section)
    if section["failed"]:
        raise click.ClickException(f"failed: {', '.join(section['failed'])}")


@main.command()
@click.option("--rate", type=click.IntRange(10), default=2000, help="Events per second.")
@click.option("--seconds", type=click.IntRange(5), default=60, help="Length.")
@click.option("--partitions", type=click.IntRange(1), default=8, help="Of every topic.")
def latency(rate: int, seconds: int, partitions: int) -> None:
    """From append to a transition that a read_committed consumer can read: p50 and p99."""
    from bench import delay

    with _broker() as broker:
        _keep("latency", delay.measure(broker, rate=rate, seconds=seconds, partitions=partitions))


@main.command()
@click.option("--relationships", type=click.IntRange(1000), default=200_000, help="Due at once.")
@click.option("--rate", type=click.IntRange(10), default=2000, help="Events per second meanwhile.")
@click.option("--partitions", type=click.IntRange(1), default=8, help="Of every topic.")
def midnight(relationships: int, rate: int, partitions: int) -> None:
    """Many relationships lapse at one midnight while events flow on: how fast, and their delay."""
    from bench import midnight as bench

    with _broker() as broker:
        section = bench.measure(
            broker, relationships=relationships, rate=rate, partitions=partitions
        )
    _keep("midnight", section)


_relationships = click.option(
    "--relationships", type=click.IntRange(1000), default=200_000, help="How many."
)
_full = click.option("--full", is_flag=True, help="Five million relationships.")


@main.command()
@_relationships
@_full
def memory(relationships: int, full: bool) -> None:
    """One worker with many relationships: resident memory, restore, warm restart.

    They are made by the worker itself from one act each (and a second one for every fifth).
    """
    from bench import state

    with _broker() as broker:
        _keep("state", state.measure(broker, relationships=5_000_000 if full else relationships))


main.add_command(
    click.Command("restore", callback=memory.callback, params=memory.params, help=memory.help)
)


@main.command()
@click.option("--long", "long_run", type=click.IntRange(1000), default=10_000_000, help="Events.")
@click.option("--short", type=click.IntRange(1000), default=1_000_000, help="Events.")
@_rounds
def flat(long_run: int, short: int, rounds: int) -> None:
    """CPU per event of a long run against a short one on the same keys, interleaved."""
    from bench import flatness

    with _broker() as broker:
        _keep("flat", flatness.measure(broker, long_run=long_run, short=short, rounds=rounds))


@main.command()
@click.option("--job", type=click.Choice(["small", "model"]), default="model", help="Which job.")
@click.option("--keys", type=click.Choice(KEYS), default="many", help="Which input.")
@click.option("--events", type=click.IntRange(4000), default=400_000, help="Events.")
def core(job: Literal["small", "model"], keys: Keys, events: int) -> None:
    """Where our own microseconds go, without Kafka; for profiling, not for the page.

    \b
    Example, with a profiler of your choice:
      py-spy record -o model.svg -- python -m bench core --keys hot
    """
    from bench import core as bench

    for name, value in bench.measure(job, keys, events).items():
        click.echo(f"{name:20}{value:10.2f}")


@main.command("all")
@click.option("--quick", is_flag=True, help="A fiftieth of the size: does everything work?")
@_rounds
@click.pass_context
def everything(context: click.Context, quick: bool, rounds: int) -> None:
    """Every measurement, one after the other; then the page.

    At full size (5 million relationships, 10 million events) it takes about an hour and 15 GB.
    """
    share = 50 if quick else 1
    rounds = 1 if quick else rounds
    context.invoke(replay, events=1_000_000 // share, rounds=rounds)
    with contextlib.suppress(click.ClickException):  # said so, and the page says so
        context.invoke(engines, events=1_000_000 // share, rounds=rounds, only=())
    context.invoke(latency, rate=2000, seconds=10 if quick else 60, partitions=8)
    context.invoke(midnight, relationships=200_000 // share, rate=2000, partitions=8)
    context.invoke(memory, relationships=5_000_000 // share, full=False)
    context.invoke(flat, long_run=10_000_000 // share, short=1_000_000 // share, rounds=rounds)
    if not quick:
        context.invoke(table)


@main.command()
def table() -> None:
    """Write docs/performance.md from what was measured last."""
    from bench import page

    page.write(results.load())
    note(f"written: {page.FILE}")
