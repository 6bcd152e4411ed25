"""Attribution: which methods an advance is credited to.

A touch is an act in effect that names a method, neither automated nor negative. An advance is
credited to the touches since the last one. Shares are in millionths and sum to a million.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal

from mypy_extensions import mypyc_attr

from stream_app.domain.clock import DAY_MS

Model = Literal["first", "last", "linear", "position", "time_decay"]
MODELS: Final = ("first", "last", "linear", "position", "time_decay")

MILLION: Final = 1_000_000
UNATTRIBUTED: Final = "unattributed"
OTHER: Final = "other"
TOUCHES: Final = 64
TOUCH_LIFE_MS: Final = 90 * DAY_MS
_WEIGHT_BITS: Final = 40
_METHODS_KEPT: Final = 4_096
TIME_DECAY_HALF_LIFE_MS: Final = 7 * DAY_MS


@mypyc_attr(acyclic=True)
class Touch:
    """An act that named a method. `number` is its place among the relationship's records."""

    def __init__(
        self,
        key: str,
        method: str,
        at_ms: int,
        number: int,
    ) -> None:
        self.key = key
        self.method = method
        self.at_ms = at_ms
        self.number = number


class _AllTo(dict[str, Mapping[str, int]]):
    """Method -> the whole credit for it: as a state holds many of these, one for all."""

    def __missing__(self, method: str) -> Mapping[str, int]:
        if len(self) >= _METHODS_KEPT:
            self.clear()
        self[method] = whole = {method: MILLION}
        return whole


_all_to = _AllTo()


def credit(touches: Sequence[Touch], model: Model) -> Mapping[str, int]:
    """Millionths of the credit per method, by name; no touch: all of it is unattributed.

    `touches` are in log order. `position` gives 40 % to the first, 40 % to the last and the rest
    to those between; `time_decay` halves a touch's weight for every 7 days before the newest.
    """
    if not touches:
        return {UNATTRIBUTED: MILLION}
    methods = {touch.method for touch in touches}
    if len(methods) == 1:
        return _all_to[touches[0].method]
    weights = {method: 0 for method in sorted(methods)}  # noqa: C420 - compiled, it is quicker
    for number, weight in enumerate(_weights(touches, model)):
        weights[touches[number].method] += weight
    return apportion(weights)


def _weights(touches: Sequence[Touch], model: Model) -> list[int]:
    """Relative weights, whole numbers so that shares are exact."""
    count = len(touches)
    if model == "first":
        return [1, *[0] * (count - 1)]
    if model == "last":
        return [*[0] * (count - 1), 1]
    if model == "linear" or (model == "position" and count <= 2):
        return [1] * count
    if model == "position":  # 40 %, 20 % in equal parts, 40 %
        ends = 2 * (count - 2)
        return [ends, *[1] * (count - 2), ends]
    newest = max(touch.at_ms for touch in touches)
    return [
        int(2.0 ** (_WEIGHT_BITS + (touch.at_ms - newest) / TIME_DECAY_HALF_LIFE_MS))
        for touch in touches
    ]


def apportion(weights: Mapping[str, int], whole: int = MILLION) -> dict[str, int]:
    """Cut `whole` by weight: largest remainder, ties by name. What gets nothing is left out."""
    return {name: share for name, share in cut_up(weights, whole).items() if share}


def cut_up(weights: Mapping[str, int], whole: int) -> dict[str, int]:
    """The same, with those that get nothing. Of no weight at all nobody gets anything."""
    total, left = sum(weights.values()) or 1, whole
    cut: dict[str, int] = {}
    missing: list[tuple[int, str]] = []
    for name, weight in weights.items():
        part = weight * whole
        cut[name] = share = part // total
        left -= share
        missing.append((share * total - part, name))
    if left:
        missing.sort()
        for _, name in missing[:left]:
            cut[name] += 1
    return cut
