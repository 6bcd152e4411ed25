"""The states as a Faust table: a read-only view on the units of this worker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from faust.tables.table import Table

if TYPE_CHECKING:
    from .private import LaneApp


class StateTable(Table[bytes, Any]):
    """`table[key]` gives the state of a key whose partition is live here.

    Written only by the job, through its unit: assignment raises.
    """

    app: LaneApp

    async def on_start(self) -> None:
        """Nothing: changelog and store are the engine's."""

    async def on_stop(self) -> None:
        """Nothing."""

    def __getitem__(self, key: bytes) -> Any:
        state = self.app.engine.peek(key)
        if state is None:
            raise KeyError("no such state here")
        return state

    def get(self, key: bytes, default: Any = None) -> Any:
        state = self.app.engine.peek(key)
        return default if state is None else state

    def __contains__(self, key: object) -> bool:
        return isinstance(key, bytes) and self.app.engine.peek(key) is not None

    def __setitem__(self, key: bytes, value: Any) -> None:
        raise TypeError("states are written by the job, through its unit")

    def __delitem__(self, key: bytes) -> None:
        raise TypeError("states are written by the job, through its unit")
