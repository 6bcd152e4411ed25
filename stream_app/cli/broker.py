"""`rapport broker`: a real Kafka on this machine, without Docker, for development."""

from __future__ import annotations

import json
import signal
import time
from typing import NoReturn

import click

from stream_app.embedded import (
    BROKER_VARIABLES,
    BrokerError,
    EmbeddedBroker,
    Lines,
    given_address,
    on_stderr,
    service,
)
from stream_app.embedded.settings import DEFAULT_HEAP_MB
from stream_app.embedded.state import State

_NOT_RUNNING = 1


@click.group(
    epilog="""\b
Examples:
  rapport broker start                  # leaves Kafka running, prints its address
  export BROKER=$(rapport broker status --address)
  rapport broker status --json
  rapport broker stop

\b
BROKER=host:port   is what all commands use, where it is set and RAPPORT_BROKER is not.
RAPPORT_HOME       folder for data and logs (default: .rapport in this folder).
RAPPORT_CACHE      folder for Kafka's jars (default: the user's cache folder)."""
)
def broker() -> None:
    """Start, find and stop a real Kafka broker on this machine, without Docker.

    One KRaft node on a free local port, for development and tests, not for production. The
    first start downloads Kafka's jars, 45 MB, and checks each against a list of SHA-256 sums.
    """


@broker.command(
    epilog="""\b
Examples:
  rapport broker start
  rapport broker start --keep --port 29092
  rapport broker start --foreground     # ends with Ctrl-C"""
)
@click.option("--foreground", is_flag=True, help="Stay here; Ctrl-C ends the broker.")
@click.option("--keep", is_flag=True, help="Go on with the data of the last run.")
@click.option("--port", type=click.IntRange(1, 65535), help="Listen here.  [default: a free one]")
@click.option(
    "--heap",
    "heap_mb",
    type=click.IntRange(128),
    default=DEFAULT_HEAP_MB,
    show_default=True,
    help="Kafka's heap in MiB.",
)
@click.option("--json", "as_json", is_flag=True, help="One line of JSON on standard output.")
def start(foreground: bool, keep: bool, port: int | None, heap_mb: int, as_json: bool) -> None:
    """Start the broker and leave it running; if it runs already, just say where.

    Data of an earlier run is wiped, unless --keep is given. Exit status: 0 it runs (or ran, with
    --foreground, until Ctrl-C or SIGTERM); 1 it does not; 2 wrong use; 130 interrupted before.
    """
    try:
        if foreground:
            _stay(keep, port, heap_mb, as_json)
            return
        found, new = service.start(on_stderr(), keep=keep, heap_mb=heap_mb, port=port)
    except BrokerError as error:
        raise click.ClickException(str(error)) from error
    if not new and port is not None and not found.address.endswith(f":{port}"):
        raise click.ClickException(
            f"a broker runs already, at {found.address}; rapport broker stop ends it"
        )
    _show(found, "started" if new else "already running", as_json)


@broker.command()
@click.option("--json", "as_json", is_flag=True, help="One line of JSON on standard output.")
@click.option("--address", is_flag=True, help="Only host:port, for scripts.")
@click.pass_context
def status(context: click.Context, as_json: bool, address: bool) -> None:
    """Say whether the broker runs, and where. Exit code 0 if it does, 1 if not."""
    found = service.running()
    if found is None:
        if as_json:
            click.echo(json.dumps({"running": False}))
        else:
            click.echo("not running; start it with: rapport broker start", err=address)
        context.exit(_NOT_RUNNING)
    if address:
        click.echo(found.address)
        return
    _show(found, "running", as_json)
    if (
        (given := given_address(*BROKER_VARIABLES)) is not None
        and given != found.address
        and not as_json
    ):
        click.echo(f"note: RAPPORT_BROKER or BROKER is {given}, which is used instead", err=True)


@broker.command()
@click.option("--wipe", is_flag=True, help="Remove its data and log, too.")
def stop(wipe: bool) -> None:
    """Stop the broker and wait for its end. Does nothing if none runs."""
    try:
        stopped = service.stop(wipe=wipe)
    except BrokerError as error:
        raise click.ClickException(str(error)) from error
    click.echo("stopped" if stopped else "not running")


def _stay(keep: bool, port: int | None, heap_mb: int, as_json: bool) -> None:
    """Run the broker as a child until Ctrl-C, SIGTERM or its own end."""
    if (found := service.running()) is not None:
        raise BrokerError(f"a broker runs already at {found.address}: rapport broker stop")
    signal.signal(signal.SIGTERM, _interrupt)
    kafka = EmbeddedBroker(service.NAME, keep=keep, heap_mb=heap_mb, port=port)
    try:
        kafka.start(on_stderr())
        _show(kafka.details, "running; Ctrl-C ends it", as_json)
        while kafka.is_alive():
            time.sleep(0.2)
        raise BrokerError(f"Kafka ended by itself; log: {kafka.log_file}")
    except KeyboardInterrupt:
        Lines().note("stopping")
    finally:
        kafka.stop()


def _interrupt(_number: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt


def _show(found: State, what: str, as_json: bool) -> None:
    if as_json:
        shown = {"running": True, "address": found.address, "pid": found.kafka_pid}
        shown |= {"log": found.log_file, "started_at_ms": found.started_at_ms}
        click.echo(json.dumps(shown))
        return
    click.echo(f"{what}\n  address  {found.address}\n  pid      {found.kafka_pid}")
    click.echo(f"  log      {found.log_file}\n  use it   export BROKER={found.address}")
