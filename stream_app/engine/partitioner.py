"""Kafka's default partitioner for keyed records (murmur2), shared with every Java client."""

from __future__ import annotations

from aiokafka.partitioner import murmur2


def partition_of(key: bytes, partitions: int) -> int:
    """Partition of a key among `partitions`."""
    return int(murmur2(key) & 0x7FFFFFFF) % partitions
