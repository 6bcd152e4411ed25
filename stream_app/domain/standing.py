"""Memberships and blocks: things that are on or off until somebody says otherwise.

Both are registers in event time: of all acts on one register the newest wins, at the same time the
later record. They never expire.
"""

from __future__ import annotations

from mypy_extensions import mypyc_attr

from stream_app.domain.remembered import Register


@mypyc_attr(acyclic=True)
class Registers:
    """Registers by name (None while there are none), with how many are on."""

    def __init__(
        self,
        by_name: dict[str, Register] | None = None,
        on: int = 0,
    ) -> None:
        self.by_name = by_name
        self.on = on

    def write(self, name: str, at_ms: int, holder: str | None) -> None:
        """An act (with its id) or an undo (`None`) at `at_ms`; the newest event time wins."""
        if self.by_name is None:
            self.by_name = {}
        register = self.by_name.get(name)
        if register is None:
            self.by_name[name] = Register(at_ms, holder)
            self.on += holder is not None
        elif at_ms >= register.at_ms:
            self._set(register, at_ms, holder)

    def release(self, prefix: str, holder: str, at_ms: int) -> bool:
        """Turn off the register under `prefix` that this very act holds on, whatever the times."""
        for name, register in (self.by_name or {}).items():
            if register.holder == holder and name.startswith(prefix):
                self._set(register, at_ms, None)
                return True
        return False

    def _set(self, register: Register, at_ms: int, holder: str | None) -> None:
        self.on += (holder is not None) - register.on
        register.at_ms = at_ms
        register.holder = holder


def membership_prefix(platform: str, verb: str) -> str:
    """What the names of all memberships of this platform and verb begin with."""
    return f"{platform} {verb} "


def membership_name(platform: str, verb: str, obj: str | None) -> str:
    """One membership per (platform, verb, object). No object is not the empty object."""
    return f"{platform} {verb} {'-' if obj is None else '=' + obj}"


def block_name(platform: str, *, inbound: bool) -> str:
    """One block per (side, platform)."""
    return f"{'person' if inbound else 'brand'} {platform} "
