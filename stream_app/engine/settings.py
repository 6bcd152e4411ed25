"""Settings of the engine: units in the names, checked at start."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from .errors import SettingsError
from .security import Security

_COMPRESSIONS = (None, "snappy", "zstd", "gzip", "lz4")


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """Everything the engine can be told. Raises `SettingsError` for nonsense."""

    app_id: str
    """Consumer group, and stem of transactional ids and of the changelog's name."""
    broker: str
    """`host:port[,host:port...]`."""
    security: Security = field(default_factory=Security)
    """Encryption and credentials."""
    partitions: int
    """Number of partitions of every source topic and of the changelog."""
    data_dir: Path
    """Folder of the local stores; safe to delete, its loss costs a restore."""
    commit_interval_ms: int = 100
    """Time between two commits of one partition."""
    catch_up_commit_interval_ms: int = 1000
    """The same while a partition is far behind: nobody waits for the single record then."""
    commit_max_records: int = 20_000
    """Records or changed states after which a commit is forced; at twice this, input waits."""
    commit_max_bytes: int = 16 << 20
    """Bytes of outputs after which a commit is forced; at twice this, input waits."""
    commit_timeout_ms: int = 20_000
    """A transaction that takes longer is given up, and its unit reopened."""
    stop_timeout_ms: int = 8_000
    """Longest time for the last commit at a revocation or a stop."""
    transaction_timeout_ms: int = 60_000
    """After this the broker aborts an abandoned transaction."""
    session_timeout_ms: int = 10_000
    """A worker that is silent for this long loses its partitions."""
    rebalance_timeout_ms: int = 20_000
    """Longest time that the group waits for a member during a rebalance."""
    instance_id: str | None = None
    """Static membership: a stable name per worker; a quick restart then moves no partition."""
    standbys: int = 0
    """Other workers that keep a warm copy of each partition's states; 0: none."""
    cache_states: int = 200_000
    """Decoded states kept in memory per worker (all partitions together)."""
    store_cache_bytes: int = 64 << 20
    """Block cache of the stores, shared by the worker's partitions."""
    store_buffer_bytes: int = 64 << 20
    """Write buffers of the stores, all partitions together."""
    max_poll_records: int = 4_000
    """Largest slice handed to the job."""
    max_partition_fetch_bytes: int = 2 << 20
    """Bytes fetched from one partition at a time."""
    fetch_max_wait_ms: int = 100
    """Longest time that the broker holds back an empty answer; a seek has to wait for it."""
    fetch_interval_ms: int = 20
    """Pause between two small fetches: each costs more than its records."""
    compression: str | None = "snappy"
    """Of changelog and outputs; aiokafka's lz4 runs at level 9 and is slow."""
    max_record_bytes: int = 900_000
    """Largest record that is written; must be below the topics' `max.message.bytes`."""
    retries: int = 3
    """Attempts on a clean reload before records are tried one by one."""
    max_failed_in_a_row: int = 10
    """So many different records failing one after the other stop the worker."""
    hang_timeout_ms: int = 60_000
    """A handler that does not return for this long ends the process; 0 disables."""
    changelog_topic: str | None = None
    """Default: `<app_id>-state-changelog`."""
    changelog_replication: int = 1
    """Replication factor of the changelog when the engine creates it."""
    tombstone_retention_ms: int = 7 * 86_400_000
    """`delete.retention.ms` of the changelog; a store older than 6/7 of it is rebuilt."""
    web_host: str = "127.0.0.1"
    web_port: int = 0
    """Faust's web server; 0 switches it off."""
    rebuild: bool = False
    """Once: trust changelog and state position where store or group offset disagree."""
    skip_bad_state: bool = False
    """Once: leave out damaged changelog records and count them."""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9._-]{1,180}", self.app_id):
            raise SettingsError(setting="app_id", value=self.app_id)
        if not self.broker.strip():
            raise SettingsError(setting="broker", value=self.broker)
        if self.compression not in _COMPRESSIONS:
            raise SettingsError(setting="compression", value=self.compression)
        self._check_numbers()
        if self.commit_timeout_ms >= self.transaction_timeout_ms:
            raise SettingsError(setting="commit_timeout_ms", must_be="< transaction_timeout_ms")
        if self.session_timeout_ms < 3_000:
            raise SettingsError(setting="session_timeout_ms", must_be=">= 3000")

    def _check_numbers(self) -> None:
        may_be_zero = {"standbys", "web_port", "hang_timeout_ms", "fetch_interval_ms"}
        for each in fields(self):
            value = getattr(self, each.name)
            if isinstance(value, bool) or not isinstance(value, int):
                continue
            if value < (0 if each.name in may_be_zero else 1):
                raise SettingsError(setting=each.name, value=value)

    def client(self) -> dict[str, Any]:
        """Keyword arguments of every client of aiokafka: whom to ask, and how."""
        return {"bootstrap_servers": self.broker, **self.security.client()}

    @property
    def web(self) -> str:
        """Address of the web pages, for people."""
        return f"http://{self.web_host}:{self.web_port}" if self.web_port else "no web"

    @property
    def changelog(self) -> str:
        """Name of the changelog topic."""
        return self.changelog_topic or f"{self.app_id}-state-changelog"

    def transactional_id(self, partition: int) -> str:
        """Stable id of the producer of one partition number; depends on nothing else."""
        return f"{self.app_id}-unit-{partition}"
