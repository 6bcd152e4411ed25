"""What a partition stores besides its states."""

from __future__ import annotations

from typing import Final

import msgspec


class Meta(msgspec.Struct, array_like=True, frozen=True):
    """What a partition remembers besides its states."""

    version: int
    latest_ms: int | None
    seen: int
    runs: list[tuple[int, int]] = []
    salt: bytes = b""
    """Of the hashes of those who are forgotten; empty while nobody is."""


encode_meta: Final = msgspec.msgpack.Encoder().encode
decode_meta: Final = msgspec.msgpack.Decoder(Meta).decode
