"""What records mean for the method reports, row by row: the sums of a method's day.

The core writes into a `Journal` while it changes a relationship; whoever owns the journal takes its
rows out and adds them up per method. All sums are whole numbers, so their order does not matter:
credits in millionths, money in minor units of the reporting currency.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Final

from mypy_extensions import mypyc_attr

from stream_app.domain.clock import DAY_MS
from stream_app.domain.credit import MILLION, OTHER, UNATTRIBUTED
from stream_app.domain.rows import Booked, GonePath, Row, RowKey, Undecided

OPEN_DAYS: Final = 90
"""A row takes corrections for so many days after its day, by the record's timestamp."""
SURVIVAL_DAYS: Final = 120
UNDECIDED: Final = 64
"""Advances of one relationship that wait to be decided; of more the oldest go."""
NEVER_OPENED: Final = -(1 << 40)
"""As the oldest open day: every row is open."""
_RUNS: Final = 1_000
METHODS_PER_BRAND: Final = 1_000
"""Methods of a brand that are told apart, if nothing else is said."""
_RESERVED: Final = (OTHER, UNATTRIBUTED)


@mypyc_attr(acyclic=True)
class Entry:
    """A row of a journal: its sums, the persons of its touches, and where they are booked."""

    def __init__(
        self,
        row: Row,
        people: set[str],
        booked: Booked,
    ) -> None:
        self.row = row
        self.people = people
        self.booked = booked


class Journal:
    """The rows that records of one partition changed, until their owner takes them.

    A row that is closed to a record takes no more: what belongs there goes to the oldest open one.
    What a record causes is closed by its own timestamp (`oldest` is the oldest open day), what a
    midnight causes by that of the record which took the watermark past it: `runs` remembers where
    that closed anything, as (first day, oldest open day). So it does not matter when silence is
    walked.

    `methods` are those told apart, by brand; `grown` the brands that have new ones. `paths` keeps
    how advances came about, for the brands of which somebody wants to know.
    """

    def __init__(
        self,
        entries: dict[RowKey, Entry] | None = None,
        oldest: int = NEVER_OPENED,
        watermark_day: int = NEVER_OPENED,
        runs: list[tuple[int, int]] | None = None,
        paths: dict[str, deque[GonePath]] | None = None,
        method_limit: int = METHODS_PER_BRAND,
        methods: dict[str, set[str]] | None = None,
        grown: set[str] | None = None,
    ) -> None:
        self.entries: dict[RowKey, Entry] = {} if entries is None else entries
        self.oldest = oldest
        self.watermark_day = watermark_day
        self.runs: list[tuple[int, int]] = [] if runs is None else runs
        self.paths: dict[str, deque[GonePath]] = {} if paths is None else paths
        self.method_limit = method_limit
        self.methods: dict[str, set[str]] = {} if methods is None else methods
        self.grown: set[str] = set() if grown is None else grown

    def method(self, brand: str, name: str) -> str:
        """The name under which a method counts: its own, or `other` if the brand has too many."""
        known = self.methods.get(brand)
        if known is None:
            known = self.methods[brand] = set()
        if name in known or name in _RESERVED:
            return name
        if len(known) >= self.method_limit:
            return OTHER
        known.add(name)
        self.grown.add(brand)
        return name

    def nothing_at_hand(self) -> None:
        """The next rows are written because time passed."""
        self.oldest = NEVER_OPENED

    def passed(self, day: int, recorded_ms: int) -> None:
        """A record of this timestamp took the watermark past the midnight that begins `day`."""
        first = self.watermark_day + 1
        if self.watermark_day != NEVER_OPENED:
            oldest = recorded_ms // DAY_MS - OPEN_DAYS
            last = self.runs[-1][1] if self.runs else NEVER_OPENED
            if max(first, oldest) != max(first, last):
                self.runs.append((first, oldest))
                if len(self.runs) > _RUNS:
                    del self.runs[0]
        self.watermark_day = day

    def open_day(self, day: int) -> int:
        """The day under which a record books what belongs to `day`."""
        return day if day >= self.oldest else self.oldest

    def midnight_day(self, day: int) -> int:
        """The day under which the midnight that begins `day` books."""
        if day > self.watermark_day:
            return self.open_day(day)
        for first, oldest in reversed(self.runs):
            if first <= day:
                return max(day, oldest)
        return day

    def entry(self, brand: str, method: str, day: int) -> Entry:
        """A row to be changed."""
        key = (brand, method, day)
        entry = self.entries.get(key)
        if entry is None:
            entry = self.entries[key] = Entry(Row(), set(), Booked(method, day))
        return entry

    def touch(self, brand: str, person: str, method: str, day: int) -> Booked:
        """A person was touched; where it was counted."""
        on = day if day >= self.oldest else self.oldest
        entry = self.entries.get((brand, method, on)) or self.entry(brand, method, on)
        entry.row.touches += 1
        entry.people.add(person)
        return entry.booked

    def untouch(self, brand: str, booked: Booked) -> None:
        """A touch was undone; its person stays counted."""
        self.entry(brand, booked.method, self.open_day(booked.day)).row.touches -= 1

    def advance(
        self,
        brand: str,
        day: int,
        first: int,
        won: tuple[bool, ...],
        credits: Mapping[str, int],
        overall: float | None,
    ) -> None:
        """An advance through the stages from `first` on; `day` is that of its row."""
        quality = None if overall is None else round(overall * MILLION)
        for method, part in credits.items():
            row = self.entry(brand, method, day).row
            for rung, is_won in enumerate(won, first - 1):
                (row.won if is_won else row.regained)[rung] += part
            if quality is not None:
                row.overall += part * quality
                row.overall_credit += part

    def decide(self, brand: str, one: Undecided, stage: int) -> None:
        """Day `one.day` begins with the relationship at `stage`."""
        day = self.midnight_day(one.day)
        for method, part in one.credits.items():
            row = self.entry(brand, method, day).row
            for rung in range(one.first, one.last + 1):
                row.decided[rung - 1] += part
                if stage >= rung:
                    row.survived[rung - 1] += part

    def take(self) -> dict[RowKey, Entry]:
        """All rows changed since the last call."""
        entries, self.entries = self.entries, {}
        return entries
