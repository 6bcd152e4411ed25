"""One method's report rows once more, from the raw events, with none of the project's code.

Where relationships moved is taken from the transitions; everything that the report says of a
method is counted here. Narrower than the oracle of worth, and so fast enough for 50,000 events:
model `last`, no blocks, undos by id only.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

DAY = 86_400_000
RATES = {"EUR": Fraction(1), "USD": Fraction("0.8775")}
HOURLY = Fraction("47.50")
STAGES = ("none", "attention", "attraction", "affinity", "audience")
Fields = dict[str, Any]


@dataclass
class Row:
    """Money in cents, credit in whole advances (model `last` never splits one)."""

    people: set[str] = field(default_factory=set)
    touches: int = 0
    cost: int = 0
    costs: int = 0
    value: int = 0
    values: int = 0
    won: Counter[str] = field(default_factory=Counter)
    regained: Counter[str] = field(default_factory=Counter)
    qualities: list[float] = field(default_factory=list)
    decided: Counter[str] = field(default_factory=Counter)
    survived: Counter[str] = field(default_factory=Counter)


@dataclass
class Person:
    """What is remembered of one person."""

    name: str
    as_of: int = 0
    number: int = 0
    credited: int = 0
    highest: int = 0
    known: dict[str, Fields] = field(default_factory=dict)
    undone: set[str] = field(default_factory=set)
    early: dict[str, Fields] = field(default_factory=dict)
    touches: list[tuple[str, str, int, int]] = field(default_factory=list)  # id, method, at, number
    booked: dict[str, tuple[str, int]] = field(default_factory=dict)
    money: dict[str, list[Any]] = field(default_factory=dict)  # method, row day, left, cents left


class Recount:
    """Rows by (method, day)."""

    def __init__(self, moves: list[Fields]) -> None:
        self.rows: dict[tuple[str, int], Row] = defaultdict(Row)
        self.people: dict[str, Person] = {}
        self.watermark = -(1 << 60)
        self.moves: dict[str, list[Fields]] = defaultdict(list)
        for move in moves:
            self.moves[move["person"]].append(move)
        self.caused = {(m["person"], m["cause"]["id"]): m for m in moves if m["cause"]}

    def take(self, event: Fields) -> None:
        """One accepted record, which is in none of the ways refused that the log's maker avoids."""
        at, recorded = event["occurred_at"], event["recorded_at"]
        name = event["person"]
        person = self.people.setdefault(name, Person(name))
        if event["id"] in person.known or event["id"] in person.undone:
            return
        person.as_of = max(person.as_of, at, self.watermark // DAY * DAY)
        person.number += 1
        oldest = recorded // DAY - 90
        if event.get("op") == "undo":
            person.undone.add(event["id"])
            self.undo(person, event, oldest)
        else:
            person.known[event["id"]] = event
            self.create(person, event, oldest)
        move = self.caused.get((name, event["id"]))
        if move is not None and move["move"] == "advance":
            self.advance(person, move, max(at_ms(move) // DAY, oldest))
        self.watermark = max(self.watermark, at - DAY)

    def create(self, person: Person, event: Fields, oldest: int) -> None:
        at, name = event["occurred_at"], event["id"]
        early = person.early.pop(name, None)
        taken = None if early is None else early.get("value")
        if early is not None and (taken is None or cents(taken) >= cents(event["value"])):
            person.undone.add(name)
            return
        method = event.get("method")
        on = max(at // DAY, oldest)
        if method and not event.get("automated"):
            self.rows[method, on].touches += 1
            self.rows[method, on].people.add(person.name)
            person.booked[name] = (method, on)
            person.touches.append((name, method, at, person.number))
            self.forget(person)
        if "value" in event:
            self.forget(person)
            before = [touched for _, touched, when, _ in person.touches if when <= at]
            where = method or (before[-1] if before else "unattributed")
            value = event["value"]
            left = Fraction(value["amount"]) - (Fraction(taken["amount"]) if taken else 0)
            minor = cents(value) - (cents(taken) if taken else 0)
            person.money[name] = [where, on, left, minor]
            self.rows[where, on].value += minor
            self.rows[where, on].values += 1

    @staticmethod
    def forget(person: Person) -> None:
        young = [touch for touch in person.touches if touch[2] >= person.as_of - 90 * DAY]
        person.touches = young[-64:]

    def undo(self, person: Person, event: Fields, oldest: int) -> None:
        name = event["undoes"]
        if name not in person.known:
            person.early[name] = event
            return
        if name in person.undone:
            return
        if name in person.money and not self.refund(person, name, event, oldest):
            return
        person.undone.add(name)
        person.touches = [touch for touch in person.touches if touch[0] != name]
        if name in person.booked:
            method, on = person.booked[name]
            self.rows[method, max(on, oldest)].touches -= 1

    def refund(self, person: Person, name: str, event: Fields, oldest: int) -> bool:
        """Take money back; whether nothing is left."""
        where, on, left, minor = person.money[name]
        value = event.get("value")
        row = self.rows[where, max(on, oldest)]
        if value is None or Fraction(value["amount"]) >= left:
            row.value -= minor
            row.values -= 1
            return True
        back = min(cents(value), minor)
        person.money[name][2:] = [left - Fraction(value["amount"]), minor - back]
        row.value -= back
        return False

    def advance(self, person: Person, move: Fields, on: int) -> None:
        self.forget(person)
        since = [method for _, method, _, number in person.touches if number > person.credited]
        person.credited = person.number
        method = since[-1] if since else "unattributed"
        assert move["credits"] == {method: 1_000_000}
        row = self.rows[method, on]
        rungs = range(STAGES.index(move["from"]) + 1, STAGES.index(move["to"]) + 1)
        for rung in rungs:
            (row.won if rung > person.highest else row.regained)[STAGES[rung]] += 1
        person.highest = max(person.highest, rungs[-1])
        if move["quality"]["overall"] is not None:
            row.qualities.append(move["quality"]["overall"])
        then = at_ms(move) // DAY + 120
        later = self.rows[method, then]
        for rung in rungs:
            later.decided[STAGES[rung]] += 1
            later.survived[STAGES[rung]] += self.stage(person, then * DAY) >= rung

    def stage(self, person: Person, midnight: int) -> int:
        """The stage right after the midnight; what acts did at that very instant came later."""
        until = [
            move
            for move in self.moves[person.name]
            if at_ms(move) < midnight or (at_ms(move) == midnight and move["reason"] == "expiry")
        ]
        return STAGES.index(until[-1]["to"])

    def spend(self, costs: list[Fields]) -> None:
        """Costs, each once, and what takes them back."""
        booked: dict[str, tuple[str, int, int]] = {}
        for cost in costs:
            oldest = cost["recorded_at"] // DAY - 90
            if cost.get("op") == "undo":
                method, on, minor = booked.pop(cost["undoes"])
                row = self.rows[method, max(on, oldest)]
                row.cost -= minor
                row.costs -= 1
                continue
            exact = HOURLY * cost.get("minutes", 0) / 60
            if "amount" in cost:
                exact += Fraction(cost["amount"]["amount"]) * RATES[cost["amount"]["currency"]]
            on, minor = max(cost["occurred_at"] // DAY, oldest), round(exact * 100)
            booked[cost["id"]] = (cost["method"], on, minor)
            self.rows[cost["method"], on].cost += minor
            self.rows[cost["method"], on].costs += 1


def cents(value: Fields) -> int:
    """In the reporting currency, half to even."""
    return round(Fraction(value["amount"]) * RATES[value["currency"]] * 100)


def at_ms(move: Fields) -> int:
    """The transition's time, set by the reader."""
    return int(move["at_ms"])
