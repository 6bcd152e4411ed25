"""From files to records in the order of their event times."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

import msgspec
import orjson

from stream_app.adapters.base import Finding, Refusal
from stream_app.adapters.interactions import Skip, erased, interaction
from stream_app.adapters.seen import Seen
from stream_app.backfill.files import name_of, opened
from stream_app.backfill.found import Found, Made, Options, Passed
from stream_app.backfill.sorting import MEMORY, Sorter
from stream_app.backfill.sources import READERS, Source
from stream_app.backfill.tally import Tally
from stream_app.contracts.erasure import ALL_BRANDS
from stream_app.contracts.reading import read_interaction
from stream_app.domain.keys import relationship_key
from stream_app.domain.policy import Policy
from stream_app.domain.rejects import Reason, Reject

FUTURE_MS: Final = 5 * 60_000
"""The service refuses what is later than its record by more than this."""
_ERASES: Final = ("erase", "revoke")
_NOTHING: Final = ("update", "moderate", "aggregate", "ignore")
_LAST_US: Final = 1 << 62

Refuse = Callable[[str, int, Reject, bytes], None]
"""File, line (from 1), why, the bytes."""


class Record(NamedTuple):
    """One record to publish."""

    to: str
    """`log`, `erasures`, or `raw`: then `platform` tells the topic."""
    platform: str
    key: bytes
    value: bytes


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """What was found, as it waits for its turn."""

    source: int
    line: int
    finding: Finding | None
    made: Made | None
    raw: bytes


class Plan:
    """One import: `gather`, then `records`. Raises what readers raise, only in `gather`."""

    def __init__(
        self,
        sources: Sequence[Source],
        policy: Policy,
        options: Options,
        *,
        now_ms: int,
        refuse: Refuse,
        undated_ms: int | None = None,
        raw: bool = False,
        memory: int = MEMORY,
    ) -> None:
        """`undated_ms`: when acts happened whose files do not say it; None: they are left out.
        With `raw` deliveries go to their raw topics as they are."""
        self.tally = Tally()
        self.sorter = Sorter(memory)
        self._sources = sources
        self._policy = policy
        self._options = options
        self._now_ms = now_ms
        self._refuse = refuse
        self._undated_us = None if undated_ms is None else undated_ms * 1_000
        self._raw = raw
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(Entry).decode

    def gather(self, watch: Callable[[int], None] = lambda _: None) -> None:
        """Read all files. `watch` is told bytes read. Raises ImportFailure, OSError."""
        for number, source in enumerate(self._sources):
            found_any = False
            with opened(source.path, watch) as file:
                read = READERS[source.platform]
                for found in read(file, source.path, source.platform, self._options):
                    found_any = True
                    self._take(number, source, found)
            if not found_any:
                self.tally.empty.append(name_of(source.path))

    def _take(self, number: int, source: Source, found: Found) -> None:
        outcome = found.outcome
        if isinstance(outcome, Passed):
            self.tally.ignored[source.platform, outcome.reason] += 1
        elif isinstance(outcome, Refusal):
            self._refused(number, found.line, outcome, found.raw)
        elif isinstance(outcome, Made):
            entry = Entry(number, found.line, None, outcome, found.raw)
            self.sorter.add(outcome.at_us or 0, self._encode(entry))
        elif reason := self._nothing(outcome):
            self.tally.ignored[source.platform, reason] += 1
        else:
            at_us = outcome.at_us
            if at_us is None:
                at_us = _LAST_US if outcome.op in _ERASES else self._undated_us or 0
            raw = found.raw if self._raw else b""
            self.sorter.add(at_us, self._encode(Entry(number, found.line, outcome, None, raw)))

    def _nothing(self, finding: Finding) -> str:
        """Why nothing can come of a finding, whatever else is found; "" if something may."""
        if finding.op in _ERASES:
            return ""
        if finding.op in _NOTHING:
            return finding.reason or finding.op
        if finding.elsewhere:
            return "elsewhere"
        if finding.op == "create" and finding.direction in ("none", "peer"):
            return finding.direction
        if finding.at_us is None and self._undated_us is None:
            return "undated"
        return ""

    def records(self) -> Iterator[Record]:
        """Every record, in the order of event times; the same each time for the same input."""
        seen = Seen()
        for row in self.sorter:
            entry = self._decode(row.content)
            record = self._record(entry, seen)
            if record is not None:
                yield record

    def _record(self, entry: Entry, seen: Seen) -> Record | None:
        platform, finding = self._sources[entry.source].platform, entry.finding
        if finding is None:
            assert entry.made is not None
            return self._checked(entry, entry.made.fields, entry.raw)
        if self._raw:
            at_ms = (finding.at_us or 0) // 1_000
            self.tally.count(platform, "delivery", at_ms, self._now_ms)
            return Record("raw", platform, finding.actor.encode(), entry.raw)
        if finding.op in _ERASES:
            return self._erasure(platform, finding)
        accounts = self._options.accounts
        received_ms = None
        if finding.at_us is None and self._undated_us is not None:
            received_ms = self._undated_us // 1_000
        made = interaction(finding, platform, accounts, received_ms, seen)
        if isinstance(made, Skip):
            self.tally.ignored[platform, made.reason] += 1
            return None
        if isinstance(made, Refusal):
            self._refused(entry.source, entry.line, made, msgspec.json.encode(finding))
            return None
        return self._checked(entry, made, None)

    def _checked(self, entry: Entry, made: dict[str, object], raw: bytes | None) -> Record | None:
        """An interaction that the service will not refuse for itself; None if it would."""
        source = self._sources[entry.source]
        value = orjson.dumps(made)
        read = read_interaction(value, self._now_ms, self._policy)
        if not isinstance(read, Reject) and read.at_ms > self._now_ms + FUTURE_MS:
            read = Reject(Reason.FROM_THE_FUTURE, "occurred_at is later than now")
        if isinstance(read, Reject):
            self.tally.refused[read.reason] += 1
            self._refuse(name_of(source.path), entry.line, read, raw if raw else value)
            return None
        kind = f"{made['verb']} (undo)" if made.get("op") == "undo" else str(made["verb"])
        self.tally.count(source.platform, kind, read.at_ms, self._now_ms)
        key = relationship_key(str(made["brand"]), str(made["person"])).encode()
        return Record("log", source.platform, key, value)

    def _erasure(self, platform: str, finding: Finding) -> Record | None:
        """As the service does with the same delivery."""
        person = erased(finding, platform)
        if not isinstance(person, str):
            self.tally.ignored[platform, "no_person"] += 1
            return None
        account = finding.brand_account
        brand = self._options.accounts.brand(platform, account) if account else None
        self.tally.found[platform, "erasure"] += 1
        value = orjson.dumps({"brand": brand or ALL_BRANDS, "person": person})
        key = relationship_key(brand or ALL_BRANDS, person).encode()
        return Record("erasures", platform, key, value)

    def _refused(self, source: int, line: int, refusal: Refusal, raw: bytes) -> None:
        self.tally.refused[refusal.reason] += 1
        reject = Reject(refusal.reason, f"{refusal.path}: {refusal.expected}")
        self._refuse(name_of(self._sources[source].path), line, reject, raw)
