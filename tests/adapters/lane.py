"""The worker's whole way of a delivery, on a real store without Kafka.

    delivery -> adapter -> findings -> interactions -> records of the log -> read back -> states

What comes out is checked: it is well formed, or it is a refusal of the delivery itself. An
interaction that the log would refuse for its form is a delivery that was lost.
"""

from __future__ import annotations

import json
import time
import traceback
from base64 import b64decode
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec

from stream_app.adapters.times import shown_ms
from stream_app.contracts.envelope import read_record
from stream_app.contracts.erasure import read_erasure
from stream_app.contracts.handed import decode_erasure
from stream_app.domain.clock import YEAR_2000_MS
from stream_app.domain.keys import relationship_key
from stream_app.domain.policy import Policy
from stream_app.domain.rejects import Reason, Reject
from stream_app.edge.facts import NoFacts
from stream_app.edge.job import RelationshipJob
from stream_app.edge.log import KIND, SOURCE, header, recorded_ms
from stream_app.edge.offline import TOPICS, Record
from stream_app.edge.states import State
from stream_app.engine import Unit
from stream_app.engine.store import Store, StoreMemory

from .mutation import Delivery
from .support import RECEIVED_MS

NOW_MS = RECEIVED_MS + 1_000
"""When what the service appends is recorded."""
LONGEST_DETAIL = 1_000
ABOUT_STATE = frozenset((Reason.TOO_OLD,))
"""The only refusals of the log that no adapter can foresee, if the raw topic's time is true."""
NO_ACT = {
    *("update", "erase", "revoke", "moderate", "aggregate", "ignore"),
    *("elsewhere", "self", "peer", "none", "no_verb", "no_account", "no_person", "unresolved"),
}


class _Facts(NoFacts):
    def __init__(self) -> None:
        self.skips: Counter[str] = Counter()

    def skipped(self, platform: str, why: str) -> None:
        self.skips[why] += 1


