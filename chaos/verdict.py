"""What the service wrote against what a replay of its log gives: transitions, refusals, states."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson

from stream_app.config import ServiceSettings
from stream_app.demo import check
from stream_app.demo.reading import read_all
from stream_app.edge.log import KIND, SOURCE, Kind, header, recorded_ms
from stream_app.replay import Replay

from . import people_check
from .again import Again, erasures
from .feed import PLATFORM
from .kept import POLICY, Kept, canonical, read_changelog
from .people_check import Counts, Topic

_Row = tuple[str, str, str, str]


@dataclass(slots=True)
class Verdict:
    """How a run came out. Exact if there are no differences."""

    records: int = 0
    deliveries: int = 0
    relationships: int = 0
    transitions: int = 0
    refusals: int = 0
    states: int = 0
    reports: int = 0
    commits: int = 0
    people: Counts = field(default_factory=Counts)
    forgotten: int = 0
    differences: list[str] = field(default_factory=list)

    @property
    def exact(self) -> bool:
        """Nothing lost, repeated or half done."""
        return not self.differences


async def judge(settings: ServiceSettings) -> Verdict:
    """Read everything that is committed, and compare."""
    topics = settings.topics
    raw, changelog = topics.raw(PLATFORM), f"{settings.application_id}-state-changelog"
    names = (
        *(topics.log, raw, topics.costs, topics.links, topics.erasures),
        *(topics.transitions, topics.rejects, topics.methods, topics.states, changelog),
    )
    found: dict[str, list[list[Any]]] = {name: [] for name in names}
    for place, records in sorted(
        (await read_all(settings.broker, names, settings.partitions)).items()
    ):
        found[place.topic].append(records)
    log = found[topics.log]
    verdict = Verdict(deliveries=sum(map(len, found[raw])), people=people_check.count(log))
    replayed = _replayed(log, found[topics.costs], settings)
    _check_transitions(verdict, replayed, found[topics.transitions])
    _check_refusals(verdict, replayed, found[topics.rejects], topics.log)
    _check_reports(verdict, replayed, found[topics.methods])
    _check_log(verdict, log, found[raw], found[topics.rejects], settings)
    with TemporaryDirectory() as folder:
        again = Again(settings, Path(folder))
        try:
            again.read(found)
            verdict.differences += people_check.appended(again, log, found[topics.rejects])
            every = _check_states(verdict, replayed, again, log, found[changelog])
        finally:
            again.close()
    everybody = [one for n in range(settings.partitions) for one in replayed.core.relationships(n)]
    verdict.differences += people_check.views(everybody, found[topics.states])
    verdict.forgotten, left = people_check.left_behind(log, every, found[topics.states])
    verdict.differences += left
    return verdict


class _Replayed:
    """A replay, and the transitions that it gave."""

    def __init__(self, settings: ServiceSettings) -> None:
        self.core = Replay(POLICY, settings.application_id, settings.partitions, reports=True)
        self.moves: dict[bytes, list[bytes]] = defaultdict(list)

    def file(self, moves: Iterable[bytes]) -> None:
        """Keep transitions by relationship."""
        for move in moves:
            told = orjson.loads(move)
            self.moves[f"{told['brand']}/{told['person']}".encode()].append(move)


def _replayed(
    log: Sequence[Sequence[Any]], costs: Sequence[Sequence[Any]], settings: ServiceSettings
) -> _Replayed:
    replayed = _Replayed(settings)
    for number, records in enumerate(log):
        lines, _ = check.lines(records, number, settings.partitions, POLICY)
        for line in lines:
            outcome = replayed.core.feed(line)
            replayed.file(outcome if isinstance(outcome, list) else ())
    replayed.file(replayed.core.finish())
    for records in costs:
        for record in records:
            told = orjson.loads(record.value)
            if record.key == f"{told['brand']}/{told['method']}".encode():
                at_ms = recorded_ms(record.headers, record.timestamp)
                replayed.core.feed_cost(orjson.dumps({**told, "recorded_at": at_ms}))
    return replayed


def _check_transitions(verdict: Verdict, replayed: _Replayed, found: list[list[Any]]) -> None:
    written = check.by_relationship([record for records in found for record in records])
    told = check.compare(check.Expected(moves=dict(replayed.moves)), written, {})
    verdict.relationships, verdict.transitions = told.relationships, sum(map(len, found))
    if told.differing:
        verdict.differences.append(f"transitions of {told.differing} relationships: {told.first}")


def _check_refusals(
    verdict: Verdict, replayed: _Replayed, found: list[list[Any]], log: str
) -> None:
    """Each refused record of the log stands there once, for the reason that the replay gives."""
    told = [orjson.loads(record.value) for records in found for record in records]
    verdict.refusals = len(told)
    places = Counter(
        (one["source"]["topic"], one["source"]["partition"], one["source"]["offset"])
        for one in told
    )
    if twice := sum(1 for count in places.values() if count > 1):
        verdict.differences.append(f"{twice} records are refused twice")
    reasons = Counter(one["reason"] for one in told if one["source"]["topic"] == log)
    expected = Counter({str(why): count for why, count in replayed.core.tally.refused.items()})
    if +expected != +reasons:
        verdict.differences.append(f"refusals: expected {dict(expected)}, found {dict(reasons)}")


def _check_log(
    verdict: Verdict,
    log: list[list[Any]],
    raw: list[list[Any]],
    rejects: list[list[Any]],
    settings: ServiceSettings,
) -> None:
    """Each delivery was appended once, but for those of persons who are to be forgotten."""
    verdict.records = sum(map(len, log))
    adapted: Counter[bytes] = Counter()
    for records in log:
        for record in records:
            kind = header(record.headers, KIND)
            if kind == Kind.ADAPTED.encode():
                adapted[header(record.headers, SOURCE) or b""] += 1
    refused = Counter(
        b"%s/%d/%d" % (place["topic"].encode(), place["partition"], place["offset"])
        for records in rejects
        for record in records
        for place in [orjson.loads(record.value)["source"]]
        if place["topic"] == settings.topics.raw(PLATFORM)
    )
    sources = Counter(_source(record) for records in raw for record in records)
    asked = {one.person for _, one in erasures(log)}
    may_miss = Counter(
        _source(record)
        for records in raw
        for record in records
        if f"{PLATFORM}:{(record.key or b'').decode()}" in asked
    )
    twice, few = (adapted + refused) - sources, sources - (adapted + refused) - may_miss
    if twice or few:
        verdict.differences.append(f"deliveries: {len(twice)} too many, {len(few)} too few")


def _source(record: Any) -> bytes:
    return b"%s/%d/%d" % (record.topic.encode(), record.partition, record.offset)


def _check_reports(verdict: Verdict, replayed: _Replayed, found: list[list[Any]]) -> None:
    """The last revision of each row is the replay's, and no revision is missing or there twice.

    What the partitions count goes to the method's own partition in records that are applied once.
    """
    rows: dict[_Row, dict[str, Any]] = {}
    for records in found:
        for record in records:
            row = orjson.loads(record.value)
            key = _row(row)
            if row["revision"] != rows.get(key, {"revision": 0})["revision"] + 1:
                verdict.differences.append(f"revision {row['revision']} of a report is misplaced")
                return
            rows[key] = row
    wanted = {_row(row): row for row in map(orjson.loads, replayed.core.reports())}
    wanted = {
        key: row
        for key, row in wanted.items()
        if key[2] == "day" or (*key[:2], "day", key[3]) in wanted  # trailing rows of such days only
    }
    verdict.reports = len(rows)
    wrong = [
        key
        for key in wanted.keys() | rows.keys()
        if (wanted.get(key, {}) | {"revision": 0}) != (rows.get(key, {}) | {"revision": 0})
    ]
    if wrong:
        verdict.differences.append(
            f"{len(wrong)} reports differ ({len(wanted)} expected, {len(rows)} found)"
        )


def _row(row: dict[str, Any]) -> _Row:
    return row["brand"], row["method"], row["period"], row["day"]


def _check_states(
    verdict: Verdict, replayed: _Replayed, again: Again, log: Topic, changelog: Topic
) -> list[Kept]:
    """The states in the changelog are those of the replay, to the last byte; marks, too."""
    every: list[Kept] = []
    for number, records in enumerate(changelog):
        kept = read_changelog(records)
        every.append(kept)
        verdict.differences += kept.problems
        verdict.commits += kept.commits
        verdict.states += len(kept.relationships)
        watermark = replayed.core.watermark(number)
        found = {key: canonical(rel, watermark) for key, rel in kept.relationships.items()}
        expected = {
            f"{rel.brand}/{rel.person}".encode(): canonical(rel, watermark)
            for rel in replayed.core.relationships(number)
        }
        _compare(verdict, "states", expected, found)
        _compare(verdict, "aliases", again.aliases(number), kept.aliases)
        _compare(verdict, "names", again.named(number), kept.named)
        _compare(verdict, "marks", again.marks(log, number, kept.meta), kept.gone)
    return every


def _compare(
    verdict: Verdict, what: str, expected: Mapping[bytes, object], found: Mapping[bytes, object]
) -> None:
    wrong = [key for key in expected.keys() | found.keys() if expected.get(key) != found.get(key)]
    if wrong:
        verdict.differences.append(
            f"{len(wrong)} {what} differ ({len(expected)} expected, {len(found)} found)"
        )
