"""The policy of each partition: taken from its log, appended to it, walked through its states.

A worker that starts with another policy than a partition has appends it to that partition's log,
once. What decides is always what the partition has last taken from its log, whichever worker has
it. Of workers that started with different files the one that started last is right: an older one
never goes back to its own.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Final, cast

import msgspec

from stream_app.contracts.policy import default_policy, policy_of
from stream_app.contracts.policy_record import read_policy, write_policy
from stream_app.domain.partition import Partition
from stream_app.domain.policy import Policy
from stream_app.domain.rejects import Reject
from stream_app.domain.revision import Reign, edition_of, follow, succeed
from stream_app.domain.state import Relationship
from stream_app.edge.log import KIND, Kind
from stream_app.edge.reigns import STATE_KEY, Reigns, Taken
from stream_app.engine import Record, Unit

if TYPE_CHECKING:
    from stream_app.edge.states import State, StateCodec

STATES_PER_TURN: Final = 1_000
"""States that are looked at after a change of the policy before records get their turn again."""

CatchUp = Callable[["Unit[State]", bytes, Relationship], None]


@lru_cache(maxsize=64)
def _policy(content: bytes, edition: str) -> Policy:
    """One object for all partitions that have taken the same as the same."""
    return msgspec.structs.replace(policy_of(content), edition=edition)


class Policies:
    """What one worker does about policies."""

    def __init__(self, policy: Policy, log: str, codec: StateCodec, started_ms: int) -> None:
        """`policy` is that of the worker's file, read when it started, at `started_ms`."""
        self._file = policy
        self._log = log
        self._codec = codec
        self._started_ms = started_ms

    def open(self, unit: Unit[State]) -> Reigns:
        """What the partition has taken; of a new one the worker's own policy is the first."""
        found = unit.get(STATE_KEY)
        if isinstance(found, Reigns):
            reigns = found
            reigns.chain = [
                Reign(_policy(one.content, one.edition), one.number, one.watermark, one.restaged)
                for one in reigns.taken
            ]
        else:
            reigns = Reigns([Taken(self._file.content, "", 0, None, True)])
            reigns.chain = [Reign(self._file, 0, None)]
            reigns.in_log = bool(unit.meta) or self._file.version == default_policy().version
        for reign in reigns.chain:
            self._codec.know(reign.edition, reign.policy)
        return reigns

    def announce(self, unit: Unit[State], reigns: Reigns, now_ms: int) -> None:
        """Append the worker's policy to the log, if the partition has another and it is due."""
        ours = self._file.version
        if reigns.announced:
            if reigns.announced == ours or self._started_ms <= reigns.announced_ms:
                return
        elif reigns.newest.policy.version == ours:
            if reigns.in_log:
                return
        elif self._started_ms <= reigns.since_ms:
            return
        unit.emit(
            self._log,
            b"",
            write_policy(self._file),
            partition=unit.partition,
            headers=[(KIND, Kind.POLICY.encode())],
        )
        reigns.announced, reigns.announced_ms = ours, now_ms
        self._put(unit, reigns)

    def keep(self, unit: Unit[State], reigns: Reigns) -> None:
        """See to it that the first policy of a partition is remembered."""
        if not reigns.is_stored:
            self._put(unit, reigns)

    def _put(self, unit: Unit[State], reigns: Reigns) -> None:
        reigns.is_stored = True
        unit.put(STATE_KEY, reigns)

    def take(
        self, unit: Unit[State], partition: Partition, reigns: Reigns, record: Record
    ) -> Reject | None:
        """A policy in the log: from here on it decides. What is no policy is refused."""
        read = read_policy(record.value)
        if isinstance(read, Reject):
            return read
        version = read.policy.version
        if version == reigns.announced:
            reigns.announced = ""
        reigns.in_log, reigns.since_ms = True, record.timestamp
        self._put(unit, reigns)
        newest = reigns.newest
        if version == newest.policy.version:
            return None
        edition = edition_of(version, newest.number + 1)
        policy = _policy(read.policy.content, edition)
        reign = follow(newest, policy, partition.watermark)
        self._codec.know(reign.edition, policy)
        reigns.add(reign, edition)
        succeed(partition, reign, record.timestamp)
        return None

    def walk_pending(self, unit: Unit[State], reigns: Reigns, catch_up: CatchUp) -> None:
        """Revise what waits to be written: the walk, which goes through the store, may miss it."""
        for key in unit.pending_keys():
            self._revise(unit, reigns, key, catch_up)

    def walk(self, unit: Unit[State], reigns: Reigns, catch_up: CatchUp) -> bool:
        """Revise the next states after a change of the policy. True if there are more."""
        if reigns.place is None:
            return False
        keys, reigns.place = unit.stored_keys(reigns.place, STATES_PER_TURN)
        for key in keys:
            self._revise(unit, reigns, key, catch_up)
        if reigns.place is None:
            reigns.forget_older()
        self._put(unit, reigns)
        return reigns.place is not None

    def _revise(self, unit: Unit[State], reigns: Reigns, key: bytes, catch_up: CatchUp) -> None:
        state = unit.peek(key)
        if isinstance(state, Relationship) and state.rules_version != reigns.newest.edition:
            catch_up(unit, key, cast("Relationship", unit.get(key)))
