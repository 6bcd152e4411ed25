"""Where the web pages listen: looked at before anything is started."""

from __future__ import annotations

import errno
import os
import socket
from typing import Final

from stream_app.errors import OperatorError

PORTS_TRIED: Final = 100


class WebAddressError(OperatorError):
    """The web pages cannot be served there.
    Do: give another --web-port (each worker of a machine needs its own; 0: no web) or --web-host
    (an address of this machine; 0.0.0.0: all of them)."""

    def __init__(self, host: str, port: int, why: str) -> None:
        super().__init__(f"{host}:{port}: {why}.")


def port_to_listen_on(host: str, port: int, *, or_next: bool) -> int:
    """The port, if one can listen there now; with `or_next`: or the first free one behind it.

    0 stays 0. Raises WebAddressError.
    """
    if not port:
        return port
    for number in range(port, port + (PORTS_TRIED if or_next else 1)):
        error = _try(host, number)
        if error is None:
            return number
        if error.errno != errno.EADDRINUSE:
            break
    assert error is not None
    named = errno.errorcode.get(error.errno or 0) is not None
    why = os.strerror(error.errno or 0) if named else (error.strerror or "no such host")
    raise WebAddressError(host, port, why.lower())


def _try(host: str, port: int) -> OSError | None:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, kind, protocol, _, address in found:
            with socket.socket(family, kind, protocol) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if family == socket.AF_INET6:
                    probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                probe.bind(address)
    except OSError as error:
        return error
    return None
