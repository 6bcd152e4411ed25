"""Book-keeping of failed processing: how often, up to where, and when to give up."""

from __future__ import annotations

import traceback
from dataclasses import dataclass

from .errors import EngineError, StoreError


@dataclass(slots=True)
class _Trouble:
    upto: int
    attempts: int


class Troubles:
    """Faults of one unit since they last were overcome."""

    def __init__(self, retries: int) -> None:
        self._retries = retries
        self._by_topic: dict[str, _Trouble] = {}
        self._strikes = 0
        self._attempts = 0
        self._ticked = True

    def add(self, error: BaseException, reached: dict[str, int]) -> None:
        """Processing failed somewhere before these offsets. For a disk no record is blamed."""
        if isinstance(error, StoreError):
            return
        self._attempts += 1
        for topic, upto in reached.items():
            known = self._by_topic.get(topic)
            if known is None:
                self._by_topic[topic] = _Trouble(upto, 1)
            else:
                known.upto = max(known.upto, upto)
                known.attempts += 1

    def strike(self, error: BaseException) -> None:
        """Something of ours failed that no record can be blamed for."""
        if isinstance(error, StoreError):
            return
        self._strikes += 1
        self._ticked = False

    def isolating(self, topic: str, base: int) -> bool:
        """Whether records from `base` on must be tried one by one."""
        known = self._by_topic.get(topic)
        return known is not None and known.attempts >= self._retries and base < known.upto

    def passed(self, committed: dict[str, int]) -> None:
        """A commit went well."""
        if not self._by_topic and not self._strikes:
            return
        for topic, offset in committed.items():
            known = self._by_topic.get(topic)
            if known is not None and offset >= known.upto:
                del self._by_topic[topic]
        if not self._by_topic:
            self._attempts = 0
        if self._ticked:
            self._strikes = 0

    def ticked(self) -> None:
        """The tick went well; so must the commit behind it before strikes are forgotten."""
        self._ticked = True

    @property
    def is_hopeless(self) -> bool:
        """Too many faults without a record to blame."""
        return self._strikes >= self._retries

    @property
    def pause_s(self) -> float:
        """Time before the next attempt."""
        return float(min(2.0, 0.02 * 2 ** min(self._attempts, 8)))


def describe(error: BaseException) -> str:
    """Type and place of an error. The text only of our own errors: others may quote a person."""
    if isinstance(error, EngineError):
        return f"{type(error).__name__}: {error}"
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    where = " < ".join(f"{frame.name} ({frame.filename}:{frame.lineno})" for frame in frames[::-1])
    cause = f", because of {describe(error.__cause__)}" if error.__cause__ else ""
    return f"{type(error).__name__} in {where}{cause}"
