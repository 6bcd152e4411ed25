"""What another implementation says, held against the oracle: JSON objects in, differences out.

Quality to 2e-6, credits to the millionth, money to the cent, people within 2 % (and one).
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping

from .ledger import Report
from .run import Worth
from .valued import WorthTransition

QUALITY_WITHIN = 2e-6
PEOPLE_WITHIN = 0.02
Fields = Mapping[str, object]


def differences(
    expected: Worth, transitions: Iterable[Fields], reports: Iterable[Fields] = ()
) -> list[str]:
    """One line for each difference; none is agreement.

    `transitions` as `transition/v1` (other fields are not looked at), `reports` as in
    `Worth.reports`, the last of each (brand, method, period, day) counts.
    """
    wanted = {(moved.brand, moved.person, moved.sequence): moved for moved in expected.transitions}
    given = {(row["brand"], row["person"], row["sequence"]): row for row in transitions}
    found = [f"missing move {key}" for key in wanted if key not in given]
    found += [f"unexpected move {key}" for key in given if key not in wanted]
    for key, moved in wanted.items():
        if key in given:
            found += [f"move {key}: {text}" for text in of_move(moved, given[key])]
    rows = {row_key(row): row for row in expected.reports}
    others = {row_key(row): row for row in reports}
    if others:
        found += [f"missing row {name}" for name in rows if name not in others]
        found += [f"unexpected row {name}" for name in others if name not in rows]
    for name, row in rows.items():
        if name in others:
            found += [f"row {name}: {text}" for text in of_row(row, others[name])]
    return found


def row_key(row: Fields) -> tuple[object, ...]:
    return row["brand"], row["method"], row["period"], row["day"]


def of_move(moved: WorthTransition, row: Fields) -> Iterator[str]:
    cause = row.get("cause")
    plain = {
        "from": moved.from_,
        "to": moved.to,
        "at": written(moved.at_ms),
        "reason": moved.reason,
        "cause": moved.cause_id,
        "credits": moved.credits,
    }
    seen = {**row, "cause": cause.get("id") if isinstance(cause, dict) else None}
    for name, value in plain.items():
        if seen.get(name) != value:
            yield f"{name} is {seen.get(name)!r}, not {value!r}"
    quality = row.get("quality")
    if not isinstance(quality, dict):
        yield f"quality is {quality!r}"
        return
    for name, part in moved.quality.items():
        if not is_near(part, quality.get(name), QUALITY_WITHIN):
            yield f"{name} is {quality.get(name)!r}, not {part!r}"


def of_row(expected: Report, row: Fields) -> Iterator[str]:
    for name, value in expected.items():
        other = row.get(name)
        if name == "people" and isinstance(value, int):
            is_right = is_near(value, other, 1 + PEOPLE_WITHIN * value)
        elif name in ("quality", "return"):
            is_right = is_near(value, other, QUALITY_WITHIN * max(1.0, abs(as_float(value))))
        else:
            is_right = bool(value == other)
        if not is_right:
            yield f"{name} is {other!r}, not {value!r}"


def as_float(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def is_near(expected: object, other: object, within: float) -> bool:
    if isinstance(expected, int | float) and isinstance(other, int | float):
        return abs(expected - other) <= within
    return expected is None and other is None


def written(ms: int) -> str:
    """RFC 3339 UTC with milliseconds."""
    moment = datetime.datetime.fromtimestamp(ms // 1000, datetime.UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}Z"
