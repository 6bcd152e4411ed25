"""Kafka's default partitioner: which partition a key belongs to."""

from __future__ import annotations

_MULTIPLIER = 0x5BD1E995
_SEED = 0x9747B28C
_32_BITS = 0xFFFFFFFF


def murmur2(data: bytes) -> int:
    """Kafka's 32-bit murmur2 of `data`, signed as Java shows it."""
    hashed = _SEED ^ len(data)
    whole = len(data) // 4 * 4
    for start in range(0, whole, 4):
        word = int.from_bytes(data[start : start + 4], "little") * _MULTIPLIER & _32_BITS
        word = (word ^ word >> 24) * _MULTIPLIER & _32_BITS
        hashed = (hashed * _MULTIPLIER & _32_BITS) ^ word
    if len(data) > whole:
        hashed = (hashed ^ int.from_bytes(data[whole:], "little")) * _MULTIPLIER & _32_BITS
    hashed = (hashed ^ hashed >> 13) * _MULTIPLIER & _32_BITS
    hashed ^= hashed >> 15
    return hashed - (1 << 32) if hashed >= 1 << 31 else hashed


def partition_of(brand: str, person: str, partitions: int) -> int:
    """The partition, 0 to `partitions` - 1, of the relationship's key."""
    key = f"{brand}/{person}".encode("utf-8", "surrogatepass")
    return (murmur2(key) & 0x7FFFFFFF) % partitions
