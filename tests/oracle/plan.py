"""When who does something, and when the log learns of it: the skeleton of a random history."""

from __future__ import annotations

from typing import NamedTuple

from .dice import Dice
from .rules import DAY

HOUR = DAY // 24
MINUTE = HOUR // 60

Times = list[int]


class Slot(NamedTuple):
    """One line to come. Sorted by `arrival`, then `number`, slots are in log order."""

    arrival: int
    number: int
    at: int
    who: int
    mood: str


def slots(dice: Dice, people: int, events: int) -> list[Slot]:
    """`events` slots over two to three years for `people` relationships, in log order."""
    start = (18_600 + dice.below(1000)) * DAY
    days = 730 + dice.below(366)
    planned: list[Slot] = []
    flooded = False
    while len(planned) < events:
        who = dice.below(people)
        mood = dice.weighted(MOODS)
        if events >= 2000 and not flooded:
            mood, flooded = "flood", True
        begin = start + dice.below(max(1, days - 40)) * DAY
        last_at = begin
        for time in times_of(dice, mood, begin):
            at = last_at if dice.chance(0.04) else snapped(dice, time)
            arrival = time + delay(dice)
            if dice.chance(0.005):  # right at the edge of too old
                at = (time // DAY - 181 + dice.below(3)) * DAY + dice.pick((0, DAY - 1))
                arrival = time
            planned.append(Slot(arrival, len(planned), at, who, mood))
            last_at = at
    return sorted(planned[:events])


MOODS = [
    (5, "daily"),
    (3, "weekly"),
    (1, "burst"),
    (2, "buyer"),
    (2, "angry"),
    (3, "trickle"),
    (3, "campaign"),
    (1, "once"),
]


def times_of(dice: Dice, mood: str, begin: int) -> Times:
    """The moments of one phase of a relationship."""
    times: Times = []
    if mood == "daily":
        for on in range(dice.between(15, 60)):
            times += [moment(dice, begin, on) for _ in range(dice.pick((1, 1, 1, 1, 2, 4)))]
    elif mood == "weekly":
        times += [moment(dice, begin, week * 7) for week in range(dice.between(6, 40))]
        times += [moment(dice, begin, week * 7) for week in range(dice.between(0, 20))]
    elif mood == "burst":
        times += [moment(dice, begin, 0) for _ in range(dice.between(5, 40))]
    elif mood == "buyer":
        every = dice.between(8, 50)
        times += [moment(dice, begin, n * every) for n in range(dice.between(4, 12))]
    elif mood == "angry":
        times += [moment(dice, begin, on) for on in range(dice.between(5, 15))]
    elif mood == "trickle":
        times += [moment(dice, begin, dice.below(250)) for _ in range(dice.between(3, 15))]
    elif mood == "campaign":
        times += [moment(dice, begin, dice.below(40)) for _ in range(dice.between(10, 50))]
    elif mood == "flood":
        times += [moment(dice, begin, dice.below(6)) for _ in range(220)]
    else:
        times.append(moment(dice, begin, 0))
    return sorted(times)


def moment(dice: Dice, begin: int, on: int) -> int:
    """A moment, to the second or to the millisecond, of the day `on` days after `begin`."""
    at = dice.below(DAY)
    return begin + on * DAY + (at if dice.chance(0.5) else at // 1000 * 1000)


def snapped(dice: Dice, time: int) -> int:
    """Sometimes the moment is exactly a midnight, the last millisecond before one, or an hour."""
    where = dice.below(100)
    if where < 8:
        return time // DAY * DAY
    if where < 11:
        return time // DAY * DAY - 1
    if where < 16:
        return time // HOUR * HOUR
    return time


def delay(dice: Dice) -> int:
    """How long the log takes to learn of it: mostly nothing, at times months."""
    how = dice.below(1000)
    if how < 720:
        return dice.below(5000)
    if how < 920:
        return dice.below(20 * HOUR) if dice.chance(0.5) else dice.below(90 * MINUTE)
    if how < 960:
        return dice.between(1, 10) * DAY + dice.below(DAY)
    if how < 994:
        return dice.between(10, 175) * DAY + dice.below(DAY)
    return dice.between(181, 300) * DAY
