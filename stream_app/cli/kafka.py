"""Options of commands that talk to Kafka, the same as those of `rapport worker`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from stream_app.embedded import BROKER_VARIABLES

VARIABLES: Final = ", ".join(BROKER_VARIABLES)

F = TypeVar("F", bound=Callable[..., Any])

_broker_option: Final = click.option(
    "--broker",
    default="localhost:9092",
    envvar=BROKER_VARIABLES,
    show_default=True,
    help="Kafka: host:port[,host:port]; or by RAPPORT_BROKER, or BROKER.",
)
_topic_prefix_option: Final = click.option(
    "--topic-prefix",
    default="",
    envvar="RAPPORT_TOPIC_PREFIX",
    help="In front of every topic's name.",
)

_OPTIONS: Final = (
    _broker_option,
    _topic_prefix_option,
    click.option(
        "--security-protocol",
        type=click.Choice(["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]),
        default="PLAINTEXT",
        envvar="RAPPORT_SECURITY_PROTOCOL",
        help="How the brokers are to be talked to; as of the worker, so are the next four.",
    ),
    click.option(
        "--sasl-mechanism",
        type=click.Choice(["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]),
        default="PLAIN",
        envvar="RAPPORT_SASL_MECHANISM",
    ),
    click.option("--sasl-username", envvar="RAPPORT_SASL_USERNAME"),
    click.option(
        "--sasl-password",
        envvar="RAPPORT_SASL_PASSWORD",
        help="Better given as RAPPORT_SASL_PASSWORD.",
    ),
    click.option(
        "--ssl-cafile",
        type=click.Path(dir_okay=False, path_type=Path),
        envvar="RAPPORT_SSL_CAFILE",
        help="Certificates to trust, PEM; the system's if not given.",
    ),
)


def kafka_options(command: F) -> F:
    """Adds them: broker, topic_prefix, security_protocol, sasl_*, ssl_cafile."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def no_answer(broker: str, error: Exception) -> str:
    """What to say, and to do, when a broker fails."""
    what = f"{broker}: {str(error) or type(error).__name__}"
    return f"{what}. Do: see to the broker, or name another one (--broker, {VARIABLES})"


def client(options: Mapping[str, Any]) -> dict[str, Any]:
    """Keyword arguments of aiokafka's clients. A usage error if they make no sense.

    From here on what fails is told by the command, once: the client itself is silent.
    """
    from stream_app.engine import EngineError, Security  # and with it aiokafka

    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    try:
        return Security(
            protocol=options["security_protocol"],
            mechanism=options["sasl_mechanism"],
            username=options["sasl_username"],
            password=options["sasl_password"],
            ssl_cafile=options["ssl_cafile"],
        ).client()
    except (EngineError, OSError) as error:
        raise click.UsageError(str(error)) from None
