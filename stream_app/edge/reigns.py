"""What a partition remembers of its policies, as it is stored."""

from __future__ import annotations

from typing import Final

import msgspec

from stream_app.contracts.panes import NewerFormatError
from stream_app.domain.revision import Reign

STATE_KEY: Final = b"\x00policy"
TAG: Final = b"R"
_VERSION: Final = b"\x01"


class Taken(msgspec.Struct, array_like=True, frozen=True):
    """A policy that was taken from the log: see `Reign`."""

    content: bytes
    edition: str
    number: int
    watermark: int | None
    restaged: bool


class _Stored(msgspec.Struct, array_like=True, frozen=True):
    taken: list[Taken]
    since_ms: int
    in_log: bool
    announced: str
    announced_ms: int
    place: bytes | None


_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(_Stored).decode


class Reigns:
    """The policies that relationships may still stand under, the one in force last.

    `since_ms` is the timestamp of the newest policy's record, `in_log` whether there is one.
    `announced` is the version that a worker appended at `announced_ms` and that has not come back
    from the log yet, `place` how far the walk after a change has come in the store (None: no walk).
    `chain` is `taken`, read; `is_stored`: some of it is, or will be with the next commit.
    """

    def __init__(
        self,
        taken: list[Taken],
        since_ms: int = 0,
        in_log: bool = False,
        announced: str = "",
        announced_ms: int = 0,
        place: bytes | None = None,
    ) -> None:
        self.taken = taken
        self.since_ms = since_ms
        self.in_log = in_log
        self.announced = announced
        self.announced_ms = announced_ms
        self.place = place
        self.chain: list[Reign] = []
        self.is_stored = False

    @property
    def newest(self) -> Reign:
        """The policy in force."""
        return self.chain[-1]

    def add(self, reign: Reign, edition: str) -> None:
        """Another policy is in force: all states are to be walked."""
        self.chain.append(reign)
        self.taken.append(
            Taken(reign.policy.content, edition, reign.number, reign.watermark, reign.restaged)
        )
        self.place = b""

    def forget_older(self) -> None:
        """Every relationship stands under the newest one."""
        del self.chain[:-1]
        del self.taken[:-1]


def load(head: bytes) -> Reigns:
    """From stored bytes, tag and all; without the chain."""
    if head[1:2] != _VERSION:
        raise NewerFormatError
    one = _decode(head[2:])
    found = Reigns(one.taken, one.since_ms, one.in_log, one.announced, one.announced_ms, one.place)
    found.is_stored = True
    return found


def dump(one: Reigns) -> list[tuple[bytes, bytes | None]]:
    """The stored bytes."""
    stored = _Stored(
        one.taken, one.since_ms, one.in_log, one.announced, one.announced_ms, one.place
    )
    return [(b"", TAG + _VERSION + _encode(stored))]
