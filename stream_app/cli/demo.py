"""`rapport demo`: everything at once, to be watched."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import click

from stream_app.embedded import BrokerError
from stream_app.embedded.settings import rapport_home


@click.command(
    context_settings={"show_default": True},
    epilog="""\b
Examples:
  rapport demo                                  Ctrl-C ends it
  rapport demo --once --json                    for scripts: ends by itself, one line of JSON
  rapport demo --deliveries ./webhooks          with deliveries of your own
  BROKER=localhost:9092 rapport demo            on a Kafka of yours

Exit status: 0 all went well (without --once Ctrl-C is how it ends); with --once: and the
transitions equal those of `rapport replay` on the same log; 1 they do not, or something failed;
130 interrupted before there was anything to tell, or with --once; 143 ended by SIGTERM.""",
)
@click.option("--once", is_flag=True, help="End when all is processed, and check the result.")
@click.option("--json", "as_json", is_flag=True, help="The summary as one line on standard output.")
@click.option(
    "--deliveries",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="<platform>/*.json, with *.headers beside.  [default: samples of every adapter]",
)
@click.option("--seed", default=1, help="Of the generated community.")
@click.option("--people", type=click.IntRange(1, 1_000_000), default=2_000, help="In it.")
@click.option("--workers", type=click.IntRange(1, 16), default=2, help="Processes to start.")
@click.option("--partitions", type=click.IntRange(1, 64), default=4, help="Of every topic.")
def demo(
    once: bool,
    as_json: bool,
    deliveries: Path | None,
    seed: int,
    people: int,
    workers: int,
    partitions: int,
) -> None:
    """Watch social events become relationships, on a real Kafka.

    It starts a Kafka (or uses the one that RAPPORT_BROKER or BROKER names) and two workers, sends
    them deliveries of platforms and the GENERATED history of one brand's community, 90 days in a
    quarter of a minute, and shows what comes out. Ctrl-C ends everything it started.
    """
    from aiokafka.errors import KafkaError

    from stream_app.demo.errors import DemoError
    from stream_app.demo.options import Options
    from stream_app.demo.run import run
    from stream_app.engine import EngineError
    from stream_app.errors import OperatorError

    if workers > partitions:
        raise click.UsageError(f"{workers} workers cannot share {partitions} partitions")
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # what fails is told by us, once
    options = Options(
        folder=rapport_home() / "demo",
        deliveries=deliveries,
        once=once,
        as_json=as_json,
        seed=seed,
        people=people,
        workers=workers,
        partitions=partitions,
    )
    try:
        code = run(options)
    except* (DemoError, BrokerError, EngineError, OperatorError) as errors:
        raise click.ClickException(str(errors.exceptions[0])) from None
    except* KafkaError as errors:
        raise click.ClickException(f"Kafka: {errors.exceptions[0]}") from None
    sys.exit(code)
