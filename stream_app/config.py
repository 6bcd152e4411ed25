"""Settings of the service: units in the names, refused at start if they make no sense."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from stream_app.edge.topics import Retention, Topics

COUNTS = ("partitions", "replication", "commit_interval_ms", "cache_states", "methods_per_brand")


class ConfigError(Exception):
    """A setting makes no sense. Do: correct the setting that the message names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSettings:
    """Everything a worker can be told. Raises ConfigError for nonsense."""

    broker: str
    """`host:port[,host:port...]`."""
    platforms: tuple[str, ...]
    """Platforms whose raw topics are read."""
    application_id: str = "rapport"
    """Consumer group, changelog and transaction ids; part of every transition's id."""
    topic_prefix: str = ""
    """In front of every topic's name, for several installations on one broker."""
    partitions: int = 8
    """Partitions of every topic. Cannot be changed once there are records."""
    replication: int = 1
    """Replication factor of the topics that the worker creates."""
    data_dir: Path = field(default_factory=lambda: Path(".rapport/data"))
    """Local state; safe to delete, its loss costs a restore."""
    web_host: str = "127.0.0.1"
    web_port: int = 6066
    """`/metrics`, `/health` and `/ready`; 0 switches the web off."""
    commit_interval_ms: int = 100
    """Time between two commits of one partition: the larger part of the latency."""
    session_timeout_ms: int = 10_000
    """A worker that is silent for so long loses its partitions."""
    instance_id: str | None = None
    """A stable name per worker: a quick restart then moves no partition."""
    cache_states: int = 200_000
    """Relationships kept decoded in memory."""
    security_protocol: str = "PLAINTEXT"
    """PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL."""
    sasl_mechanism: str = "PLAIN"
    """PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512."""
    sasl_username: str | None = None
    sasl_password: str | None = field(default=None, repr=False)
    ssl_cafile: Path | None = None
    """Certificates of the authorities to trust, PEM; None: the system's."""
    standbys: int = 0
    """Copies of each partition's state that other workers keep warm, for a takeover in seconds."""
    idle_ticks: bool = True
    """Let midnights pass in partitions that get no records."""
    seen_per_partition: int = 50_000
    """Acts remembered per partition for removals that name only their object."""
    methods_per_brand: int = 1_000
    """Methods told apart per brand and partition; what comes beyond counts as `other`."""
    retention: Retention = field(default_factory=Retention)
    rebuild: bool = False
    """Once: rebuild local state and trust the changelog where the two disagree."""
    skip_bad_state: bool = False
    """Once: leave damaged records of the changelog out, and count them."""

    def __post_init__(self) -> None:
        name = re.compile(r"[A-Za-z0-9._-]{1,150}")
        if not name.fullmatch(self.application_id):
            raise ConfigError("application id: letters, digits, . _ - only, at most 150")
        if self.topic_prefix and not name.fullmatch(self.topic_prefix):
            raise ConfigError("topic prefix: letters, digits, . _ - only, at most 150")
        if not re.fullmatch(r"[^\s,:]+:\d+(,[^\s,:]+:\d+)*", self.broker):
            raise ConfigError(f"broker: expected host:port[,host:port], got {self.broker!r}")
        for setting in COUNTS:
            if getattr(self, setting) < 1:
                raise ConfigError(f"{setting}: at least 1")

    @property
    def topics(self) -> Topics:
        """Names of the topics."""
        return Topics(self.topic_prefix)