class Lane:
    """One partition of one, which takes deliveries of one platform."""

    def __init__(self, folder: Path, platform: str, policy: Policy) -> None:
        self.raw, self._policy, self._facts = TOPICS.raw(platform), policy, _Facts()
        self._job = RelationshipJob(
            policy,
            TOPICS,
            {self.raw: platform},
            self._facts,
            application_id="fuzz",
            partitions=1,
            idle_ticks=False,
            seen_limit=50,
            started_ms=0,
        )
        self._store = Store(folder, StoreMemory(1 << 20, 8 << 20, 1))
        self._store.open()
        self._unit: Unit[State] = Unit(0, self._store, self._job.codec, partitions=1)
        self._job.open(self._unit)
        self._meta = b""
        self._taken: list[Record] = []
        self.counts: Counter[str] = Counter()
        self.faults: list[str] = []
        self.slowest = (0.0, 0)

    def close(self) -> None:
        """Close the store; what was skipped is counted."""
        for why in self._facts.skips:
            self._expect(why in NO_ACT, f"skipped for no known reason: {why}", None)
        self.counts["skipped"] += self._facts.skips.total()
        self._store.close()

    def take(self, deliveries: list[Delivery]) -> None:
        """Process deliveries one by one, then all that comes of them."""
        for one in deliveries:
            payload, headers, timestamp_ms = one
            number = len(self._taken)
            record = Record(self.raw, 0, number, timestamp_ms, b"k", payload, headers)
            self._taken.append(record)
            self._process(record)
        for _ in range(3):  # what is appended may append more: once
            for place, (topic, key, value, sent) in enumerate(self._commit()):
                record = Record(topic, 0, place, NOW_MS, key, value, sent)
                if topic == TOPICS.log:
                    self._check_log(record)
                self._process(record)
        self._expect(not self._commit(), "the log goes on for ever", None)
        self._taken.clear()

    def _process(self, record: Record) -> None:
        began = time.thread_time()
        try:
            self._job.process(self._unit, record.topic, [record])
        except Exception:
            self._expect(False, traceback.format_exc(limit=-6), record)
            self._unit.reset(self._meta)
            self._job.open(self._unit)
        took = time.thread_time() - began
        if took > self.slowest[0]:
            self.slowest = (took, len(record.value or b""))

    def _commit(self) -> list[Any]:
        while self._job.tick(self._unit, NOW_MS, 0):
            pass
        snapshot = self._unit.snapshot({}, None)
        self._store.write(snapshot.changelog, 10, 8)
        self._unit.written()
        self._meta = self._unit.meta
        appended: list[Any] = []
        for (topic, _), outputs in snapshot.outputs.items():
            if topic in (TOPICS.log, TOPICS.deltas):
                appended += [(topic, key, value, sent) for key, value, sent, _ in outputs]
            elif topic == TOPICS.rejects:
                for _, value, _, _ in outputs:
                    self._check_reject(json.loads(value or b""))
        return appended

    # -- what must be true

    def _expect(self, is_true: bool, what: str, record: Record | None) -> None:
        if not is_true and len(self.faults) < 20:
            of = (
                "" if record is None else f"\nof {record.headers} {(record.value or b'')[:2_000]!r}"
            )
            self.faults.append(what + of)

    def _check_reject(self, told: dict[str, Any]) -> None:
        reason, detail, source = Reason(told["reason"]), told["detail"], told["source"]
        if source["topic"] == self.raw:
            self.counts["refused"] += 1
            record = self._taken[source["offset"]]
            self._expect(reason is not Reason.PROCESSING_FAILED, f"failed: {detail}", record)
        else:
            self.counts[f"{reason} in the log"] += 1
            headers = [(one["name"], b64decode(one["value"])) for one in told["headers"]]
            record = self._source(headers)
            ahead = reason is Reason.FROM_THE_FUTURE and record.timestamp > NOW_MS
            foreseen = reason not in ABOUT_STATE and not ahead
            self._expect(not foreseen, f"lost in the log: {reason} {detail}", record)
        short = len(detail) <= LONGEST_DETAIL and detail.isascii() and detail.isprintable()
        self._expect(short, f"a detail that repeats what was sent: {detail[:200]!r}", record)

    def _source(self, headers: Any) -> Record:
        """The delivery that a record of the log was made of."""
        return self._taken[int((header(headers, SOURCE) or b"").rpartition(b"/")[2])]

    def _check_log(self, record: Record) -> None:
        kind = header(record.headers, KIND)
        if kind == b"erase":
            self.counts["erasure"] += 1
            said = decode_erasure(record.value or b"")
            read = read_erasure(json.dumps({"brand": said.brand, "person": said.person}).encode())
            self._expect(not isinstance(read, Reject), f"no erasure: {read}", record)
            return
        self.counts["interaction"] += 1
        source = self._source(record.headers)
        self._expect(kind == b"adapted", f"a record of the log of kind {kind!r}", source)
        at_ms = recorded_ms(record.headers, record.timestamp)
        read_back = read_record(record.value, record.headers, at_ms, self._policy)
        if isinstance(read_back, Reject):
            self._expect(False, f"lost: {read_back}", source)
            return
        made = msgspec.json.decode(record.value or b"")
        self._check_made(made, source)
        same = (
            (made["id"], made["brand"], made["person"], made["verb"])
            == (read_back.id, read_back.brand, read_back.person, read_back.verb)
            and (made["op"] == "undo") == read_back.undo
            and made.get("occurred_at") == shown_ms(read_back.at_ms * 1_000)
            and record.key == relationship_key(made["brand"], made["person"]).encode()
        )
        self._expect(same, f"read as another one: {made} {read_back}", source)

    def _check_made(self, made: dict[str, Any], source: Record) -> None:
        platform, _, person = made["person"].partition(":")
        self._expect(platform == made["platform"] and person != "", f"nobody: {made}", source)
        known = made["brand"] == platform or made["brand"].startswith((f"{platform}-", "listed"))
        self._expect(known, f"nobody's brand: {made}", source)
        for name, limit in (("id", 200), ("object", 200), ("undoes", 200), ("method", 128)):
            text = made.get(name)
            self._expect(text is None or 0 < len(text) <= limit, f"{name}: {made}", source)
        early = made["occurred_at"] < shown_ms(YEAR_2000_MS * 1_000)
        self._expect(not early, f"before 2000: {made}", source)
