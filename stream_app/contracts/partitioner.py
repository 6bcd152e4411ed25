"""Which partition a key belongs to: the default partitioner of Kafka's own clients."""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

_SEED: Final[i64] = 0x9747B28C
_M: Final[i64] = 0x5BD1E995
_MASK: Final[i64] = 0xFFFFFFFF


def murmur2(data: bytes) -> int:
    """The 32-bit MurmurHash2 of `data`, unsigned: Kafka's `Utils.murmur2`."""
    length: i64 = len(data)
    h: i64 = _SEED ^ length
    at: i64 = 0
    while length - at >= 4:
        k: i64 = data[at] | data[at + 1] << 8 | data[at + 2] << 16 | data[at + 3] << 24
        k = k * _M & _MASK  # less than 2^63 before the mask: nothing overflows
        k ^= k >> 24
        h = (h * _M & _MASK) ^ (k * _M & _MASK)
        at += 4
    if at < length:
        shift: i64 = 0
        while at < length:
            byte: i64 = data[at]
            h ^= byte << shift
            shift += 8
            at += 1
        h = h * _M & _MASK
    h = (h ^ (h >> 13)) * _M & _MASK
    return h ^ (h >> 15)


def partition_of(key: bytes, partitions: int) -> int:
    """The partition of `key` among `partitions`: `(murmur2(key) & 0x7fffffff) % partitions`."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions
