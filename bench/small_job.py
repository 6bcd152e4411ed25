"""The small stage job on our engine: the same job that the peers run.

Per (brand, person), daily panes over 28 days of all acts and of deep ones (comment, reply, share).
Stage 1 with any act, 2 with three active days, 3 with two deep acts, 4 while following. A change
of stage is an output. The relationship model does far more; this is for comparing engines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec

from bench.small_types import Event, Stage
from stream_app.engine import Codec, Record, Unit

DAY_MS: Final = 86_400_000
WINDOW_DAYS: Final = 28
_DEEP: Final = frozenset({"comment", "reply", "share"})


_decode_event: Final = msgspec.json.Decoder(Event).decode
_encode_output: Final = msgspec.json.Encoder().encode
_decode_state: Final = msgspec.msgpack.Decoder(Stage).decode
_encode_state: Final = msgspec.msgpack.Encoder().encode


def step(state: Stage, event: Event) -> int | None:
    """Apply one event; the stage before if it changed, else None."""
    day = event.occurred_at // DAY_MS
    panes = state.panes
    if day > state.latest:
        state.latest = day
        _expire(state, day - WINDOW_DAYS)
    verb = event.interaction
    if day > state.latest - WINDOW_DAYS:
        pane = panes.get(day)
        if pane is None:
            pane = panes[day] = [0, 0]
        pane[0] += 1
        state.acts += 1
        if verb in _DEEP:
            pane[1] += 1
            state.deep += 1
    if verb == "follow":
        state.following = True
    elif verb == "unfollow":
        state.following = False
    before, now = state.stage, _stage(state)
    if now == before:
        return None
    state.stage = now
    return before


def _expire(state: Stage, last_dead: int) -> None:
    # Panes are opened nearly in order, but late events may open an older one behind a newer.
    for day in [day for day in state.panes if day <= last_dead]:
        acts, deep = state.panes.pop(day)
        state.acts -= acts
        state.deep -= deep


def _stage(state: Stage) -> int:
    if not state.acts:
        return 0
    if len(state.panes) < 3:
        return 1
    if state.deep < 2:
        return 2
    return 4 if state.following else 3


def output(event: Event, before: int, now: int) -> bytes:
    """A transition as JSON."""
    return _encode_output(
        {
            "brand": event.brand,
            "person": event.person,
            "from": before,
            "to": now,
            "at": event.occurred_at,
            "cause": event.event_id,
        }
    )


class StageCodec:
    """A state is one part: it is small, whatever the number of events."""

    def load(self, get: Callable[[bytes], bytes | None]) -> Stage | None:
        head = get(b"")
        return None if head is None else _decode_state(head)

    def dump(self, state: Stage) -> Iterable[tuple[bytes, bytes | None]]:
        return ((b"", _encode_state(state)),)


class StageJob:
    """See `stream_app.engine.Job`."""

    def __init__(self, out: str) -> None:
        self.codec: Codec[Stage] = StageCodec()
        self._out = out
        self.outputs: Sequence[str] = (out,)

    def open(self, unit: Unit[Stage]) -> None:
        """There is nothing beside the states."""

    def process(self, unit: Unit[Stage], topic: str, records: Sequence[Record]) -> None:
        get, put, emit, out, home = unit.get, unit.put, unit.emit, self._out, unit.partition
        for record in records:
            event = _decode_event(record.value or b"")
            key = record.key or b""
            state = get(key)
            if state is None:
                state = Stage()
            before = step(state, event)
            put(key, state)
            if before is not None:
                emit(out, key, output(event, before, state.stage), partition=home)

    def tick(self, unit: Unit[Stage], now_ms: int, idle_ms: int) -> bool:
        return False

    def refuse(self, unit: Unit[Stage], topic: str, record: Record, error: BaseException) -> None:
        """The generated input has no bad records."""


def batch(rows: Iterable[tuple[bytes, bytes]]) -> list[Row]:
    """The transitions of a whole input, worked out in one go: what every peer must give."""
    states: dict[bytes, Stage] = {}
    found: list[Row] = []
    for key, value in rows:
        event = _decode_event(value)
        state = states.setdefault(key, Stage())
        before = step(state, event)
        if before is not None:
            found.append((key, output(event, before, state.stage)))
    return found


Row = tuple[bytes, bytes]
