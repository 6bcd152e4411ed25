"""Short scripts of one new person each, in which one act more or less decides the stage.

A long random history hides most small mistakes: too many acts hold the stage up. Here a `view`
(2 attention points) is below the threshold alone and above it with a reinforcement, times come
from a small grid (so that they tie), and every act can be the one that an undo takes.
"""

from __future__ import annotations

from collections.abc import Callable

from .badlines import Fields
from .dice import Dice
from .plan import HOUR
from .rules import DAY, MEMBER_VERBS

Script = list[tuple[int, Fields]]  # (milliseconds after the start, fields), in log order


def probe(dice: Dice, has_room: bool) -> Script:
    """Some script; a long one only if there is room for it."""
    kinds: list[tuple[int, Callable[[Dice], Script]]] = [
        (6, offers),
        (4, two_offers),
        (3, answer_and_undo),
        (8, which_act),
        (4, early),
        (4, refunds),
        (4, members),
        (3, reopened_member),
        (3, forgotten),
        (2, caps),
    ]
    return crowd(dice) if has_room else dice.weighted(kinds)(dice)


def act(name: str, verb: str, **more: object) -> Fields:
    return {"id": name, "verb": verb, **more}


def undo(name: str, verb: str, **more: object) -> Fields:
    return {"id": name, "verb": verb, "op": "undo", **more}


def tick(at: int) -> tuple[int, Fields]:
    """An act without points, which only moves time."""
    return (at, act(f"tick{at}", "impression", automated=True))


def offers(dice: Dice) -> Script:
    """Offers, views and undos of either, on a grid of half days that straddles 7 days."""
    script: Script = []
    for n in range(dice.between(3, 9)):
        at = dice.between(0, 4) * DAY // 2 + dice.pick((0, 7 * DAY, 7 * DAY, 7 * DAY + 1))
        how = dice.below(10)
        known = f"n{dice.below(max(1, n))}"
        by_id: Fields = {"undoes": known} if dice.chance(0.7) else {}
        if how < 4:
            at = at if dice.chance(0.3) else at % (7 * DAY)
            script.append((at, act(f"n{n}", "offer", direction="outbound")))
        elif how < 7:
            script.append((at, act(f"n{n}", "view")))
        elif how < 9:
            script.append((at, undo(f"n{n}", "view", **by_id)))
        else:
            script.append((at, undo(f"n{n}", "offer", direction="outbound", **by_id)))
    return script


def two_offers(dice: Dice) -> Script:
    """Attraction needs both offers answered: so it matters which of them the first view took."""
    names = [(dice.below(4) * DAY, act(f"o{n}", "offer", direction="outbound")) for n in range(2)]
    last = dice.pick((7, 8, 9, 10, 11)) * DAY + dice.pick((0, 0, 1))
    days = (dice.between(2, 4) * DAY, last, 13 * DAY)
    return [*names, *((at, act(f"v{n}", "view")) for n, at in enumerate(days))]


def answer_and_undo(dice: Dice) -> Script:
    """An answered offer and its answer are undone, in either order; then comes another view."""
    script: Script = [
        (0, act("o", "offer", direction="outbound")),
        (DAY, act("a", "view")),
        (2 * DAY, undo("ua", "view", undoes="a")),
    ]
    if dice.chance(0.6):
        withdrawn = undo("uo", "offer", direction="outbound", undoes="o")
        script.insert(dice.between(1, 3), (DAY, withdrawn))
    return [*script, (3 * DAY, act("b", "view"))]


def which_act(dice: Dice) -> Script:
    """Two or three likes of which only some count, in any order, and undos that name none."""
    start = 20 * DAY if dice.chance(0.8) else 0
    script: Script = []
    for n in range(dice.between(2, 3)):
        fields = act(f"n{n}", "like", automated=dice.chance(0.5))
        if dice.chance(0.3):
            fields["object"] = dice.pick((None, "o1"))
        script.append((start + dice.pick((0, 0, HOUR, DAY)), fields))
    for n in range(dice.between(1, 2)):
        fields = undo(f"u{n}", "like")
        if dice.chance(0.2):
            fields["object"] = "o1"
        script.append((start + dice.pick((-1, 0, 0, HOUR, DAY, 2 * DAY)), fields))
    return script


def early(dice: Dice) -> Script:
    """An undo before its act, perhaps of another verb, platform, direction; an offer waits."""
    verb = dice.pick(("view", "like", "reply", "follow"))
    wrong = dice.below(8)
    before = undo("u", "share" if wrong == 0 else verb, undoes="a")
    if wrong == 1:
        before["platform"] = "web"
    if wrong == 2 and verb in ("like", "reply"):
        before["direction"] = "outbound"
    script: Script = [(0, act("o", "offer", direction="outbound")), (dice.below(3) * DAY, before)]
    if dice.chance(0.3):
        script.append(tick(dice.pick((179, 180, 181)) * DAY))
        script.append((dice.pick((100, 178)) * DAY, act("a", verb)))
    else:
        script.append((dice.pick((0, 1, 1, 3)) * DAY, act("a", verb)))
    last_at = script[-1][0]
    if dice.chance(0.7):
        script.append((last_at + dice.below(2) * HOUR, act("b", "view")))
    if dice.chance(0.3):
        script.append((last_at, act("a", verb)))
    return script


