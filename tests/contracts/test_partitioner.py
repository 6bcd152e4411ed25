"""Kafka's own partitioner."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_app.contracts.partitioner import murmur2, partition_of
from tests.oracle.murmur2 import murmur2 as other_murmur2

VECTORS = {
    b"21": -973932308,
    b"foobar": -790332482,
    b"a-little-bit-long-string": -985981536,
    b"a-little-bit-longer-string": -1486304829,
    b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    b"abc": 479470107,
}
"""From UtilsTest of Apache Kafka, as Java's signed int."""


@pytest.mark.parametrize("key", VECTORS)
def test_murmur2_is_kafkas(key: bytes) -> None:
    assert murmur2(key) == VECTORS[key] & 0xFFFFFFFF


@given(st.binary(max_size=80))
def test_two_writings_of_it_agree(key: bytes) -> None:
    assert murmur2(key) == other_murmur2(key) & 0xFFFFFFFF


def test_the_sign_bit_is_masked_before_the_modulo() -> None:
    assert partition_of(b"21", 8) == (-973932308 & 0x7FFFFFFF) % 8


@given(st.binary(max_size=40), st.integers(1, 1_000))
def test_a_partition_exists(key: bytes, partitions: int) -> None:
    assert 0 <= partition_of(key, partitions) < partitions
