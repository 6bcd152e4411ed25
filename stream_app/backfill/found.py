"""What a reader of files gives: findings of adapters, or interactions, each with its place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from stream_app.adapters.accounts import NO_ACCOUNTS, Accounts
from stream_app.adapters.base import Finding, Refusal


class Made(msgspec.Struct, frozen=True):
    """An interaction that needs no adapter, and its event time."""

    at_us: int | None
    fields: dict[str, Any]


class Passed(msgspec.Struct, frozen=True):
    """A part of a file that holds no acts; `reason` is counted."""

    reason: str


Outcome = Finding | Refusal | Made | Passed


class Found(msgspec.Struct, frozen=True):
    """One thing found at a line (from 1) of a file; `raw` is what it was read from."""

    line: int
    outcome: Outcome
    raw: bytes


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What readers need to know besides the file."""

    accounts: Accounts = NO_ACCOUNTS
    account: str = ""
    """The account that an export is of, where the export does not say it."""
    person: str = ""
    """The user that an export is of, likewise."""
    mapping: Path | None = None
    """How to read CSV files."""


Reader = Callable[[BinaryIO, Path, str, Options], Iterator[Found]]
"""File, its path, platform, options. Raises UnreadableFileError."""
