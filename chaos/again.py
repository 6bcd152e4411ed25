"""The same job once more over what was read, without Kafka, workers or faults.

What a partition appends to the log follows from what it reads alone: so every link, merge, act that
was handed on and erasure must stand there as often as here, and every mark of a forgotten person.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson

from stream_app.config import ServiceSettings
from stream_app.contracts.erasure import Erasure
from stream_app.contracts.handed import decode_erasure, decode_merge, encode
from stream_app.contracts.state import RelationshipCodec
from stream_app.domain.linked import Alias, Gone
from stream_app.edge.facts import NoFacts
from stream_app.edge.job import RelationshipJob
from stream_app.edge.log import KIND, Kind, header
from stream_app.edge.marks import gone_key
from stream_app.edge.meta import decode_meta
from stream_app.edge.names import Holders
from stream_app.edge.states import State
from stream_app.engine import Unit
from stream_app.engine.store import Store, StoreMemory

from .feed import PLATFORM
from .kept import POLICY, canonical

_SLICE: Final = 500
_SEEN_LIMIT: Final = 1_000
_KINDS: Final = frozenset(
    kind.encode()
    for kind in (Kind.LINK, Kind.MERGE, Kind.UNLINK, Kind.FORWARDED, Kind.ERASE, Kind.REKEYED)
)

Refused = tuple[str, int, int, str]
"""Topic, partition and offset of a record, and why it is refused."""


class Appended(NamedTuple):
    """A record that the service appended to its log."""

    partition: int
    kind: str
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


class Again:
    """The job of every partition, and what it appended."""

    def __init__(self, settings: ServiceSettings, folder: Path) -> None:
        """`folder` takes the stores."""
        self.appended: Counter[Appended] = Counter()
        self.refused: Counter[Refused] = Counter()
        topics = settings.topics
        self.topics = topics.log, topics.links, topics.erasures
        """Those that are read in whole."""
        self._topics = topics
        self._states = RelationshipCodec(POLICY)
        self._job = RelationshipJob(
            POLICY,
            topics,
            {topics.raw(PLATFORM): PLATFORM},
            NoFacts(),
            application_id=settings.application_id,
            partitions=settings.partitions,
            idle_ticks=False,
            seen_limit=_SEEN_LIMIT,
            started_ms=int(time.time() * 1000),
        )
        self._units: list[Unit[State]] = []
        self._stores: list[Store] = []
        memory = StoreMemory(8 << 20, 32 << 20, settings.partitions)
        for number in range(settings.partitions):
            store = Store(folder / str(number), memory)
            store.open()
            self._stores.append(store)
            self._units.append(Unit(number, store, self._job.codec, partitions=settings.partitions))
            self._job.open(self._units[-1])

    def close(self) -> None:
        """Let go of the stores."""
        for store in self._stores:
            store.close()

    def read(self, found: Mapping[str, Sequence[Sequence[Any]]]) -> None:
        """Records of topics by partition. Of deliveries only those that say whom to forget."""
        for topic in self.topics:
            for number, records in enumerate(found[topic]):
                self._read(topic, number, records)
        raw = self._topics.raw(PLATFORM)
        for number, records in enumerate(found[raw]):
            self._read(raw, number, [one for one in records if is_deletion(one.value)])

    def _read(self, topic: str, partition: int, records: Sequence[Any]) -> None:
        unit, store = self._units[partition], self._stores[partition]
        for first in range(0, len(records), _SLICE):
            self._job.process(unit, topic, records[first : first + _SLICE])
            snapshot = unit.snapshot({}, None)
            store.write(snapshot.changelog, 0, 0)
            unit.written()
            for (written, number), outputs in snapshot.outputs.items():
                for key, value, headers, _ in outputs:
                    if written == self._topics.log:
                        self._note(self.appended, number, key, value, headers)
                    elif written == self._topics.rejects:
                        self.refused[refused(value)] += 1

    def found(self, log: Iterable[Sequence[Any]]) -> Counter[Appended]:
        """What the service has appended, in the same form."""
        noted: Counter[Appended] = Counter()
        for records in log:
            for one in records:
                self._note(noted, one.partition, one.key, one.value, one.headers)
        return noted

    def _note(
        self,
        into: Counter[Appended],
        partition: int,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes]],
    ) -> None:
        kind = header(headers, KIND)
        if kind not in _KINDS:
            return
        if kind == Kind.MERGE.encode():
            value = self._merge(value or b"")
        into[Appended(partition, kind.decode(), key, value, tuple(headers))] += 1

    def _merge(self, value: bytes) -> bytes:
        """A merge with its state as it is compared."""
        handed = decode_merge(value)
        rel = self._states.load(handed.parts.get)
        parts = {} if rel is None else canonical(rel)
        return encode((handed.link, sorted(parts.items())))

    def aliases(self, partition: int) -> dict[bytes, Alias]:
        """Which ids count as others, or did once, by the key of their relationship."""
        states = self._units[partition].scan()
        return {key: state for key, state in states if isinstance(state, Alias)}

    def named(self, partition: int) -> dict[bytes, Holders]:
        """Where ids are named."""
        states = self._units[partition].scan()
        return {key: state for key, state in states if isinstance(state, Holders)}

    def marks(self, log: Iterable[Sequence[Any]], partition: int, meta: bytes) -> dict[bytes, Gone]:
        """The marks of forgotten persons, under the salt that the service has drawn (in `meta`)."""
        unit = self._units[partition]
        ours = decode_meta(unit.meta).salt if unit.meta else b""
        theirs = decode_meta(meta).salt if meta else b""
        marks: dict[bytes, Gone] = {}
        named = {(said.brand, said.person) for _, said in erasures(log)}
        for brand, person in named if ours else ():
            mark = unit.peek(gone_key(ours, brand, person))
            if isinstance(mark, Gone):
                marks[gone_key(theirs, brand, person)] = mark
        return marks


def erasures(log: Iterable[Sequence[Any]]) -> Iterator[tuple[Any, Erasure]]:
    """What records of the log say of erasures and consent, in the order of each partition."""
    for records in log:
        for record in records:
            if header(record.headers, KIND) == Kind.ERASE.encode():
                yield record, decode_erasure(record.value)


def refused(value: bytes | None) -> Refused:
    """Of a record of the topic of refusals."""
    told = orjson.loads(value or b"")
    source = told["source"]
    return source["topic"], source["partition"], source["offset"], told["reason"]


def is_deletion(value: bytes | None) -> bool:
    """Whether a delivery says that an account was deleted."""
    try:
        return bool(orjson.loads(value or b"")["kind"] == "account")
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return False
