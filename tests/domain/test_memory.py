"""What a relationship remembers is bounded: the newest stay, and what goes early is counted."""

from __future__ import annotations

from stream_app.domain.memory import ACTS_PER_DAY, ACTS_PER_RELATIONSHIP, PURCHASES
from tests.domain.scenario import World, moment


def known(world: World, day: str, verb: str, ids: range, *, undo: bool = False) -> list[int]:
    """Which of the acts `a<n>` are still recognised when they are sent again."""
    found = []
    for n in ids:
        world.send(moment(day), f"{'undo ' if undo else ''}{verb} id=a{n}")
        if world.answers[-1] == "duplicate":
            found.append(n)
    return found


def test_a_day_remembers_its_newest_256_acts() -> None:
    world = World()
    for n in range(ACTS_PER_DAY + 44):
        world.send(moment("0"), f"view id=a{n}")
    memory = world.states["ann"].memory
    assert len(memory.acts) == ACTS_PER_DAY == 256
    assert memory.forgotten == 44
    assert known(world, "0", "view", range(44, 300)) == list(range(44, 300))
    assert known(world, "0", "view", range(43, 44)) == []
    assert memory.forgotten == 45


def test_a_day_remembers_its_newest_256_undos() -> None:
    world = World()
    for n in range(ACTS_PER_DAY + 4):
        world.send(moment("0"), f"undo view id=a{n}")
    memory = world.states["ann"].memory
    assert len(memory.undos) == 256
    assert memory.forgotten == 4
    assert known(world, "0", "view", range(4, 260), undo=True) == list(range(4, 260))
    assert known(world, "0", "view", range(1), undo=True) == []


def test_a_relationship_remembers_its_newest_4096_acts() -> None:
    world, n = World(), 0
    for day in range(17):
        for _ in range(ACTS_PER_DAY):
            world.send(moment(str(day)), f"view id=a{n}")
            n += 1
    memory = world.states["ann"].memory
    assert len(memory.acts) == ACTS_PER_RELATIONSHIP == 4_096
    assert memory.forgotten == n - 4_096 == 256
    assert known(world, "0", "view", range(256, 300)) == list(range(256, 300))
    assert known(world, "0", "view", range(255, 256)) == []


def test_a_forgotten_act_is_counted_for_as_long_as_its_pane_lives() -> None:
    world = World()
    for n in range(ACTS_PER_DAY + 1):
        world.send(moment("0"), f"impression id=a{n}")
    pane = world.states["ann"].windows.panes[moment("0") // 86_400_000]
    assert sum(pane.counts().values()) == 257


def test_identities_are_forgotten_with_their_pane_and_not_counted_as_lost() -> None:
    world = World()
    world.send(moment("0"), "view id=a")
    world.send(moment("0"), "undo like id=u of=b")
    world.send(moment("179"), "view id=b")
    memory = world.states["ann"].memory
    assert list(memory.acts) == ["x a", "x b"]
    world.wait(moment("180"))
    assert list(memory.acts) == ["x b"]
    assert (memory.undos, memory.early, memory.forgotten) == ({}, {}, 0)


def test_the_newest_64_purchases_can_be_refunded() -> None:
    world = World()
    for n in range(PURCHASES + 1):
        world.send(moment("0") + n, f"purchase id=a{n} value=2.00EUR")
    purchases = world.states["ann"].memory.purchases
    assert [purchase.key for purchase in purchases] == [f"x a{n}" for n in range(1, 65)]
    world.send(moment("1"), "undo purchase of=a64 value=1.50EUR")
    assert str(purchases[-1].left) == "0.50"


def test_a_purchase_can_be_refunded_for_400_days() -> None:
    world = World()
    world.send(moment("0"), "purchase id=a value=2.00EUR")
    world.send(moment("399"), "undo purchase of=a value=0.50EUR")
    assert str(world.states["ann"].memory.purchases[0].left) == "1.50"
    world.send(moment("400"), "undo purchase of=a value=0.50EUR")
    assert str(world.states["ann"].memory.purchases[0].left) == "1.50"
