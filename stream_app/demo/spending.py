"""What the methods of the generated community cost: weekly bills and hours, as `cost/v1`.

Made up like the community, in proportion to its size.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import orjson

from stream_app.demo.community import ADS, ANSWERS, BRAND, DAYS, GIVEAWAY
from stream_app.domain.clock import DAY_MS

WEEKS: Final = DAYS // 7
CENTS_PER_PERSON: Final = {ADS: 20, GIVEAWAY: 9}
"""A week."""
MINUTES_PER_PERSON: Final = {ANSWERS: 0.25}
"""A week, at the hourly rate of the demo's policy."""


class Bill(NamedTuple):
    """A record of `social.costs`."""

    key: bytes
    value: bytes


def bills(people: int, now_ms: int) -> Iterator[Bill]:
    """The costs of the weeks until now."""
    for week in range(WEEKS):
        at_ms = now_ms - DAYS * DAY_MS + week * 7 * DAY_MS
        for method, cents in CENTS_PER_PERSON.items():
            amount = f"{cents * people / 100:.2f}"
            yield _bill(method, week, at_ms, amount={"amount": amount, "currency": "EUR"})
        for method, minutes in MINUTES_PER_PERSON.items():
            yield _bill(method, week, at_ms, minutes=round(minutes * people))


def _bill(method: str, week: int, at_ms: int, **what: Any) -> Bill:
    told = {
        "id": f"{method}-{week}",
        "brand": BRAND,
        "method": method,
        "occurred_at": at_ms,
        **what,
    }
    return Bill(f"{BRAND}/{method}".encode(), orjson.dumps(told))
