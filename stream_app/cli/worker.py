"""`rapport worker`: the service."""

from __future__ import annotations

import asyncio
import logging
import sys
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from stream_app.adapters.registry import PLATFORMS
from stream_app.bootstrap import build_app, prepare_topics
from stream_app.cli.lifeline import end_with_stdin
from stream_app.cli.options import policy_option
from stream_app.config import ConfigError, ServiceSettings
from stream_app.domain.policy import Policy
from stream_app.edge.listen import port_to_listen_on
from stream_app.embedded import BROKER_VARIABLES
from stream_app.embedded.settings import rapport_home
from stream_app.engine import EngineError, prepare_folder, set_up_logging
from stream_app.engine.app import run_worker
from stream_app.errors import OperatorError

log = logging.getLogger(__name__)


@click.command(context_settings={"auto_envvar_prefix": "RAPPORT", "show_default": True})
@click.option(
    "--broker",
    default="localhost:9092",
    envvar=BROKER_VARIABLES,
    help="Kafka: host:port[,host:port].",
)
@click.option(
    "--security-protocol",
    type=click.Choice(["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]),
    default="PLAINTEXT",
    help="How the brokers are to be talked to.",
)
@click.option(
    "--sasl-mechanism",
    type=click.Choice(["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]),
    default="PLAIN",
)
@click.option("--sasl-username", help="For SASL_PLAINTEXT and SASL_SSL.")
@click.option(
    "--sasl-password", envvar="RAPPORT_SASL_PASSWORD", help="Better given as RAPPORT_SASL_PASSWORD."
)
@click.option(
    "--ssl-cafile",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Certificates to trust, PEM; the system's if not given.",
)
@click.option("--application-id", default="rapport", help="Workers of one id share the work.")
@click.option("--topic-prefix", default="", help="In front of every topic's name.")
@click.option("--partitions", default=8, help="Partitions of every topic.")
@click.option("--replication", default=1, help="Replication factor of topics created here.")
@click.option(
    "--platforms",
    default=",".join(PLATFORMS),
    help="Platforms whose social.raw.<platform> is read; comma between them.",
)
@click.option(
    "--data",
    "data_dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=lambda: rapport_home() / "data",
    show_default="$RAPPORT_HOME/data, else .rapport/data",
    envvar="RAPPORT_DATA",
    help="Folder of the local state. Its loss costs a restore, nothing else.",
)
@click.option("--web-host", default="127.0.0.1", help="Where /metrics and /health listen.")
@click.option(
    "--web-port",
    type=click.IntRange(0, 65_535),
    default=6066,
    show_default="6066, or the next that is free",
    help="0: no web. Each worker of a machine needs its own.",
)
@click.option("--commit-interval-ms", default=100, help="Time between commits of a partition.")
@click.option("--session-timeout-ms", default=10_000, help="Silence after which work moves on.")
@click.option("--instance-id", help="A stable name: a quick restart then moves no work.")
@click.option("--cache-states", default=200_000, help="Relationships kept in memory.")
@click.option("--standbys", default=0, help="Warm copies of each partition on other workers.")
@click.option("--idle-ticks/--no-idle-ticks", default=True, help="Let time pass without records.")
@click.option("--methods-per-brand", default=1_000, help="More of them count as `other`.")
@click.option("--rebuild", is_flag=True, help="Once: trust the changelog, rebuild local state.")
@click.option(
    "--skip-bad-state", is_flag=True, help="Once: leave damaged records of the changelog out."
)
@click.option(
    "--log-level",
    type=click.Choice(["DEBUG", "INFO", "WARNING", "ERROR"]),
    default="INFO",
)
@click.option("--until-stdin-ends", is_flag=True, hidden=True, help="End when standard input does.")
@policy_option
def worker(
    policy: Policy, platforms: str, log_level: str, until_stdin_ends: bool, **options: Any
) -> None:
    """Run one worker of the service. Start as many as you like: they share the partitions.

    It creates the topics that are missing, reads social.interactions, social.raw.* and
    social.costs, and writes relationship.transitions, relationship.states, relationship.methods
    and relationship.rejects, exactly once. SIGTERM ends it cleanly.
    Every option can be set as an environment variable: RAPPORT_BROKER, RAPPORT_DATA,
    RAPPORT_WEB_PORT ...

    \b
    Examples:
      rapport worker --broker kafka:9092
      rapport worker --web-port 6067 --data .rapport/second
    """
    if until_stdin_ends:
        end_with_stdin()
    chosen = tuple(name.strip() for name in platforms.split(",") if name.strip())
    unknown = [name for name in chosen if name not in PLATFORMS]
    if unknown:
        raise click.UsageError(f"no adapter for {', '.join(unknown)}; there are {PLATFORMS}")
    set_up_logging(log_level)
    try:
        options["web_port"] = _web_port(options["web_host"], options["web_port"])
        settings = ServiceSettings(platforms=chosen, **options)
        prepare_folder(settings.data_dir)
        asyncio.run(prepare_topics(settings))
        app = build_app(settings, policy)
    except (ConfigError, EngineError, OperatorError) as error:
        click.echo(f"rapport worker: {error}", err=True)
        sys.exit(2)
    run_worker(app, loglevel=log_level)


def _web_port(host: str, port: int) -> int:
    """The port that was given, or, if none was, the default one or the next that is free."""
    ctx = click.get_current_context()
    is_given = ctx.get_parameter_source("web_port") is not ParameterSource.DEFAULT
    found = port_to_listen_on(host, port, or_next=not is_given)
    if found != port:
        log.warning("port %d is taken: /metrics, /health and /ready are at %d", port, found)
    return found
