"""The generator against its promises, and laws that hold for whatever it makes."""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Callable, Iterable
from functools import cache, partial
from typing import cast

import pytest

from tests.together import Once

from ..reading import Refused, read
from ..rescan import rescan
from ..rules import STAGES
from .lines import DAY_0, act, at, eur, out, undo
from .quality import quality
from .run import Worth, worth
from .worlds import POLICY, world

SEEDS = range(1, 5)
EVENTS = 5000

CASES = [
    "suspect at a move",
    "touch too old",
    "touch pushed out",
    "touch in a later row",
    "touch undone, remembered",
    "touch undone, forgotten",
    "touch undone in a later row",
    "credit over a full memory",
    "credit leaves out older touches",
    "value named",
    "value by touches",
    "value unattributed",
    "value over 2 methods",
    "value over 3 methods",
    "value without a rate",
    "value by fewer touches than remembered",
    "value in a later row",
    "refund in part",
    "early refund in part",
    "refund from 1 methods",
    "refund from 2 methods",
    "refund from 3 methods",
    "refund in a later row",
    "undone: purchase, by refunds",
    "undone: purchase, by a refund of too much",
    "undone: purchase, by a refund in another currency",
    "early undo met its purchase",
    "early undo met its join",
    "early undo met its block",
    "offer answered",
    "answer undone",
    "survival: 0 rungs",
    "survival: 1 rungs",
    "survival: 2 rungs",
    "advance by expiry",
    "moved by blocked",
    "moved by undo",
    "moved by membership",
    "no quality",
    "no sincerity",
    "common values known",
    "value exchanged known",
    "shares of 5 methods",
]


Found = Callable[[int], Worth]


@pytest.fixture(scope="session")
def found(once: Once) -> Found:
    """What happens in the world of a seed."""

    def made(seed: int) -> Worth:
        return worth(*world(seed, EVENTS), policy=POLICY)

    return cache(lambda seed: once(f"world-{seed}", partial(made, seed)))


@pytest.fixture(scope="session")
def seen(once: Once, found: Found) -> Counter[str]:
    """How often each case occurs in all the worlds."""
    return once("worlds-seen", lambda: _seen(map(found, SEEDS)))


