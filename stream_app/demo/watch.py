"""What is known so far: fed by a reader of the outputs, shown by the screen."""

from __future__ import annotations

import time
from collections import Counter, deque
from typing import Final

import msgspec
from aiokafka import AIOKafkaConsumer

from stream_app.contracts.reject import RejectV1
from stream_app.domain.transitions import STAGES, Cause, Finding


class Move(msgspec.Struct, gc=False, rename={"from_": "from"}):
    """Of a transition/v1 what is shown. See `stream_app.contracts.transition` for the fields."""

    brand: str
    person: str
    from_: str
    to: str
    move: str
    at: str
    reason: str
    cause: Cause | None
    evidence: tuple[Finding, ...]


LATEST: Final = 40
STAGE_NAMES: Final = tuple(stage.label for stage in STAGES)
_LEVEL: Final[dict[str, int]] = {name: level for level, name in enumerate(STAGE_NAMES)}
_transition: Final = msgspec.json.Decoder(Move).decode
_reject: Final = msgspec.json.Decoder(RejectV1).decode


class Watch:
    """Counts, and the latest transitions. Never decides anything."""

    def __init__(self, started: float) -> None:
        """`started`: when the demo began, on the monotonic clock."""
        self.started = started
        self.transitions = 0
        self.first_after_s: float | None = None
        """From the start of the demo to the first transition."""
        self.latest: deque[Move] = deque(maxlen=LATEST)
        self.refused: Counter[str] = Counter()
        self.lapses: Counter[str] = Counter()
        self.brands: Counter[str] = Counter()
        self._stage: dict[bytes, int] = {}
        self._best: dict[bytes, int] = {}

    async def follow(self, reader: AIOKafkaConsumer, transitions: str) -> None:
        """Take in what the reader gives, for ever."""
        while True:
            for place, records in (await reader.getmany(timeout_ms=200)).items():
                for record in records:
                    if place.topic == transitions:
                        self.moved(record.key, _transition(record.value))
                    else:
                        self.was_refused(_reject(record.value))

    def moved(self, key: bytes, move: Move) -> None:
        """A transition."""
        if self.first_after_s is None:
            self.first_after_s = time.monotonic() - self.started
        self.transitions += 1
        if key not in self._stage:
            self.brands[move.brand] += 1
        level = _LEVEL[move.to]
        self._stage[key] = level
        self._best[key] = max(level, self._best.get(key, 0))
        if move.move == "lapse":
            self.lapses[move.reason] += 1
        self.latest.append(move)

    def was_refused(self, reject: RejectV1) -> None:
        """A refusal."""
        self.refused[str(reject.reason)] += 1

    def stages(self) -> dict[str, int]:
        """How many relationships are in each stage now; `none`: of those that had been in one."""
        counted = Counter(self._stage.values())
        return {name: counted[level] for level, name in enumerate(STAGE_NAMES)}

    def reached(self, brand: str) -> dict[str, int]:
        """How many relationships of a brand have ever been in each stage or a higher one."""
        prefix = f"{brand}/".encode()
        best = Counter(level for key, level in self._best.items() if key.startswith(prefix))
        return {
            name: sum(best[k] for k in range(level, len(STAGE_NAMES)))
            for level, name in enumerate(STAGE_NAMES)
            if level
        }


_SIGNS: Final = {("at_least", True): "≥", ("at_least", False): "<"}
_SIGNS_MOST: Final = {True: "≤", False: ">"}


def why(move: Move) -> str:
    """The act that caused it, and the condition that decided, in a few words."""
    if move.reason == "blocked":
        return _cause(move)
    found = _decisive(move)
    told = "" if found is None else _term(found)
    cause = _cause(move)
    return f"{cause}, {told}" if told and cause else told or cause


def _decisive(move: Move) -> Finding | None:
    """Of an advance the first condition of the stage reached, of a lapse the first one missed."""
    if move.move == "advance":
        return next((f for f in move.evidence if f.stage == move.to and f.met), None)
    lost = STAGE_NAMES[_LEVEL[move.to] + 1]
    return next((f for f in move.evidence if f.stage == lost and not f.met), None)


def _term(found: Finding) -> str:
    sign = _SIGNS[found.bound, found.met] if found.bound == "at_least" else _SIGNS_MOST[found.met]
    over = "" if found.days is None else f" in {found.days} days"
    return f"{found.measure.replace('_', ' ')} {_number(found.value)} {sign} " + (
        f"{_number(found.threshold)}{over}"
    )


def _number(value: float | None) -> str:
    return "?" if value is None else f"{value:g}"


def _cause(move: Move) -> str:
    cause = move.cause
    if cause is None:
        return ""
    return f"{cause.verb} ({cause.method})" if cause.method else cause.verb
