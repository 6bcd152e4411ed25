"""The seam: what a job gives to the engine, and what it is given."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from .unit import Unit

S = TypeVar("S")


class Record(Protocol):
    """One source record, as the Kafka client parses it. The caller knows topic and partition."""

    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int:
        """Milliseconds."""

    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes]]: ...


class Codec(Protocol[S]):
    """How a state is stored: a head (suffix `b""`) and parts, so that only changes are written."""

    def load(self, get: Callable[[bytes], bytes | None]) -> S | None:
        """Read a state; `get(suffix)` gives the bytes of one part, None if absent.

        Returns None when there is no head. Must read every older encoding.
        """

    def dump(self, state: S) -> Iterable[tuple[bytes, bytes | None]]:
        """Parts changed since the load or the last dump; None deletes a part.

        The first dump of a new state must contain its head.
        """


class Job(Protocol[S]):
    """All domain knowledge. Synchronous, no I/O, no clock of its own.

    Whatever it raises is a fault of ours: the unit reloads and tries again; a record that alone
    makes it fail is handed to `refuse`.
    """

    codec: Codec[S]
    outputs: Sequence[str]
    """The topics that it emits to, sources among them; each as many partitions as the sources.

    Before a unit opens, what hangs there is aborted. A compacted topic need not be named: its
    latest record wins anyway, and readers on aiokafka fail at aborts that compaction has emptied.
    """

    def open(self, unit: Unit[S]) -> None:
        """After each (re)load of the unit, before the first record.

        Called again after every rollback: whatever the job keeps beside the unit (timers, caches,
        `unit.context`) must be built anew here from `unit.meta` and the states.
        """

    def process(self, unit: Unit[S], topic: str, records: Sequence[Record]) -> None:
        """Apply a slice of one topic-partition, in order."""

    def tick(self, unit: Unit[S], now_ms: int, idle_ms: int) -> bool:
        """About once a second. `now_ms`: wall clock; `idle_ms`: observed silence of the unit.

        Silence grows by at most 1,500 ms per tick, so that a paused process does not age. Returns
        True if more work is waiting (do a bounded amount per call); it is called again soon.
        """

    def refuse(self, unit: Unit[S], topic: str, record: Record, error: BaseException) -> None:
        """A record that alone makes `process` raise: emit what says so. Must not raise."""
