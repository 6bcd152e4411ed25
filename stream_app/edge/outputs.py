"""What the service writes: transitions, refusals and its own records of the log."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from stream_app.contracts.reject import write_reject
from stream_app.contracts.writing import write_state, write_transition
from stream_app.domain.outcome import Transition
from stream_app.domain.rejects import Reason, Reject
from stream_app.domain.rules import Rules
from stream_app.domain.state import Relationship
from stream_app.domain.transitions import MoveReason, Stage
from stream_app.edge.facts import Facts
from stream_app.edge.log import KIND, RECORDED_AT, SOURCE, Headers, Kind, origin, write_tick
from stream_app.edge.states import State
from stream_app.edge.topics import Topics
from stream_app.engine import Record, Unit

KEPT_BYTES: Final = 1_000_000
"""Of a refused record at most so much of value and key is kept; its place is always named."""

KEPT_HEADER_BYTES: Final = 16 * 1024
"""Of its headers so much: in JSON a byte of a name may take six."""

_OURS: Final = frozenset({KIND, RECORDED_AT, SOURCE})


class Outputs:
    """Writes into the unit of work at hand, and counts."""

    def __init__(self, topics: Topics, application_id: str, facts: Facts) -> None:
        self._topics = topics
        self._application_id = application_id
        self.facts = facts
        self._moved: dict[tuple[Stage, Stage, MoveReason], int] = {}

    def moves(self, unit: Unit[State], key: bytes, moves: Iterable[Transition]) -> None:
        """Transitions, in order, under the relationship's key: so in the unit's own partition."""
        for move in moves:
            value = write_transition(move, self._application_id)
            unit.emit(self._topics.transitions, key, value, partition=unit.partition)
            how = (move.from_stage, move.to_stage, move.reason)
            self._moved[how] = self._moved.get(how, 0) + 1

    def tell_moves(self) -> None:
        """Count the transitions since the last call."""
        for (from_stage, to_stage, reason), count in self._moved.items():
            self.facts.moved(from_stage, to_stage, reason, count)
        self._moved.clear()

    def view(self, unit: Unit[State], key: bytes, rel: Relationship, rules: Rules) -> None:
        """The public view of a relationship that changed."""
        unit.emit(self._topics.states, key, write_state(rel, rules), partition=unit.partition)

    def reject(self, unit: Unit[State], topic: str, record: Record, reject: Reject) -> None:
        """A refused record, whole, under its own key. Counted when the slice at hand is done."""
        key, value, detail = record.key, record.value, reject.detail
        size, key_size = len(value or b"") + len(key or b""), len(key or b"")
        if size > KEPT_BYTES or key_size > KEPT_BYTES // 2:  # a key is written twice
            detail = f"{detail} (only the first {KEPT_BYTES} bytes are kept here)".lstrip()
            key, value = (key or b"")[: KEPT_BYTES // 2], (value or b"")[: KEPT_BYTES // 2]
        headers = _kept(record.headers or ())
        if len(headers) < len(record.headers or ()):
            detail = f"{detail} (headers beyond {KEPT_HEADER_BYTES} bytes are left out)".lstrip()
        unit.emit(
            self._topics.rejects,
            key,
            write_reject(
                Reject(reject.reason, detail),
                topic=topic,
                partition=unit.partition,
                offset=record.offset,
                timestamp_ms=record.timestamp,
                key=key,
                value=value,
                headers=headers,
            ),
        )
        work: Any = unit.context
        work.counts["refused"] += 1
        work.refused.append(reject.reason)

    def failed(self, unit: Unit[State], topic: str, record: Record, error: BaseException) -> None:
        """A record that our own code cannot process: kept for when that is mended."""
        self.reject(unit, topic, record, Reject(Reason.PROCESSING_FAILED, _where(error)))

    def append_again(self, unit: Unit[State], topic: str, record: Record, key: bytes) -> None:
        """A record of its topic under its right key, with its headers and its first timestamp."""
        theirs: Sequence[Any] = record.headers or ()
        headers: list[Any] = [pair for pair in theirs if pair[0] not in _OURS]
        headers.append((KIND, Kind.REKEYED.encode()))
        headers.append((RECORDED_AT, b"%d" % record.timestamp))
        headers.append((SOURCE, origin(topic, unit.partition, record.offset)))
        unit.emit(topic, key, record.value, headers=headers)

    def append_adapted(
        self, unit: Unit[State], topic: str, record: Record, key: bytes, value: bytes
    ) -> None:
        """An interaction that an adapter made of a delivery."""
        headers: Headers = [
            (KIND, Kind.ADAPTED.encode()),
            (RECORDED_AT, b"%d" % record.timestamp),
            (SOURCE, origin(topic, unit.partition, record.offset)),
        ]
        unit.emit(self._topics.log, key, value, headers=headers)

    def append_tick(self, unit: Unit[State], at_ms: int) -> None:
        """An idle tick, into the unit's own partition of the log."""
        unit.emit(
            self._topics.log,
            b"",
            write_tick(at_ms),
            partition=unit.partition,
            headers=[(KIND, Kind.TICK.encode())],
        )


def _kept(headers: Sequence[Any]) -> list[Any]:
    """The first headers, as far as they fit. Kafka allows one without a value."""
    kept: list[Any] = []
    left = KEPT_HEADER_BYTES
    for name, content in headers:
        left -= len(name.encode("utf-8", "surrogatepass")) + len(content or b"")
        if left < 0:
            break
        kept.append((name, content))
    return kept


def _where(error: BaseException) -> str:
    """The type of an error and the places it passed; its message might quote the record."""
    places: list[str] = []
    trace: Any = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_filename.rpartition('/')[2]}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return f"{type(error).__name__} at {' > '.join(places[-12:])}"
