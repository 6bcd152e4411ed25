"""Settings of the embedded broker: folders, ports and Kafka's own properties."""

from __future__ import annotations

import os
import random
import socket
import sys
from itertools import islice
from pathlib import Path

BROKER_VARIABLES = ("RAPPORT_BROKER", "BROKER")
"""Where a command finds its broker if it is not told: the first that is set. Tests and benchmarks
see BROKER alone: what is there for good is not theirs."""
HOST = "127.0.0.1"
DEFAULT_HEAP_MB = 256
MAX_MESSAGE_BYTES = 8 * 1024 * 1024
# Below every system's range for outgoing connections, so that no client of the broker takes
# its port between a stop and a start.
_PORTS = range(20_000, 30_000)

_PROPERTIES = """\
# Written by rapport at each start; edits are lost.
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller_port}
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller_port}
advertised.listeners=PLAINTEXT://{host}:{port}
controller.listener.names=CONTROLLER
log.dirs={log_dir}
auto.create.topics.enable=false
num.partitions=1
default.replication.factor=1
min.insync.replicas=1
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
# A group of one machine need not wait for late comers.
group.initial.rebalance.delay.ms=0
message.max.bytes={max_message_bytes}
replica.fetch.max.bytes={max_message_bytes}
num.network.threads=2
num.io.threads=4
# Compaction is part of what we rely on; on a demo's scale it should be seen to happen.
log.cleaner.backoff.ms=1000
log.cleaner.dedupe.buffer.size=16777216
"""

LOG4J = """\
status=error
appender.out.type=Console
appender.out.name=out
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=%d{ISO8601} %-5p %m (%c{1})%n%xEx{12}
rootLogger.level=warn
rootLogger.appenderRef.out.ref=out
logger.server.name=kafka.server
logger.server.level=info
logger.config.name=org.apache.kafka.common.config
logger.config.level=error
logger.kafkaconfig.name=kafka.server.KafkaConfig
logger.kafkaconfig.level=warn
"""


def rapport_home() -> Path:
    """The project's own folder for run-time files: RAPPORT_HOME, else `.rapport` right here."""
    return Path(os.environ.get("RAPPORT_HOME") or ".rapport").absolute()


def jar_cache() -> Path:
    """Where jars are kept between projects: RAPPORT_CACHE, else the user's cache folder."""
    if chosen := os.environ.get("RAPPORT_CACHE"):
        return Path(chosen).absolute()
    if xdg := os.environ.get("XDG_CACHE_HOME"):
        return Path(xdg, "rapport").absolute()
    try:
        home = Path.home()
    except RuntimeError:
        return rapport_home() / "cache"
    folder = home / "Library/Caches" if sys.platform == "darwin" else home / ".cache"
    return folder / "rapport" if os.access(home, os.W_OK) else rapport_home() / "cache"


def server_properties(port: int, controller_port: int, log_dir: Path) -> str:
    """Text of Kafka's `server.properties` for one small local node."""
    return _PROPERTIES.format(
        host=HOST,
        port=port,
        controller_port=controller_port,
        log_dir=log_dir.as_posix(),
        max_message_bytes=MAX_MESSAGE_BYTES,
    )


def is_free(port: int) -> bool:
    """Whether nobody listens on that port of the loopback address now."""
    with socket.socket() as probe:
        # As Kafka does: connections of its last run that still linger are no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free_ports(count: int) -> list[int]:
    """So many different free ports."""
    found = list(islice(filter(is_free, random.sample(_PORTS, len(_PORTS))), count))
    if len(found) < count:
        raise OSError(f"no {count} free ports in {_PORTS.start}-{_PORTS.stop - 1}")
    return found
