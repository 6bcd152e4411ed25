"""Who is one person: links, merges, and what is handed on from one id to another.

A link is processed where `from` is: its relationship ends, an alias stands in its place, and its
state goes as a record of the log to where `to` is, in the same transaction. There it is merged,
once, for the log has it once. What comes for `from` later is handed on the same way.

Every record that is handed on carries the ids that it passed. Where aliases go round in a circle
(two links against each other at the same time), the smallest id of it takes its place again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import msgspec
import orjson

from stream_app.contracts.erasure import Erasure
from stream_app.contracts.handed import (
    LONGEST_PATH,
    Merge,
    decode_link,
    decode_merge,
    encode,
    handed_on,
    next_of,
)
from stream_app.contracts.link import Link, read_link
from stream_app.contracts.state import RelationshipCodec
from stream_app.domain.clock import DAY_MS
from stream_app.domain.identity import end, merge, unlink
from stream_app.domain.keys import relationship_key
from stream_app.domain.ledger import OPEN_DAYS
from stream_app.domain.linked import Alias, Linked, named, still_linked, without
from stream_app.domain.policy import Policy
from stream_app.domain.rejects import Reject
from stream_app.domain.state import Relationship
from stream_app.edge import names
from stream_app.edge.forgetting import Forgetting
from stream_app.edge.log import KIND, PATH, PERSON, RECORDED_AT, Kind, header, origin, recorded_ms
from stream_app.edge.outputs import Outputs
from stream_app.edge.states import State
from stream_app.edge.topics import Topics
from stream_app.engine import Record, Unit

if TYPE_CHECKING:
    from stream_app.edge.work import Work


class People:
    """Reads links, keeps aliases, hands on and merges."""

    def __init__(
        self,
        policy: Policy,
        topics: Topics,
        outputs: Outputs,
        forgetting: Forgetting,
        plan: Callable[[Unit[State], bytes, Relationship], None],
    ) -> None:
        """`plan` puts a relationship into the index of silence."""
        self._topics = topics
        self._outputs = outputs
        self._forgetting = forgetting
        self._plan = plan
        self._codec = RelationshipCodec(policy)

    # -- the topic of links

    def read(self, unit: Unit[State], record: Record, work: Work) -> None:
        """A publisher's link goes into the log, where `from` is; or it is refused."""
        link = read_link(record.value, record.timestamp)
        if isinstance(link, Reject):
            self._outputs.reject(unit, self._topics.links, record, link)
            return
        where = origin(self._topics.links, unit.partition, record.offset).decode()
        self._send_link(unit, msgspec.structs.replace(link, record=where))
        work.counts["passed_on"] += 1

    def _send_link(self, unit: Unit[State], link: Link) -> None:
        self._send(unit, Kind.LINK, link.brand, link.source, encode(link))

    def _send(self, unit: Unit[State], kind: Kind, brand: str, person: str, value: bytes) -> None:
        key = relationship_key(brand, person).encode()
        unit.emit(self._topics.log, key, value, headers=[(KIND, kind.encode())])

    # -- records of the log

    def take(self, unit: Unit[State], work: Work, record: Record, kind: bytes) -> None:
        """A link, an unlinking or a merge that the service appended."""
        work.journal.oldest = record.timestamp // DAY_MS - OPEN_DAYS
        if kind == b"merge":
            self._merge(unit, work, decode_merge(record.value or b""))
        elif kind == b"unlink":
            self._note_unlinked(unit, work, decode_link(record.value or b""))
        else:
            link = decode_link(record.value or b"")
            if link.undo:
                self._unlink(unit, work, link)
            else:
                self._link(unit, work, link)

    def _link(self, unit: Unit[State], work: Work, link: Link) -> None:
        key = relationship_key(link.brand, link.source).encode()
        state = unit.get(key)
        alias = Alias(link.to, link.at_ms, link.record, 0, 0)
        rel: Relationship | None = None
        if isinstance(state, Alias):
            if state.to is not None:
                self._follow(unit, work, link, state.to)
                return
            alias = msgspec.structs.replace(
                alias, epoch=state.epoch, sequence=state.sequence, linked=state.linked
            )
        elif isinstance(state, Relationship):
            if any(one.person == link.to for one in still_linked(state.linked)):
                work.counts["duplicate"] += 1  # they are one person already, the other way round
                return
            rel = state
        elif self._forgetting.is_gone(unit, work, link.brand, link.source):
            work.counts["erased"] += 1
            return
        parts: dict[bytes, bytes] = {}
        if rel is not None:
            self._end(unit, work, key, rel)
            alias = msgspec.structs.replace(
                alias, epoch=rel.epoch, sequence=rel.sequence, linked=still_linked(rel.linked)
            )
            names.note(unit, key, link.brand, (), named(alias.linked))
            parts = handed_on(self._codec, rel)
        unit.delete(key)  # with all its parts
        unit.put(key, alias)
        handed = msgspec.structs.replace(link, path=(link.source,))
        self._send(unit, Kind.MERGE, link.brand, link.to, encode(Merge(handed, parts)))
        work.counts["link"] += 1

    def _follow(self, unit: Unit[State], work: Work, link: Link, to: str) -> None:
        """`from` is somebody else's already: whose it is, is one with the new one."""
        path = (*link.path, link.source)
        if to == link.to or to in path or link.to in path or len(path) > LONGEST_PATH:
            work.counts["duplicate"] += 1
            return
        self._send_link(unit, msgspec.structs.replace(link, source=to, path=path))
        work.counts["forwarded"] += 1

    def _end(self, unit: Unit[State], work: Work, key: bytes, rel: Relationship) -> None:
        rules = work.partition.rules_for(rel.brand)
        moves = end(rel, work.partition.watermark, rules, work.journal)
        self._outputs.moves(unit, key, moves)
        self._forgetting.leave(unit, work, key, rel)

    def _merge(self, unit: Unit[State], work: Work, handed: Merge) -> None:
        link = handed.link
        key = relationship_key(link.brand, link.to).encode()
        state = unit.get(key)
        source = self._codec.load(handed.parts.get)
        since = Linked(link.source, link.at_ms, link.record)
        ids = (since, *(still_linked(source.linked) if source is not None else ()))
        if isinstance(state, Alias) and state.to is not None:
            step = next_of(state.to, link.path, link.to)
            if step is not None:
                self._merge_on(unit, work, handed, state, ids, step)
                return
        start_ms = link.at_ms if source is None else source.as_of
        into = self.taken_up(unit, work, link.brand, link.to, start_ms)
        if into is None:
            for one in ids:
                told = Erasure(link.brand, one.person, path=(link.to,), if_linked=True)
                self._forgetting.send(unit, told)
            work.counts["erased"] += 1
            return
        rules = work.partition.rules_for(link.brand)
        if source is None:
            source = Relationship.starting(link.brand, link.source, into.as_of, rules)
        if isinstance(state, Alias):
            unit.delete(key)
        before = named(into.linked)
        moves = merge(into, source, since, work.partition.watermark, rules, work.journal)
        fresh = named(into.linked) - before
        into.linked = without(into.linked, self._gone(unit, work, link.brand, fresh))
        names.note(unit, key, link.brand, before, named(into.linked))
        self._keep(unit, work, key, into)
        self._outputs.moves(unit, key, moves)
        work.counts["merged"] += 1

    def _merge_on(
        self,
        unit: Unit[State],
        work: Work,
        handed: Merge,
        alias: Alias,
        ids: Iterable[Linked],
        step: str,
    ) -> None:
        """A state came to an id that is somebody else's by now: its `ids` are noted, it goes on."""
        link = handed.link
        key = relationship_key(link.brand, link.to).encode()
        fresh = {one.person for one in ids if one.person != step}
        fresh -= self._gone(unit, work, link.brand, fresh)
        grown = alias.with_ids(one for one in ids if one.person in fresh)
        names.note(unit, key, link.brand, named(alias.linked), named(grown.linked))
        unit.put(key, grown)
        link = msgspec.structs.replace(link, to=step, path=(*link.path, link.to))
        self._send(unit, Kind.MERGE, link.brand, step, encode(Merge(link, handed.parts)))
        work.counts["forwarded"] += 1

    def _gone(self, unit: Unit[State], work: Work, brand: str, persons: set[str]) -> set[str]:
        """Who of them was forgotten while what names them was on its way."""
        return {one for one in persons if self._forgetting.is_gone(unit, work, brand, one)}

    def _keep(self, unit: Unit[State], work: Work, key: bytes, rel: Relationship) -> None:
        unit.put(key, rel)
        work.views[key] = rel
        self._plan(unit, key, rel)

    def _unlink(self, unit: Unit[State], work: Work, link: Link) -> None:
        key = relationship_key(link.brand, link.source).encode()
        state = unit.get(key)
        if not isinstance(state, Alias) or state.to != link.to:
            work.counts["nothing_to_undo"] += 1
            return
        unit.put(key, msgspec.structs.replace(state, to=None))
        others = tuple(one.person for one in state.linked)
        told = msgspec.structs.replace(link, others=others)
        self._send(unit, Kind.UNLINK, link.brand, link.to, encode(told))
        work.counts["link"] += 1

    def _note_unlinked(self, unit: Unit[State], work: Work, link: Link) -> None:
        key = relationship_key(link.brand, link.to).encode()
        state = unit.get(key)
        work.counts["link"] += 1
        ids = (link.source, *link.others)
        if isinstance(state, Alias):
            alias = state.without_ids(ids)
            names.note(unit, key, link.brand, named(state.linked), named(alias.linked))
            unit.put(key, alias)
            path = (*link.path, link.to)
            if state.to is not None and state.to not in path:
                onward = msgspec.structs.replace(link, to=state.to, path=path)
                self._send(unit, Kind.UNLINK, link.brand, state.to, encode(onward))
        elif isinstance(state, Relationship) and unlink(state, ids, link.at_ms):
            self._keep(unit, work, key, state)

    # -- interactions of ids that are no more

    def hand_on(
        self, unit: Unit[State], work: Work, record: Record, alias: Alias, brand: str, here: str
    ) -> bool:
        """Hand an interaction on to whose it is. False: it stays."""
        headers: Any = record.headers or ()
        told = header(headers, PATH)
        path = tuple(orjson.loads(told)) if told else ()
        if alias.to is None:
            return False
        step = next_of(alias.to, path, here)
        if step is None:
            return False
        ours = (KIND, RECORDED_AT, PERSON, PATH)
        kept = [pair for pair in headers if pair[0] not in ours]
        first = recorded_ms(headers, record.timestamp)
        kept += [
            (KIND, Kind.FORWARDED.encode()),
            (RECORDED_AT, b"%d" % first),
            (PERSON, step.encode()),
            (PATH, orjson.dumps([*path, here])),
        ]
        key = relationship_key(brand, step).encode()
        unit.emit(self._topics.log, key, record.value, headers=kept)
        work.counts["forwarded"] += 1
        return True

    def taken_up(
        self, unit: Unit[State], work: Work, brand: str, person: str, at_ms: int
    ) -> Relationship | None:
        """The relationship of an id: as it is, or begun anew. None: the person is forgotten."""
        key = relationship_key(brand, person).encode()
        state = unit.get(key)
        if isinstance(state, Relationship):
            return state
        epoch = sequence = 0
        linked: tuple[Linked, ...] = ()
        if isinstance(state, Alias):
            epoch, sequence, linked = state.epoch, state.sequence, state.linked
        else:
            found = self._forgetting.epoch_of(unit, work, brand, person)
            if found is None:
                return None
            epoch = found
        rel = work.partition.starting(brand, person, at_ms)
        rel.epoch, rel.sequence, rel.linked = epoch, sequence, list(linked) or None
        return rel
