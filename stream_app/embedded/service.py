"""The broker that stays: started, found and stopped by separate commands."""

from __future__ import annotations

import shutil
from pathlib import Path

from stream_app.embedded import state
from stream_app.embedded.broker import EmbeddedBroker, stop_process
from stream_app.embedded.errors import BrokerError
from stream_app.embedded.progress import Progress
from stream_app.embedded.settings import DEFAULT_HEAP_MB, rapport_home

NAME = "local"


def folder(home: Path | None = None) -> Path:
    """Where the broker that stays has its data, log and state."""
    return (home or rapport_home()) / "broker" / NAME


def running(home: Path | None = None) -> state.State | None:
    """The broker that runs in this project now, or None."""
    where = folder(home)
    return state.read(where) if state.is_locked(where) else None


def start(
    progress: Progress,
    *,
    keep: bool = False,
    heap_mb: int = DEFAULT_HEAP_MB,
    port: int | None = None,
    home: Path | None = None,
) -> tuple[state.State, bool]:
    """Start it and leave it running; (state, whether it was started just now)."""
    if (found := running(home)) is not None:
        return found, False
    if state.is_locked(folder(home)):
        raise BrokerError(f"another command is starting the broker in {folder(home)}; wait for it")
    broker = EmbeddedBroker(NAME, home=home, keep=keep, heap_mb=heap_mb, port=port)
    broker.start(progress)
    return broker.detach(), True


def stop(home: Path | None = None, *, wipe: bool = False) -> bool:
    """Stop it and wait for its end; False if none ran. `wipe` removes its data, too."""
    where = folder(home)
    found = state.read(where)
    was_running = state.is_locked(where)
    if was_running:
        if found is None:
            raise BrokerError(f"the broker in {where} is still starting; try again in a moment")
        stop_process(found, where)
    if wipe:
        shutil.rmtree(where, ignore_errors=True)
    return was_running
