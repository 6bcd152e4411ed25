"""Short ways to write lines of one person, ann, and one brand, acme."""

from __future__ import annotations

import json

from ..rules import DAY

DAY_0 = 19_000  # 2022-01-08


def at(when: float) -> int:
    """Milliseconds of `when` days after the start of day 0."""
    return DAY_0 * DAY + round(when * DAY)


def act(name: str, verb: str, when: float, **more: object) -> bytes:
    """The act `name` of ann, `when` days after the start of day 0."""
    fields = {"id": name, "brand": "acme", "person": "ann", "platform": "x", "verb": verb}
    return json.dumps({**fields, "occurred_at": at(when), **more}).encode()


def out(name: str, verb: str, when: float, **more: object) -> bytes:
    """An act of acme towards ann."""
    return act(name, verb, when, direction="outbound", **more)


def undo(name: str, verb: str, when: float, **more: object) -> bytes:
    return act(name, verb, when, op="undo", **more)


def clock(when: float) -> bytes:
    """Somebody else's act, which only moves the watermark (to a day before `when`)."""
    return act(f"clock{when}", "impression", when, person="zed", automated=True)


def cost(name: str, when: float, **more: object) -> bytes:
    """What the method `ads` cost."""
    fields = {"id": name, "brand": "acme", "method": "ads", "occurred_at": at(when)}
    return json.dumps({**fields, **more}).encode()


def eur(amount: str) -> dict[str, str]:
    return money(amount, "EUR")


def money(amount: str, currency: str) -> dict[str, str]:
    return {"amount": amount, "currency": currency}
