"""The stored form of a relationship: a head, and one part per pane, so that a commit of a hot
relationship writes the days that changed and not its whole history.

Most relationships are small: those keep their panes in the head, and are one record. A part is a
version byte and MessagePack. Every older version stays readable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, cast

import msgspec

from stream_app.contracts import wide
from stream_app.contracts.stored import ActV1, HeadV1, PaneV1, TouchV1
from stream_app.domain.act import Act
from stream_app.domain.credit import Touch
from stream_app.domain.memory import Memory
from stream_app.domain.pane import Pane
from stream_app.domain.policy import Policy
from stream_app.domain.remembered import Register
from stream_app.domain.rules import MEMBERS
from stream_app.domain.standing import Registers
from stream_app.domain.state import Relationship
from stream_app.domain.windows import UNKNOWN, Windows
from stream_app.domain.worth import Worth

VERSION: Final = b"\x01"
SMALL_PANES: Final = 4
SMALL_ACTS: Final = 12
"""A relationship of up to so many panes and acts is one record."""

HEAD: Final = b""


class StateTooNewError(Exception):
    """State was written by a newer release. Do: roll forward to that release again."""


_encode: Final = msgspec.msgpack.Encoder().encode
_decode_head: Final = wide.decoder(HeadV1)  # it has money
_decode_pane: Final = msgspec.msgpack.Decoder(PaneV1).decode


class RelationshipCodec:
    """Reads and writes relationships for a store of parts (a codec of the engine)."""

    def __init__(self, policy: Policy) -> None:
        self._policies = {policy.edition or policy.version: policy}

    def know(self, edition: str, policy: Policy) -> None:
        """Relationships may stand under this policy, the one that counts for `rules_version`."""
        self._policies[edition] = policy

    def load(self, get: Callable[[bytes], bytes | None]) -> Relationship | None:
        """The relationship whose parts `get(suffix)` gives; None if it has no head.

        It stands under the policy that it was stored under.

        Raises StateTooNewError, or msgspec.MsgspecError for damaged bytes.
        """
        stored = get(HEAD)
        return None if stored is None else self.load_behind(stored, get)

    def load_behind(self, stored: bytes, get: Callable[[bytes], bytes | None]) -> Relationship:
        """As `load`, if the head is there already."""
        head = _decode_head(_content(stored))
        rel = _relationship(head)
        for day in head.days:
            part = get(_suffix(day))
            if part is None:
                raise msgspec.DecodeError("a pane that the head names is missing")
            _take_up(rel, day, _pane(_decode_pane(_content(part)), stored=True))
        for day, inline in head.inline.items():
            _take_up(rel, day, _pane(inline, stored=False))
        policy = self._policies.get(head.rules_version)
        if policy is not None:
            rules = policy.rules_for(head.brand)
            if rules.reads_topic_fit:
                rel.note_topic_fit(rules)
        return rel

    def dump(self, rel: Relationship) -> Iterable[tuple[bytes, bytes | None]]:
        """The parts that changed since the last dump; None deletes one."""
        windows = rel.windows
        for day in windows.dropped or ():
            yield _suffix(day), None
        windows.dropped = None
        panes = windows.panes
        if len(panes) <= SMALL_PANES and len(rel.memory.acts) <= SMALL_ACTS:
            for day, pane in panes.items():
                pane.changed = False
                if pane.stored:
                    pane.stored = False
                    yield _suffix(day), None
            inline = {day: _pane_v1(pane) for day, pane in panes.items()}
            yield HEAD, VERSION + wide.encode(_head_v1(rel, [], inline))
            return
        for day, pane in panes.items():
            if pane.changed or not pane.stored:
                pane.changed, pane.stored = False, True
                yield _suffix(day), VERSION + _encode(_pane_v1(pane))
        yield HEAD, VERSION + wide.encode(_head_v1(rel, list(panes), {}))


def _take_up(rel: Relationship, day: int, pane: Pane) -> None:
    rel.windows.take_up(day, pane)
    rel.memory.recall(pane, day)


def _suffix(day: int) -> bytes:
    return day.to_bytes(4, "big")


def _content(part: bytes) -> bytes:
    if part[:1] != VERSION:
        raise StateTooNewError
    return part[1:]


def _act_v1(act: Act) -> ActV1:
    return ActV1(
        act.key,
        act.verb,
        act.inbound,
        act.kind,
        act.object,
        act.at_ms,
        act.number,
        act.in_effect,
        act.answered,
        act.sentiment,
        act.topics,
        act.booked,
    )


def _act(one: ActV1) -> Act:
    return Act(
        one.key,
        one.verb,
        one.inbound,
        one.kind,
        one.object,
        one.at_ms,
        one.number,
        one.in_effect,
        one.answered,
        one.sentiment,
        one.topics,
        one.booked,
    )


def _pane_v1(pane: Pane) -> PaneV1:
    return PaneV1(
        [_act_v1(act) for act in pane.acts],
        pane.counts(),
        pane.attention,
        pane.attraction,
        pane.affinity,
        pane.objections,
        pane.undos,
        pane.early,
    )


def _pane(found: PaneV1, *, stored: bool) -> Pane:
    return Pane(
        [_act(act) for act in found.acts],
        found.counts,
        found.attention,
        found.attraction,
        found.affinity,
        found.objections,
        found.undos,
        found.early,
        changed=False,
        stored=stored,
    )


def _head_v1(rel: Relationship, days: list[int], inline: dict[int, PaneV1]) -> HeadV1:
    windows = rel.windows
    return HeadV1(
        rel.brand,
        rel.person,
        rel.rules_version,
        rel.as_of,
        rel.epoch,
        rel.sequence,
        rel.stage,
        rel.since_ms,
        rel.records,
        rel.settled,
        rel.due_day,
        rel.memory.forgotten,
        windows.day,
        windows.next_exit,
        cast("list[int]", windows.sums[:MEMBERS]),
        days,
        rel.members.by_name or {},
        rel.blocks.by_name or {},
        rel.offers or [],
        rel.memory.purchases or [],
        [_pack(total) if total else b"" for total in rel.worth.sums],
        {topic: _pack(total) for topic, total in (rel.worth.topics or {}).items()},
        [TouchV1(touch.key, touch.method, touch.at_ms, touch.number) for touch in rel.touches],
        rel.highest,
        rel.credited,
        rel.undecided or [],
        inline,
        rel.linked or [],
    )


def _pack(total: int) -> bytes:
    """A sum is an integer of some 150 bits: more than MessagePack has."""
    return total.to_bytes(total.bit_length() // 8 + 1, "big", signed=True)


def _unpack(packed: bytes) -> int:
    return int.from_bytes(packed, "big", signed=True)


def _relationship(head: HeadV1) -> Relationship:
    members, blocks = _registers(head.members), _registers(head.blocks)
    return Relationship(
        brand=head.brand,
        person=head.person,
        as_of=head.as_of,
        windows=Windows(head.day, [*head.sums, members.on, UNKNOWN], {}, head.next_exit),
        memory=Memory(purchases=head.purchases or None, forgotten=head.forgotten),
        members=members,
        blocks=blocks,
        offers=head.offers or None,
        worth=Worth(
            [_unpack(total) for total in head.worth],
            {topic: _unpack(total) for topic, total in head.topics.items()} or None,
        ),
        touches=[Touch(one.key, one.method, one.at_ms, one.number) for one in head.touches],
        touches_from_ms=min((touch.at_ms for touch in head.touches), default=0),
        highest=head.highest,
        credited=head.credited,
        rules_version=head.rules_version,
        epoch=head.epoch,
        sequence=head.sequence,
        stage=head.stage,
        since_ms=head.since_ms,
        records=head.records,
        settled=head.settled,
        due_day=head.due_day,
        undecided=head.undecided or None,
        linked=head.linked or None,
    )


def _registers(by_name: dict[str, Register]) -> Registers:
    return Registers(by_name or None, sum(register.on for register in by_name.values()))
