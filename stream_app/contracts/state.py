"""The stored form of a relationship: a head, and parts for its panes, so that a commit of a hot
relationship writes what came and not its whole history.

Most relationships are small: those keep their panes in the head, and are one record. A part is a
version byte and MessagePack. Every older version stays readable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, cast

from stream_app.contracts import wide
from stream_app.contracts.panes import (
    VERSION,
    Part,
    content,
    dropped,
    dump_pane,
    load_pane,
    pane_of,
    pane_v1,
)
from stream_app.contracts.stored import HeadV1, PaneV1
from stream_app.contracts.touched import touches_of, touches_v1
from stream_app.domain.memory import Memory
from stream_app.domain.pane import Pane
from stream_app.domain.policy import Policy
from stream_app.domain.remembered import Register
from stream_app.domain.rules import MEMBERS
from stream_app.domain.standing import Registers
from stream_app.domain.state import Relationship
from stream_app.domain.windows import UNKNOWN, Windows
from stream_app.domain.worth import Worth

SMALL_PANES: Final = 4
SMALL_ACTS: Final = 12
"""A relationship of up to so many panes and acts is one record."""

HEAD: Final = b""


_decode_head: Final = wide.decoder(HeadV1)  # it has money


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

        Raises NewerFormatError, or msgspec.MsgspecError for damaged bytes.
        """
        stored = get(HEAD)
        return None if stored is None else self.load_behind(stored, get)

    def load_behind(self, stored: bytes, get: Callable[[bytes], bytes | None]) -> Relationship:
        """As `load`, if the head is there already."""
        head = _decode_head(content(stored))
        rel = _relationship(head)
        for day in head.days:
            _take_up(rel, day, load_pane(day, get))
        for day, inline in head.inline.items():
            _take_up(rel, day, pane_of(inline, stored=False))
        rel.touches = touches_of(head.touches, head.touched, list(rel.windows.panes.values()))
        rel.touches_from_ms = min([touch.at_ms for touch in rel.touches], default=0)
        policy = self._policies.get(head.rules_version)
        if policy is not None:
            rules = policy.rules_for(head.brand)
            if rules.reads_topic_fit:
                rel.note_topic_fit(rules)
        return rel

    def dump(self, rel: Relationship) -> Iterable[Part]:
        """The parts that changed since the last dump; None deletes one."""
        windows = rel.windows
        for day, blocks in windows.dropped or ():
            yield from dropped(day, blocks)
        windows.dropped = None
        panes = windows.panes
        if len(panes) <= SMALL_PANES and len(rel.memory.acts) <= SMALL_ACTS:
            for day, pane in panes.items():
                pane.changed = False
                if pane.stored:
                    yield from dropped(day, pane.blocks)
                    pane.stored, pane.blocks = False, None
            inline = {day: pane_v1(pane) for day, pane in panes.items()}
            yield HEAD, VERSION + wide.encode(_head_v1(rel, [], inline))
            return
        for day, pane in panes.items():
            if pane.changed or not pane.stored:
                yield from dump_pane(day, pane)
        yield HEAD, VERSION + wide.encode(_head_v1(rel, list(panes), {}))


def _take_up(rel: Relationship, day: int, pane: Pane) -> None:
    rel.windows.take_up(day, pane)
    rel.memory.recall(pane, day)


def _head_v1(rel: Relationship, days: list[int], inline: dict[int, PaneV1]) -> HeadV1:
    windows = rel.windows
    touches, touched = touches_v1(rel)
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
        touches,
        rel.highest,
        rel.credited,
        rel.undecided or [],
        inline,
        rel.linked or [],
        touched,
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
        touches=[],  # when the acts are there
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
