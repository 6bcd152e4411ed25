"""Method reports in the service: journals out as deltas, deltas in, rows out.

Every partition writes what its slices mean for the methods as deltas, one per method and slice, to
an internal topic keyed by method. So each method has one owner, which adds up and publishes, and
no record of the log has to touch a row that all partitions share.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Final, cast

import msgspec

from stream_app.contracts.cost import read_cost
from stream_app.contracts.method_report import write_report
from stream_app.contracts.people import Sketch, sketch_of
from stream_app.contracts.wide import decoder, encode
from stream_app.domain.clock import DAY_MS
from stream_app.domain.costs import KnownCost, book
from stream_app.domain.ledger import Journal
from stream_app.domain.policy import Policy
from stream_app.domain.rejects import Reject
from stream_app.domain.reports import TRAILING_DAYS, Method
from stream_app.domain.rows import Row
from stream_app.edge.log import recorded_ms
from stream_app.edge.outputs import Outputs
from stream_app.edge.pages import Names, Page, cost_key, names_key, page_key
from stream_app.edge.states import State
from stream_app.edge.topics import Topics
from stream_app.engine import QUEUE, Record, Unit, partition_of

PUBLISH_MS: Final = 900
"""Least time between two rounds, a little less than a tick."""
METHODS_PER_TURN: Final = 100
ROWS_KEPT_DAYS: Final = 180
"""An open row, those in the thirty days to it, and sixty days that we may be behind."""
COSTS_KEPT_DAYS: Final = 400
"""So long a cost is known when it comes again or is taken back."""
_BRANDS_KEPT: Final = 1_000


class Delta(msgspec.Struct, array_like=True, frozen=True):
    """What one slice adds to one day of a method."""

    day: int
    row: Row
    people: bytes | None


_decode: Final = decoder(list[Delta])


class Methods:
    """Reads costs and deltas, keeps the methods of its partitions, publishes their rows."""

    def __init__(
        self, policy: Policy, topics: Topics, outputs: Outputs, *, partitions: int, limit: int
    ) -> None:
        """At most `limit` methods of a brand are told apart in each partition of the log."""
        self._policy = policy
        self._topics = topics
        self._outputs = outputs
        self._partitions = partitions
        self.limit = limit

    # -- of the log's partition

    def recall(self, unit: Unit[State], journal: Journal, brand: str) -> None:
        """Let the journal know which methods of the brand it tells apart."""
        if brand not in journal.methods:
            names = unit.get(names_key(brand))
            journal.methods[brand] = set(names.methods) if isinstance(names, Names) else set()

    def flush(self, unit: Unit[State], journal: Journal) -> None:
        """Write what the journal holds as deltas."""
        for brand in journal.grown:
            unit.put(names_key(brand), Names(sorted(journal.methods[brand])))
        journal.grown.clear()
        if len(journal.methods) > _BRANDS_KEPT:
            journal.methods.clear()
        if not journal.entries:
            return
        by_method: dict[tuple[str, str], list[Delta]] = defaultdict(list)
        for (brand, method, day), entry in journal.take().items():
            delta = Delta(day, entry.row, sketch_of(entry.people) if entry.people else None)
            by_method[brand, method].append(delta)
        for (brand, method), deltas in by_method.items():
            unit.emit(self._topics.deltas, _key(brand, method), encode(deltas))

    # -- of the method's partition

    def take_delta(self, unit: Unit[State], record: Record) -> int:
        """Add a delta to its method. Gives how many methods more wait to be published."""
        brand, _, name = (record.key or b"").decode().partition("/")
        page = self._page(unit, brand, name)
        for delta in _decode(record.value or b""):
            page.method.add(delta.day, delta.row, delta.people, Sketch)
            page.unpublished.add(delta.day)
        return self._keep(unit, page)

    def take_cost(self, unit: Unit[State], record: Record, counts: Counter[str]) -> int:
        """Count a cost, refuse it, or append it again under its right key."""
        recorded = recorded_ms(record.headers or (), record.timestamp)
        cost = read_cost(record.value, recorded)
        if isinstance(cost, Reject):
            self._outputs.reject(unit, self._topics.costs, record, cost)
            return 0
        key = _key(cost.brand, cost.method)
        if record.key != key or partition_of(key, self._partitions) != unit.partition:
            self._outputs.append_again(unit, self._topics.costs, record, key)
            counts["rekeyed"] += 1
            return 0
        counts["cost"] += 1
        due_ms = (recorded // DAY_MS + COSTS_KEPT_DAYS) * DAY_MS

        def find(cost_id: str) -> KnownCost:
            where = cost_key(cost.brand, cost_id)
            known = unit.get(where)
            if not isinstance(known, KnownCost):
                known = KnownCost()
                unit.index_put(due_ms, where)
            unit.put(where, known)
            return known

        booking = book(cost, recorded, self._policy.rules_for(cost.brand).rates, find)
        if booking is None:
            return 0
        page = self._page(unit, cost.brand, booking.method)
        booking.into(page.method.day(booking.day, Sketch).row)
        page.unpublished.add(booking.day)
        return self._keep(unit, page)

    def _page(self, unit: Unit[State], brand: str, name: str) -> Page:
        page = unit.get(page_key(brand, name))
        return page if isinstance(page, Page) else Page(Method(brand, name))

    def _keep(self, unit: Unit[State], page: Page) -> int:
        key = page_key(page.method.brand, page.method.name)
        fresh = not page.waits
        if fresh:
            page.waits = True
            unit.index_put(QUEUE, key)
        unit.put(key, page)
        return 1 if fresh else 0

    # -- publishing

    @staticmethod
    def waiting(unit: Unit[State]) -> int:
        """How many methods wait to be published."""
        return len(unit.index_due(QUEUE, 1_000_000))

    def publish(self, unit: Unit[State], now_ms: int) -> int:
        """Publish the rows of methods that wait, a bounded number; how many methods it was."""
        due = unit.index_due(QUEUE, METHODS_PER_TURN)
        for due_ms, key in due:
            unit.index_remove(due_ms, key)
            page = cast("Page", unit.get(key))
            self._publish(unit, page)
            self._prune(page, now_ms // DAY_MS - ROWS_KEPT_DAYS)
            unit.put(key, page)
        return len(due)

    def _publish(self, unit: Unit[State], page: Page) -> None:
        method, changed = page.method, page.unpublished
        rates = self._policy.rules_for(method.brand).rates
        key, topic = _key(method.brand, method.name), self._topics.methods
        for number in sorted(changed):
            day = method.days[number]
            day.revision += 1
            day.changed = True
            unit.emit(topic, key, write_report(method.daily(number, rates), rates, day.revision))
        for number in sorted(method.days):
            if any(number - TRAILING_DAYS < one <= number for one in changed):
                day = method.days[number]
                day.trailing += 1
                day.changed = True
                report = method.trailing(number, rates, Sketch)
                unit.emit(topic, key, write_report(report, rates, day.trailing))
        page.unpublished = set()
        page.waits = False

    @staticmethod
    def _prune(page: Page, oldest: int) -> None:
        gone = [number for number in page.method.days if number < oldest]
        for number in gone:
            del page.method.days[number]
        page.dropped.extend(gone)


def _key(brand: str, method: str) -> bytes:
    return f"{brand}/{method}".encode()
