"""Small random logs for property tests, whole and repeatable: hypothesis shrinks them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from tests.domain.scenario import DAY_0, DAY_MS

PLAIN = ("impression", "view", "click", "like", "reply", "share", "complain")
STANDING = ("follow", "subscribe", "block")
OUT = ("offer", "reply", "block")
Draw = Callable[[st.SearchStrategy[Any]], Any]

moments = st.one_of(
    st.integers(0, 200).map(lambda day: day * DAY_MS),
    st.integers(0, 200 * 24).map(lambda hour: hour * 3_600_000),
    st.integers(1, 200).map(lambda day: day * DAY_MS - 1),
).map(lambda ms: DAY_0 * DAY_MS + ms)

money = st.builds(
    lambda cents, currency: {"amount": f"{cents / 100:.2f}", "currency": currency},
    st.integers(1, 500),
    st.sampled_from(("EUR", "EUR", "EUR", "USD")),
)


@st.composite
def interactions(draw: Draw, *, people: int = 2) -> dict[str, Any]:
    """Any acceptable act or undo, of few ids, so that they meet."""
    outbound = draw(st.integers(0, 4)) == 0
    fields: dict[str, Any] = {
        "id": f"i{draw(st.integers(0, 60))}",
        "brand": "acme",
        "person": f"p{draw(st.integers(1, people))}",
        "platform": draw(st.sampled_from(("x", "x", "web"))),
        "verb": draw(st.sampled_from(OUT if outbound else (*PLAIN, *STANDING, "purchase"))),
        "direction": "outbound" if outbound else "inbound",
        "occurred_at": draw(moments),
    }
    if draw(st.integers(0, 3)) == 0:
        fields["op"] = "undo"
        fields["id"] = f"u{fields['id']}"
        if draw(st.booleans()):
            fields["undoes"] = f"i{draw(st.integers(0, 60))}"
    if fields["verb"] == "purchase" and draw(st.booleans()):
        fields["value"] = draw(money)
    for name in ("automated", "incentivised"):
        if draw(st.integers(0, 9)) == 0:
            fields[name] = True
    if draw(st.integers(0, 6)) == 0:
        fields["sentiment"] = -0.5
    if draw(st.integers(0, 6)) == 0:
        fields["object"] = "o"
    return fields


@st.composite
def logs(draw: Draw, max_size: int = 40) -> list[bytes]:
    """Lines roughly in the order of their times, some of them late."""
    found = draw(st.lists(interactions(), min_size=1, max_size=max_size))
    late = st.integers(0, 30) if draw(st.booleans()) else st.just(0)
    arrivals = [fields["occurred_at"] + draw(late) * DAY_MS for fields in found]
    order = sorted(range(len(found)), key=lambda n: (arrivals[n], n))
    return [json.dumps(found[n]).encode() for n in order]
