"""A small job for the engine's tests: counts per key, and says each count on a topic.

Whatever is lost, repeated or half done shows: the outputs of a key must be 1, 2, 3, ... and its
state must end at the last of them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from stream_app.engine import Record, Unit


@dataclass(slots=True)
class Count:
    """A total, and a part per ten: only the ten that changed is written. `padding`: a part more."""

    total: int = 0
    padding: int = 0
    tens: dict[int, int] = field(default_factory=dict)
    changed: set[int] = field(default_factory=set)

    def add(self) -> None:
        ten = self.total // 10
        self.total += 1
        self.tens[ten] = self.tens.get(ten, 0) + 1
        self.changed.add(ten)


class CountCodec:
    """Head: the total; part `<ten>`: how many of that ten."""

    def load(self, get: Callable[[bytes], bytes | None]) -> Count | None:
        head = get(b"")
        if head is None:
            return None
        count = Count(int(head))
        for ten in range((count.total + 9) // 10):
            part = get(b"%d" % ten)
            assert part is not None, "a part is missing"
            count.tens[ten] = int(part)
        assert sum(count.tens.values()) == count.total
        count.padding = len(get(b"padding") or b"")
        return count

    def dump(self, state: Count) -> Iterable[tuple[bytes, bytes | None]]:
        yield b"", b"%d" % state.total
        for ten in sorted(state.changed):
            yield b"%d" % ten, b"%d" % state.tens[ten]
        state.changed.clear()
        if state.padding:
            yield b"padding", b"x" * state.padding


class CountingJob:
    """Values: b"" counts; b"fail <n> <name>" fails n times per process; b"fail always" always.

    b"grow <n>" gives the state a part of n bytes. `open_fails` and `tick_fails`: how often these
    raise before they succeed.
    """

    def __init__(self, out: str, rejects: str, *, open_fails: int = 0, tick_fails: int = 0) -> None:
        self.open_fails = open_fails
        self.tick_fails = tick_fails
        self.codec = CountCodec()
        self.out = out
        self.rejects = rejects
        self.outputs = (out, rejects)
        self.failed: dict[bytes, int] = {}
        self.ticks = 0

    def open(self, unit: Unit[Count]) -> None:
        if self.open_fails > 0:
            self.open_fails -= 1
            raise RuntimeError("open")
        unit.context = {"seen": int(unit.meta or b"0")}

    def process(self, unit: Unit[Count], topic: str, records: Sequence[Record]) -> None:
        for record in records:
            key = record.key or b""
            count = unit.get(key)
            if count is None:
                count = Count()
            count.add()
            if record.value and record.value.startswith(b"grow"):
                count.padding = int(record.value.split()[1])
            unit.put(key, count)
            unit.emit(self.out, key, b"%d" % count.total, partition=unit.partition)
            unit.context["seen"] += 1
            self._maybe_fail(record.value or b"")
        unit.meta = b"%d" % unit.context["seen"]

    def _maybe_fail(self, value: bytes) -> None:
        """Fails late: behind the change of the state, so that a half batch would show."""
        if value.startswith(b"hang"):
            while True:
                pass
        if value.startswith(b"exit"):
            os._exit(3)
        if value.startswith(b"memory"):
            raise MemoryError
        if not value.startswith(b"fail"):
            return
        if value.startswith(b"fail always"):
            raise RuntimeError("always")
        times = int(value.split()[1])
        self.failed[value] = self.failed.get(value, 0) + 1
        if self.failed[value] <= times:
            raise RuntimeError(f"attempt {self.failed[value]}")

    def tick(self, unit: Unit[Count], now_ms: int, idle_ms: int) -> bool:
        self.ticks += 1
        if self.tick_fails > 0:
            self.tick_fails -= 1
            raise RuntimeError("tick")
        return False

    def refuse(self, unit: Unit[Count], topic: str, record: Record, error: BaseException) -> None:
        unit.emit(
            self.rejects,
            record.key,
            record.value,
            partition=unit.partition,
            headers=[("error", type(error).__name__.encode())],
        )
