"""States, outputs and index of a unit, on a real store, without Kafka."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from stream_app.engine import QUEUE, Unit
from stream_app.engine.errors import RecordTooLargeError
from stream_app.engine.store import Store, StoreMemory
from stream_app.engine.unit import Snapshot

from .counting import Count, CountCodec


class TextCodec:
    """A state is a str: its first letter is the head, the rest a part of its own."""

    def load(self, get: Callable[[bytes], bytes | None]) -> str | None:
        head = get(b"")
        return None if head is None else head.decode() + (get(b"rest") or b"").decode()

    def dump(self, state: str) -> Iterable[tuple[bytes, bytes | None]]:
        yield b"", state[:1].encode()
        yield b"rest", state[1:].encode() or None


@pytest.fixture
def unit(store: Store) -> Unit[str]:
    return Unit(3, store, TextCodec(), partitions=8, cache_states=4)


def commit(unit: Unit[str], store: Store) -> Snapshot:
    snapshot = begin(unit)
    end(unit, store, snapshot)
    return snapshot


def begin(unit: Unit[str]) -> Snapshot:
    return unit.snapshot({"in": 1}, None)


def end(unit: Unit[str], store: Store, snapshot: Snapshot) -> None:
    store.write(snapshot.changelog, 10, 8)
    unit.written()


def test_get_after_delete(unit: Unit[str], store: Store) -> None:
    """Deleted means gone in every layer: cache, changed, in flight, store."""
    unit.put(b"k", "one")
    unit.delete(b"k")
    assert unit.get(b"k") is None
    unit.put(b"k", "two")
    commit(unit, store)
    unit.delete(b"k")
    assert unit.get(b"k") is None
    snapshot = begin(unit)
    assert unit.get(b"k") is None, "while the deletion is in flight"
    end(unit, store, snapshot)
    assert unit.get(b"k") is None
    assert list(store.items()) == []


def test_put_after_delete_leaves_no_old_part(unit: Unit[str], store: Store) -> None:
    unit.put(b"k", "long")
    commit(unit, store)
    unit.delete(b"k")
    unit.put(b"k", "s")
    commit(unit, store)
    unit.reset(b"")
    assert unit.get(b"k") == "s"
    assert len(list(store.items())) == 1


def test_deleted_in_flight_then_put_again(unit: Unit[str], store: Store) -> None:
    unit.put(b"k", "long")
    commit(unit, store)
    unit.delete(b"k")
    snapshot = begin(unit)
    unit.put(b"k", "new")
    end(unit, store, snapshot)
    assert unit.get(b"k") == "new"
    commit(unit, store)
    unit.reset(b"")
    assert unit.get(b"k") == "new"


def test_reset_forgets_what_was_not_written(unit: Unit[str], store: Store) -> None:
    unit.put(b"a", "kept")
    unit.meta = b"kept"
    commit(unit, store)
    unit.put(b"a", "lost")
    unit.put(b"b", "lost")
    unit.delete(b"a")
    unit.emit("out", b"a", b"lost")
    unit.index_put(1, b"a")
    unit.reset(b"kept")
    assert (unit.get(b"a"), unit.get(b"b"), unit.meta) == ("kept", None, b"kept")
    assert unit.index_due(10, 10) == []
    assert not unit.has_changes


def test_a_state_dropped_from_the_cache_while_changed_is_still_there(unit: Unit[str]) -> None:
    unit.put(b"first", "first")
    for number in range(20):
        unit.put(b"%d" % number, str(number))
    assert unit.get(b"first") == "first"


def test_the_cache_is_bounded(unit: Unit[str], store: Store) -> None:
    for number in range(100):
        unit.put(b"%d" % number, "x")
    commit(unit, store)
    for number in range(100):
        assert unit.get(b"%d" % number) == "x"
    assert len(unit._young) + len(unit._old) <= 4


def test_only_changed_parts_are_written(store: Store) -> None:
    unit: Unit[Count] = Unit(0, store, CountCodec())
    count = Count()
    for _ in range(95):
        count.add()
    unit.put(b"k", count)
    store.write(unit.snapshot({}, None).changelog, 1, 0)
    unit.written()
    count.add()
    unit.put(b"k", count)
    raw_keys = [key for key, _ in unit.snapshot({}, None).changelog]
    assert raw_keys == [b"s\x00\x01k", b"s\x00\x01k9", b"\x00p"]


def test_outputs_keep_their_order_and_partition(unit: Unit[str]) -> None:
    unit.emit("out", b"k", b"1", partition=5)
    unit.emit("out", b"k", b"2", partition=5, headers=[("h", b"v")], timestamp_ms=9)
    unit.emit("out", None, b"3")
    unit.emit("out", b"foobar", b"4")
    outputs = begin(unit).outputs
    assert outputs["out", 5] == [(b"k", b"1", (), None), (b"k", b"2", [("h", b"v")], 9)]
    assert outputs["out", 3] == [(None, b"3", (), None)], "no key: the unit's own partition"
    assert ("out", 6) in outputs, "where Kafka's own clients put it: murmur2 is -790332482"


def test_too_large_fails_at_once(unit: Unit[str]) -> None:
    with pytest.raises(RecordTooLargeError):
        unit.emit("out", b"k", b"x" * 900_000)
    unit.put(b"k", "x" * 900_000)
    with pytest.raises(RecordTooLargeError):
        begin(unit)
    with pytest.raises(ValueError, match="65,535"):
        unit.put(b"k" * 70_000, "x")


def test_many_due_are_worked_off_in_slices(unit: Unit[str], store: Store) -> None:
    for number in range(500):
        unit.index_put(number % 50 + 2, b"%03d" % number)
    commit(unit, store)
    seen = []
    while found := unit.index_due(26, 40):
        for due, key in found:
            seen.append((due, key))
            unit.index_remove(due, key)
        commit(unit, store)
    assert seen == sorted((n % 50 + 2, b"%03d" % n) for n in range(500) if n % 50 <= 24)
    assert len(unit.index_due(100, 1000)) == 250


def test_a_queue_is_not_in_the_way_of_what_is_due(
    unit: Unit[str], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each look for what is due begins where the last one ended, whatever waits in the queue."""
    unit.index_put(QUEUE, b"waits")
    for number in range(1000):
        unit.index_put(QUEUE + 1 + number, b"k")
    commit(unit, store)
    rows, index_from = 0, store.index_from

    def counted(start: bytes) -> Iterator[bytes]:
        nonlocal rows
        for raw in index_from(start):
            rows += 1
            yield raw

    monkeypatch.setattr(store, "index_from", counted)
    while found := unit.index_due(5000, 10):
        for due, key in found:
            unit.index_remove(due, key)
    assert rows < 5000
    assert unit.index_due(QUEUE, 10) == [(QUEUE, b"waits")]


