"""What the service wrote against what a replay of its log gives: transitions, refusals, states."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from stream_app.config import ServiceSettings
from stream_app.contracts.policy import default_policy
from stream_app.demo import check
from stream_app.demo.reading import read_all
from stream_app.domain.relationship import settle
from stream_app.domain.state import Relationship
from stream_app.edge.log import KIND, SOURCE, Kind, header, recorded_ms
from stream_app.edge.states import StateCodec
from stream_app.engine.wire import (
    POSITION_KEY,
    STATE_TAG,
    is_sealed,
    read_position,
    unseal,
)
from stream_app.replay import Replay

from .feed import PLATFORM

_POLICY: Final = default_policy()
Parts = dict[bytes, dict[bytes, bytes]]
Canonical = dict[bytes, bytes | None]
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
        *(topics.log, raw, topics.costs, topics.transitions, topics.rejects, topics.methods),
        changelog,
    )
    found: dict[str, list[list[Any]]] = {name: [] for name in names}
    for place, records in sorted(
        (await read_all(settings.broker, names, settings.partitions)).items()
    ):
        found[place.topic].append(records)
    verdict = Verdict(deliveries=sum(map(len, found[raw])))
    replayed = _replayed(found[topics.log], found[topics.costs], settings)
    _check_transitions(verdict, replayed, found[topics.transitions])
    _check_refusals(verdict, replayed, found[topics.rejects], topics.log)
    _check_reports(verdict, replayed, found[topics.methods])
    _check_log(verdict, found[topics.log], found[raw], found[topics.rejects], settings)
    for number, records in enumerate(found[changelog]):
        _check_states(verdict, replayed, number, records)
    return verdict


class _Replayed:
    """A replay, and the transitions that it gave."""

    def __init__(self, settings: ServiceSettings) -> None:
        self.core = Replay(_POLICY, settings.application_id, settings.partitions, reports=True)
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
        lines, _ = check.lines(records, number, settings.partitions, _POLICY)
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
    """Each delivery, and each record that stood in the wrong place, was appended once."""
    verdict.records = sum(map(len, log))
    adapted: Counter[bytes] = Counter()
    rekeyed: Counter[bytes] = Counter()
    for records in log:
        for record in records:
            kind = header(record.headers, KIND)
            if kind == Kind.ADAPTED.encode():
                adapted[header(record.headers, SOURCE) or b""] += 1
            elif kind == Kind.REKEYED.encode():
                rekeyed[header(record.headers, SOURCE) or b""] += 1
    refused = Counter(
        b"%s/%d/%d" % (place["topic"].encode(), place["partition"], place["offset"])
        for records in rejects
        for record in records
        for place in [orjson.loads(record.value)["source"]]
        if place["topic"] != settings.topics.log
    )
    sources = Counter(
        b"%s/%d/%d" % (record.topic.encode(), record.partition, record.offset)
        for records in raw
        for record in records
    )
    if adapted + refused != sources:
        wrong = len((adapted + refused) - sources), len(sources - (adapted + refused))
        verdict.differences.append(f"deliveries: {wrong[0]} too many, {wrong[1]} too few")
    if max(rekeyed.values(), default=1) > 1:
        verdict.differences.append("a record was appended twice under its right key")


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
    verdict: Verdict, replayed: _Replayed, number: int, changelog: Sequence[Any]
) -> None:
    """The states in the changelog are those of the replay, to the last byte."""
    stored: Parts = defaultdict(dict)
    last = 0
    for record in changelog:
        key, value = record.key, record.value
        if value is not None and not is_sealed(key, value):
            verdict.differences.append(f"a damaged record of the changelog, offset {record.offset}")
        elif key == POSITION_KEY:
            commit = read_position(value).commit
            if commit <= last:
                verdict.differences.append(f"commit {commit} stands behind commit {last}")
            last = commit
        elif key[:1] == STATE_TAG:
            size = int.from_bytes(key[1:3], "big")
            name, part = key[3 : 3 + size], key[3 + size :]
            if value is None:
                stored[name].pop(part, None)
            else:
                stored[name][part] = unseal(value)
    verdict.commits += last
    found: dict[bytes, Canonical] = {}
    watermark = replayed.core.watermark(number)
    for name, parts in stored.items():
        state = StateCodec(_POLICY).load(parts.get) if parts else None
        if isinstance(state, Relationship):
            found[name] = _canonical(state, watermark)
    expected = {
        f"{rel.brand}/{rel.person}".encode(): _canonical(rel, watermark)
        for rel in replayed.core.relationships(number)
    }
    verdict.states += len(found)
    wrong = [key for key in expected.keys() | found.keys() if expected.get(key) != found.get(key)]
    if wrong:
        verdict.differences.append(
            f"{len(wrong)} states differ ({len(expected)} expected, {len(found)} found)"
        )


def _canonical(rel: Relationship, watermark: int | None) -> Canonical:
    """All parts of a state as of the watermark.

    Left out are hints that may differ: where it stands in the index, and from when on it must be
    looked for panes that leave a window (a lower bound).
    """
    if watermark is not None:
        settle(rel, watermark, _POLICY.rules_for(rel.brand))
    rel.due_day = None
    rel.windows.next_exit = 0
    for pane in rel.windows.panes.values():
        pane.changed = True
    return {part: value for part, value in StateCodec(_POLICY).dump(rel) if value is not None}
