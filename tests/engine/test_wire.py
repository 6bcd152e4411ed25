"""Bytes of changelog and store: fixed for ever, or read by version."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_app.engine.errors import StateTooNewError
from stream_app.engine.positions import Local, Position
from stream_app.engine.wire import (
    index_entry,
    index_key,
    is_sealed,
    key_of_head,
    pack_local,
    pack_position,
    read_local,
    read_position,
    seal,
    state_prefix,
    unseal,
)

KEYS = st.binary(max_size=40)
DUES = st.integers(-(1 << 63), (1 << 63) - 2)


@given(KEYS, KEYS)
def test_no_part_of_one_key_is_taken_for_another(key: bytes, other: bytes) -> None:
    assert key_of_head(state_prefix(key)) == key
    if other:
        assert key_of_head(state_prefix(key) + other) is None
    if key != other:
        assert not state_prefix(other).startswith(state_prefix(key))


@given(DUES, KEYS, DUES, KEYS)
def test_index_orders_by_due_time(due: int, key: bytes, due2: int, key2: bytes) -> None:
    assert index_entry(index_key(due, key)) == (due, key)
    ordered = (due, key) < (due2, key2)
    assert (index_key(due, key) < index_key(due2, key2)) == ordered


@given(KEYS, st.binary(max_size=100), st.integers(0, 7), st.data())
def test_one_wrong_bit_breaks_the_seal(
    key: bytes, value: bytes, bit: int, data: st.DataObject
) -> None:
    sealed = seal(key, value)
    assert is_sealed(key, sealed)
    assert unseal(sealed) == value
    at = data.draw(st.integers(0, len(sealed) - 1))
    wrong = bytearray(sealed)
    wrong[at] ^= 1 << bit
    assert not is_sealed(key, bytes(wrong))
    assert not is_sealed(key + b"x", sealed)


def test_golden_bytes() -> None:
    """Written by the first release; later releases must read them."""
    assert state_prefix(b"acme/ann") == b"s\x00\x08acme/ann"
    assert index_key(1, b"k") == b"i\x80\x00\x00\x00\x00\x00\x00\x01k"
    position = Position(1, b"i" * 16, 7, {"in": 42}, b"meta")
    golden = bytes.fromhex(
        "9501c410696969696969696969696969696969690781a2696e2ac4046d65746116eb410b"
    )
    assert read_position(golden) == position
    with_ids = Position(1, b"i" * 16, 7, {"in": 42}, b"meta", {"in": b"id"})
    newer = bytes.fromhex(
        "9601c410696969696969696969696969696969690781a2696e2ac4046d65746181a2696ec402696421bc8c34"
    )
    assert pack_position(with_ids) == newer
    assert read_position(newer) == with_ids


def test_newer_state_is_refused() -> None:
    with pytest.raises(StateTooNewError, match="roll forward"):
        read_position(pack_position(Position(99, b"", 1, {}, b"")))


@pytest.mark.parametrize("wrong", [b"", b"\xff", b"nonsense", pack_local(Local(9, 1, 1, 1))])
def test_a_damaged_or_unknown_marker_is_no_marker(wrong: bytes) -> None:
    assert read_local(pack_local(Local(1, 10, 8, 5))) == Local(1, 10, 8, 5)
    assert read_local(wrong) is None
