"""Links and erasures: all that follows from them was appended once, and who is forgotten is."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from stream_app.contracts.erasure import ALL_BRANDS
from stream_app.contracts.handed import decode_merge
from stream_app.contracts.partitioner import partition_of
from stream_app.domain.keys import relationship_key
from stream_app.domain.state import Relationship
from stream_app.domain.transitions import Stage
from stream_app.edge.log import KIND, Kind, header

from .again import Again, erasures, refused
from .kept import Kept, latest, names

Topic = Sequence[Sequence[Any]]
"""Records by partition."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What took part in a run."""

    links: int = 0
    merges: int = 0
    across: int = 0
    """Merges of a state that came from another partition."""
    handed_on: int = 0
    erasures: int = 0
    """Records of the log that say so: of every id, and for the other partitions."""


def count(log: Topic) -> Counts:
    """What of it stands in the log."""
    kinds: Counter[bytes] = Counter()
    across = 0
    for records in log:
        for one in records:
            kind = header(one.headers, KIND) or b""
            kinds[kind] += 1
            if kind == Kind.MERGE.encode():
                handed = decode_merge(one.value)
                source = relationship_key(handed.link.brand, handed.link.source).encode()
                home = partition_of(source, len(log))
                across += bool(handed.parts) and home != one.partition
    of = {kind: kinds[kind.encode()] for kind in Kind}
    return Counts(of[Kind.LINK], of[Kind.MERGE], across, of[Kind.FORWARDED], of[Kind.ERASE])


def appended(again: Again, log: Topic, rejects: Topic) -> list[str]:
    """What the service appended to its log and refused is what follows from what it read."""
    told = Counter(refused(one.value) for records in rejects for one in records)
    told = Counter({one: n for one, n in told.items() if one[0] in again.topics})
    return [
        *_differences("records appended to the log", again.appended, again.found(log)),
        *_differences("refusals", again.refused, told),
    ]


def _differences(what: str, wanted: Counter[Any], found: Counter[Any]) -> list[str]:
    few, many = wanted - found, found - wanted
    return [f"{what}: missing {_kinds(few)}, too many {_kinds(many)}"] if few or many else []


def _kinds(some: Counter[Any]) -> dict[str, int]:
    return dict(Counter(str(getattr(one, "kind", one[-1])) for one in some.elements()))


def left_behind(log: Topic, every: Iterable[Kept], states: Topic) -> tuple[int, list[str]]:
    """How many are forgotten, and what still knows of them: no state and no view may."""
    every = list(every)
    views = {key: view for records in states for key, view in latest(records).items()}
    brands = {key.partition(b"/")[0].decode() for kept in every for key in kept.parts}
    forgotten = _forgotten(log, brands)
    knowing = sum(names(kept, brand, person) for brand, person in forgotten for kept in every)
    shown = sum(
        1
        for brand, person in forgotten
        for view in views.values()
        if view["brand"] == brand
        and person in (view["person"], *(one["person"] for one in view["ids"]))
    )
    differences = [f"{knowing} states know of a forgotten person"] if knowing else []
    differences += [f"{shown} views show a forgotten person"] if shown else []
    return len(forgotten), differences


def _forgotten(log: Topic, brands: Iterable[str]) -> set[tuple[str, str]]:
    """Brand and person, where the last word is an erasure.

    That is what was asked for at the relationship's own partition, or what that one has told the
    others; the latter also of ids that went together with another one.
    """
    asked: dict[str, dict[tuple[int, str], tuple[int, bool]]] = defaultdict(dict)
    done: dict[tuple[str, str], bool] = {}
    let_in: set[str] = set()
    for turn, (record, one) in enumerate(erasures(log)):
        if one.is_done:
            done[one.brand, one.person] = one.consent
        elif not one.if_linked:
            asked[one.person][record.partition, one.brand] = turn, one.consent
            if one.consent and one.brand == ALL_BRANDS:
                let_in.add(one.person)
    found = {whom for whom, consent in done.items() if not consent and whom[1] not in let_in}
    for person, words in asked.items():
        for brand in {*brands, *(brand for _, brand in words)} - {ALL_BRANDS}:
            home = partition_of(relationship_key(brand, person).encode(), len(log))
            last = max(
                (words[home, name] for name in (brand, ALL_BRANDS) if (home, name) in words),
                default=(0, True),
            )
            if not last[1]:
                found.add((brand, person))
    return found


def views(relationships: Iterable[Relationship], states: Topic) -> list[str]:
    """Every relationship in a stage has a view, and each view tells its present stage."""
    told = {
        key: (view["epoch"], view["sequence"], view["stage"])
        for records in states
        for key, view in latest(records).items()
    }
    wrong = 0
    for rel in relationships:
        view = told.pop(relationship_key(rel.brand, rel.person).encode(), None)
        now = rel.epoch, rel.sequence, Stage(rel.stage).label
        wrong += view != now if view is not None or rel.stage else 0
    if wrong or told:
        return [f"{wrong} views tell another stage, {len(told)} are of nobody"]
    return []