def _seen(worlds: Iterable[Worth]) -> Counter[str]:
    total: Counter[str] = Counter()
    for result in worlds:
        total.update(result.rescan.seen)
        for moved in result.transitions:
            total[f"moved by {moved.reason}"] += 1
            total["no quality"] += moved.quality["overall"] is None
            total["no sincerity"] += moved.quality["sincerity"] == 0
            total["common values known"] += moved.quality["common_values"] is not None
            total["value exchanged known"] += moved.quality["value_exchanged"] is not None
            total[f"shares of {len(moved.credits or ())} methods"] += 1
    return total


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_moves_are_those_of_the_plain_rescan(found: Found, seed: int) -> None:
    plain = rescan(world(seed, EVENTS)[0])
    assert [moved[:8] for moved in found(seed).transitions] == plain.transitions
    assert found(seed).rescan.rejects == plain.rejects


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_worlds_stay_below_the_bounds_that_the_oracle_leaves_out(found: Found, seed: int) -> None:
    panes: Counter[tuple[str, str, int]] = Counter()
    for line in world(seed, EVENTS)[0]:
        try:
            event = read(line)
        except Refused:
            continue
        panes[event.brand, event.person, event.at // 86_400_000] += 1
    assert max(panes.values()) <= 256
    assert max(len(one.bought) for one in found(seed).relationships) <= 64
    assert max(len(one.undecided) for one in found(seed).relationships) <= 64


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_laws_of_moves(found: Found, seed: int) -> None:
    for moved in found(seed).transitions:
        known = [part for part in moved.quality.values() if part is not None]
        assert all(0 <= part <= 1 for part in known)
        assert (moved.quality["overall"] is None) == (moved.quality["trust"] is None)
        assert (moved.credits is None) == (moved.from_ in reached(moved.to)[1:])
        assert moved.credits is None or sum(moved.credits.values()) == 1_000_000


def reached(to: str) -> tuple[str, ...]:
    """From the stage `to` on upwards, `to` itself first."""
    return STAGES[STAGES.index(to) :]


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_lost_between_the_rows(found: Found, seed: int) -> None:
    """Daily rows of all methods together hold each touch, rung and cent once."""
    result = found(seed)
    daily = [row for row in result.reports if row["period"] == "day"]
    touches = sum(
        not one.undone and bool(one.event.method) and one.event.kind in ("plain", "incentivised")
        for relationship in result.relationships
        for one in relationship.acts
    )
    assert sum(cast("int", row["touches"]) for row in daily) == touches
    left = sum(b.left or 0 for one in result.relationships for b in one.bought.values() if b.went)
    cents = sum(round(float(cast("str", row["value"] or "0")) * 100) for row in daily)
    assert cents == left
    rungs: Counter[str] = Counter()
    for row in daily:
        for stage, part in cast("dict[str, dict[str, int]]", row["advances"]).items():
            rungs[stage] += part["won"] + part["regained"]
    assert all(credit % 1_000_000 == 0 for credit in rungs.values())
    for stage in STAGES[1:]:
        moved_to = {(m.brand, m.person) for m in result.transitions if m.to in reached(stage)}
        rows = [cast("dict[str, dict[str, int]]", row["advances"])[stage] for row in daily]
        assert sum(row["won"] for row in rows) == len(moved_to) * 1_000_000


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_the_worlds_hold_every_case(seen: Counter[str], case: str) -> None:
    assert seen[case] >= 3


def test_a_seed_gives_the_same_world_on_every_python() -> None:
    lines, costs = world(1, 600)
    digest = hashlib.sha256(b"\n".join([*lines, *costs])).hexdigest()
    assert digest == "6c801144a934ed0587ff29475a7bcf60058620652c7b947466b623f329f15b26"


def test_partitions_have_their_own_watermarks_here_too() -> None:
    lines, costs = world(2, 600)
    found = worth(lines, costs, policy=POLICY, partitions=5)
    plain = rescan(lines, partitions=5)
    assert {moved[:8] for moved in found.transitions} == set(plain.transitions)
    assert set(rescan(lines).transitions) != set(plain.transitions)


# --- laws of quality (the contract: an undo restores, order does not matter) ---

PLENTY = [
    act("p", "purchase", 1, value=eur("20"), topics=["support"]),
    act("s", "share", 5, topics=["kafka", "music"]),
    act("r", "review", 9, sentiment=0.4),
    act("c", "complain", 12, incentivised=True),
    act("e", "endorse", 14, sentiment=-0.4),
    act("m", "message", 20, automated=True),
    act("j", "join", 30),
    out("a", "resolve", 6),
    out("b", "reply", 25),
]


def at_40(lines: list[bytes]) -> dict[str, float | None]:
    (ann,) = worth(lines, policy=POLICY).relationships
    return quality(ann.known(), at(40), POLICY)


@pytest.mark.parametrize("seed", range(10))
def test_order_does_not_matter(seed: int) -> None:
    shuffled = random.Random(seed).sample(PLENTY, len(PLENTY))
    assert at_40(shuffled) == at_40(PLENTY)


@pytest.mark.parametrize(
    "name", ["share", "review", "complain", "endorse", "resolve", "like", "dislike", "block"]
)
def test_an_undo_restores(name: str) -> None:
    write = out if name == "resolve" else act
    more = {"direction": "outbound"} if name == "resolve" else {}
    added = [write("x", name, 33, topics=["music"]), undo("u", name, 35, undoes="x", **more)]
    assert at_40([*PLENTY, *added]) == at_40(PLENTY)
    assert at_40([*PLENTY, added[0]]) != at_40(PLENTY)


def test_days_are_what_the_helpers_say() -> None:
    assert at(0) == DAY_0 * 86_400_000 == 1_641_600_000_000