def refunds(dice: Dice) -> Script:
    """One or two purchases and refunds before and after them."""
    worth: list[Fields | None] = [{"amount": "10.00", "currency": "EUR"}, None]
    part: list[Fields | None] = [
        {"amount": "4.00", "currency": "EUR"},
        {"amount": "6.0", "currency": "EUR"},
        {"amount": "12", "currency": "EUR"},
        {"amount": "1.00", "currency": "USD"},
        None,
    ]
    script: Script = []
    for n in range(dice.between(1, 2)):
        value = worth[0] if dice.chance(0.8) else None
        script.append((dice.between(0, 2) * DAY, act(f"p{n}", "purchase", value=value)))
    for n in range(dice.between(1, 4)):
        value = dice.pick(part[:2] if dice.chance(0.6) else part)
        fields = undo(f"u{n}", "purchase", value=value)
        if dice.chance(0.6):
            fields["undoes"] = f"p{dice.below(2)}"
        script.insert(dice.below(len(script) + 1), (dice.between(0, 3) * DAY, fields))
    return script


def members(dice: Dice) -> Script:
    """Affinity in four days, then acts and undos on one or two memberships in any order."""
    script: Script = [(n * DAY, act(f"r{n}", "reply")) for n in range(4)]
    verb = dice.pick(MEMBER_VERBS)
    objects = (None,) if dice.chance(0.7) else (None, "o1")
    for n in range(dice.between(2, 6)):
        at = (10 + dice.below(5)) * DAY
        fields = act(f"n{n}", verb, automated=dice.chance(0.2))
        if dice.chance(0.45):
            fields = undo(f"n{n}", verb)
            if dice.chance(0.6):
                fields["undoes"] = f"n{dice.below(n + 2)}"
        fields["object"] = dice.pick(objects)
        script.append((at, fields))
    return script


def reopened_member(dice: Dice) -> Script:
    """A membership is closed by `undoes` at some time, and another act comes with some time."""
    script: Script = [(n * DAY, act(f"r{n}", "reply")) for n in range(4)]
    grid = (10 * DAY, 11 * DAY, 12 * DAY, 13 * DAY)
    script.append((dice.pick(grid), act("f", "join")))
    by_id: Fields = {"undoes": "f"} if dice.chance(0.7) else {}
    script.append((dice.pick(grid), undo("u", "join", **by_id)))
    script.append((dice.pick(grid), act("g", "join")))
    return script


def forgotten(dice: Dice) -> Script:
    """An offer right at the edge of 30 days when a late view would answer it."""
    now = 30 * DAY + dice.pick((-1, 0, 1, HOUR, DAY - 1, DAY, 40 * DAY))
    script: Script = [(5, act("o", "offer", direction="outbound"))]
    if dice.chance(0.3):
        script += [(DAY, act("a", "view")), tick(now + 5), (DAY, undo("u", "view", undoes="a"))]
    else:
        script.append(tick(now + 5))
    return [*script, (2 * DAY, act("b", "view"))]


def caps(dice: Dice) -> Script:
    """Days on which one verb, of several kinds, is repeated past the caps."""
    script: Script = []
    if dice.chance(0.5):
        script += [(n * DAY, act(f"r{n}", "reply")) for n in range(5)]
    verb = dice.pick(("like", "click", "vote", "complain", "impression", "reply"))
    traits: list[Fields] = [
        {},
        {},
        {"incentivised": True},
        {"sentiment": -0.5},
        {"automated": True},
    ]
    for on in range(dice.between(1, 5)):
        for n in range(dice.between(2, 7)):
            trait = dice.pick(traits) if dice.chance(0.5) else {}
            script.append((on * DAY + n * HOUR, act(f"d{on}-{n}", verb, **trait)))
    return script


def crowd(dice: Dice) -> Script:
    """About 64 open offers; late views that only the oldest few of them fit; undos; more offers."""
    script: Script = []
    for n in range(dice.between(63, 66)):
        at = (n + 1 - dice.below(2)) * HOUR
        script.append((at, act(f"o{n}", "offer", direction="outbound")))
    if dice.chance(0.5):
        script.sort(key=lambda item: str(item[1]["id"])[::-1])  # arrive in another order
    for n in range(10):
        script.append((dice.below(3) * HOUR + HOUR // 2, act(f"v{n}", "view")))
        if dice.chance(0.5):
            script.append((80 * HOUR + n, act(f"x{n}", "offer", direction="outbound")))
        if dice.chance(0.95):
            script.append((90 * HOUR, undo(f"u{n}", "view", undoes=f"v{n}")))
    return script