class UnitModel(RuleBasedStateMachine):
    """A unit against a dictionary, through commits, failures and reloads in any order."""

    folder: Path

    def __init__(self) -> None:
        super().__init__()
        self.store = Store(self.folder, StoreMemory(1 << 20, 8 << 20, 1))
        self.store.wipe()
        self.unit: Unit[str] = Unit(0, self.store, TextCodec(), cache_states=2)
        self.now: tuple[dict[bytes, str], set[tuple[int, bytes]]] = ({}, set())
        self.stored = self.copy()
        self.flying: Snapshot | None = None
        self.flown = self.copy()

    def copy(self) -> tuple[dict[bytes, str], set[tuple[int, bytes]]]:
        return dict(self.now[0]), set(self.now[1])

    keys = st.sampled_from([b"a", b"ab", b"b", b"\x00", b""])
    dues = st.integers(QUEUE - 2, QUEUE + 3)

    @rule(key=keys, text=st.text("xyz", min_size=1, max_size=3))
    def put(self, key: bytes, text: str) -> None:
        self.unit.put(key, text)
        self.now[0][key] = text

    @rule(key=keys)
    def delete(self, key: bytes) -> None:
        self.unit.delete(key)
        self.now[0].pop(key, None)

    @rule(key=keys, due=dues)
    def index_put(self, key: bytes, due: int) -> None:
        self.unit.index_put(due, key)
        self.now[1].add((due, key))

    @rule(key=keys, due=dues)
    def index_remove(self, key: bytes, due: int) -> None:
        self.unit.index_remove(due, key)
        self.now[1].discard((due, key))

    @rule(key=keys)
    def get(self, key: bytes) -> None:
        assert self.unit.get(key) == self.now[0].get(key)

    @rule(upto=dues, limit=st.integers(1, 4))
    def due(self, upto: int, limit: int) -> None:
        of_queue = upto <= QUEUE
        mine = (one for one in self.now[1] if one[0] <= upto and (one[0] <= QUEUE) == of_queue)
        expected = sorted(mine)[:limit]
        assert self.unit.index_due(upto, limit) == expected

    @rule()
    def begin(self) -> None:
        if self.flying is None:
            self.flying = self.unit.snapshot({}, None)
            self.flown = self.copy()

    @rule()
    def end(self) -> None:
        if self.flying is not None:
            self.store.write(self.flying.changelog, 1, 0)
            self.unit.written()
            self.flying, self.stored = None, self.flown

    @rule()
    def fail(self) -> None:
        self.unit.reset(b"")
        self.flying = None
        self.now = self.stored
        self.stored = self.copy()

    @rule()
    def reopen(self) -> None:
        self.fail()
        self.store.close()
        self.store.open()

    @invariant()
    def same_states(self) -> None:
        assert dict(self.unit.scan()) == self.now[0]

    def teardown(self) -> None:
        self.store.close()


def test_against_a_model(tmp_path: Path) -> None:
    from hypothesis.stateful import run_state_machine_as_test

    UnitModel.folder = tmp_path / "model"
    run_state_machine_as_test(
        UnitModel,
        settings=hypothesis_settings(max_examples=60, stateful_step_count=30),
    )


def test_a_walk_in_turns_sees_every_stored_state_once(unit: Unit[str], store: Store) -> None:
    """Keys of any length, with parts; what waits to be written is told apart."""
    keys = [b"k%d" % number * (1 + number % 40) for number in range(100)]
    for key in keys:
        unit.put(key, "part")
    commit(unit, store)
    unit.delete(keys[0])
    unit.put(b"new", "part")
    assert unit.pending_keys() == [b"new"]
    found: list[bytes] = []
    place: bytes | None = b""
    while place is not None:
        turn, place = unit.stored_keys(place, 7)
        assert len(turn) <= 7
        found += turn
    assert sorted(found) == sorted(keys)
    commit(unit, store)
    assert unit.pending_keys() == []
    assert sorted(unit.stored_keys(b"", 1_000)[0]) == sorted([*keys[1:], b"new"])
