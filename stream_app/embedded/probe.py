"""Asks a Kafka broker whether it serves, without a client library and its retries."""

from __future__ import annotations

import socket
import struct

_METADATA = 3
_ANY_CORRELATION = 7
# Size, api key, version 0, correlation id, null client id, no topics named (all of them).
_REQUEST = struct.pack(">ihhihi", 14, _METADATA, 0, _ANY_CORRELATION, -1, 0)


def is_serving(host: str, port: int, timeout_s: float = 2.0) -> bool:
    """True once the broker answers and lists itself: a fenced one does not, yet."""
    try:
        with socket.create_connection((host, port), timeout_s) as connection:
            connection.settimeout(timeout_s)
            connection.sendall(_REQUEST)
            answer = b""
            while len(answer) < 12:  # size, correlation id, number of brokers
                more = connection.recv(64)
                if not more:
                    return False
                answer += more
    except OSError:
        return False
    _, correlation, brokers = struct.unpack_from(">iii", answer)
    return bool(correlation == _ANY_CORRELATION and brokers > 0)
