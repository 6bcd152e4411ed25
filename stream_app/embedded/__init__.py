"""An embedded Apache Kafka for the demo, the tests and development; not for production.

Importing this package does no work and needs none of the extra `[broker]`.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from stream_app.embedded.broker import EmbeddedBroker
from stream_app.embedded.errors import BrokerError
from stream_app.embedded.progress import Lines, Progress, Silent, on_stderr
from stream_app.embedded.settings import BROKER_VARIABLES

__all__ = [
    "BROKER_VARIABLES",
    "BrokerError",
    "EmbeddedBroker",
    "Lines",
    "Progress",
    "Silent",
    "broker_address",
    "given_address",
    "on_stderr",
]


def given_address(*variables: str) -> str | None:
    """The broker that `BROKER=host:port` names, or the first of `variables` that is set."""
    return next(filter(None, map(os.environ.get, variables or ("BROKER",))), None)


@contextlib.contextmanager
def broker_address(progress: Progress | None = None, *, home: Path | None = None) -> Iterator[str]:
    """Address of a broker for the body: the one `BROKER` names, else one started for it.

    `home`: where that one keeps its folder while it runs; `rapport_home()` if not given.
    """
    if given := given_address():
        yield given
        return
    broker = EmbeddedBroker(home=home)
    try:
        yield broker.start(progress)
    finally:
        broker.stop()
