"""What a demo can be told, and the names that it gives itself."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from pathlib import Path

from stream_app.edge.topics import Topics


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """One run."""

    folder: Path
    """Where it may write."""
    deliveries: Path | None = None
    """None: the samples that come with the adapters."""
    once: bool = False
    as_json: bool = False
    seed: int = 1
    people: int = 2_000
    workers: int = 2
    partitions: int = 4
    name: str = field(default_factory=lambda: f"demo-{uuid.uuid4().hex[:8]}")
    """Application id and prefix of all topics: no two runs share anything on a broker."""

    @property
    def prefix(self) -> str:
        """In front of every topic's name."""
        return f"{self.name}."

    @property
    def topics(self) -> Topics:
        """Names of the topics."""
        return Topics(self.prefix)

    @property
    def data(self) -> Path:
        """The workers' local state; thrown away at the end."""
        return self.folder / f"data-{self.name}"

    @property
    def log(self) -> Path:
        """The log of the last demo, as lines."""
        return self.folder / "log.jsonl"

    @property
    def policy(self) -> Path:
        """The policy that the workers use."""
        return self.folder / "policy.toml"
