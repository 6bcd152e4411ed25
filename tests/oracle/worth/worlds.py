"""Seeded worlds with everything that quality, credits and reports depend on.

    python -m tests.oracle.worth.worlds SEED EVENTS LINES_FILE COSTS_FILE

About one and a half years of three brands. Lines come in the order of their arrival, costs too.
Below the bounds that the oracle leaves out. `POLICY` is to be used with them: EUR, dated rates
that start late, a currency without a rate, topics of two of the brands.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from ..badlines import Fields, bad_line, encoded
from ..dice import Dice, written
from ..plan import HOUR, MINUTE
from ..rules import DAY
from .policy import WorthPolicy

BRANDS = ("acme", "globex.co", "b-3")
FIRST_DAY = 19_000
DAYS = 540
METHODS = ("ads", "care", "webinar", "spring-launch", "giveaway", "other", "unattributed")
TOPICS = ("support", "news", "python", "kafka", "pricing", "off-topic", "music")
CURRENCIES = ("EUR", "EUR", "EUR", "USD", "GBP", "JPY", "CHF", "XAU")

POLICY = WorthPolicy(
    rates={
        "USD": [
            (FIRST_DAY - 30, Decimal("0.9137")),
            (FIRST_DAY + 200, Decimal("0.8775")),
            (FIRST_DAY + 100, Decimal("0.925")),
        ],
        "GBP": [(FIRST_DAY + 60, Decimal("1.1625"))],
        "JPY": [(FIRST_DAY, Decimal("0.006215")), (FIRST_DAY + 300, Decimal("0.0061"))],
        "CHF": [(FIRST_DAY - 1, Decimal("1.005"))],
    },
    hourly_rate=Decimal("47.50"),
    topics={"acme": ("support", "python", "kafka"), "globex.co": ("news", "pricing")},
)

Mix = Sequence[tuple[int, str]]
WARM: Mix = [
    *((4, verb) for verb in ("view", "click", "like", "reply", "share", "mention")),
    *((2, verb) for verb in ("message", "quote", "post", "attend", "review", "endorse", "vote")),
    *((2, verb) for verb in ("contribute", "follow", "subscribe", "join", "lead", "purchase")),
    *((1, verb) for verb in ("impression", "track", "dislike", "complain", "report")),
]
BRAND: Mix = [(3, "reply"), (2, "message"), (2, "resolve"), (2, "like"), (2, "mention")]
OFFERS: Mix = [(5, "offer"), *BRAND]
ANGRY: Mix = [(4, "complain"), (3, "dislike"), (2, "report"), (4, "reply"), (3, "review")]
BUYING: Mix = [(6, "purchase"), (2, "click"), (2, "share"), (1, "endorse"), (2, "review")]

# mood: days between acts (at most), mixes of verbs
MOODS: dict[str, tuple[float, Sequence[tuple[int, Mix]]]] = {
    "fan": (6, [(6, WARM), (3, BRAND), (1, OFFERS)]),
    "rare": (45, [(4, WARM), (1, BRAND)]),
    "buyer": (24, [(5, BUYING), (1, WARM), (1, OFFERS)]),
    "angry": (9, [(4, ANGRY), (2, WARM), (3, BRAND)]),
    "courted": (5, [(3, WARM), (5, OFFERS)]),
    "flood": (0.5, [(8, WARM), (3, BRAND), (2, OFFERS)]),
    "clock": (0, [(1, [(8, "view"), (4, "like"), (2, "reply"), (1, "share")])]),
    "broadcast": (12, [(1, OFFERS)]),
    "pelted": (0.6, [(70, OFFERS), (1, WARM)]),
    "stormy": (15, [(5, WARM), (1, BRAND), (3, [(1, "block")])]),
}
WEIGHTS = [
    (6, "fan"),
    (4, "rare"),
    (4, "buyer"),
    (3, "angry"),
    (4, "courted"),
    (2, "flood"),
    (2, "clock"),
    (1, "broadcast"),
    (1, "pelted"),
    (2, "stormy"),
]
FIRST = ("clock", "pelted", "clock", "flood", "stormy", "buyer", "pelted")  # in every world
MOSTLY_OUT = {"broadcast": 0.7, "pelted": 0.995}
MOST_PURCHASES = 60


@dataclass
class Person:
    """One relationship, and what has been written of it."""

    brand: str
    name: str
    mood: str
    platforms: Sequence[str]
    methods: Sequence[str]
    sent: list[Fields] = field(default_factory=list)
    ids: int = 0
    purchases: int = 0


@dataclass(order=True)
class Line:
    """A line on its way; the log has them by arrival, then as they were written."""

    arrival: int
    number: int
    fields: Fields = field(compare=False)
    at: int = field(compare=False)


def world(seed: int, events: int) -> tuple[list[bytes], list[bytes]]:
    """(`events` interaction lines, cost lines), each in log order; the same for the same seed."""
    dice = Dice(seed)
    writer = Writer(dice)
    while len(writer.lines) < events:
        writer.person(len(writer.people))
    lines = sorted(writer.lines[:events])
    return [writer.encoded(line) for line in lines], costs(dice, max(20, events // 12))


class Writer:
    """Writes whole persons, one after the other."""

    def __init__(self, dice: Dice) -> None:
        self.dice = dice
        self.people: list[Person] = []
        self.lines: list[Line] = []

    def person(self, number: int) -> None:
        dice = self.dice
        person = Person(
            brand=dice.pick(BRANDS),
            name=f"p{number // 2 * 2 if dice.chance(0.1) else number}",
            mood=FIRST[number] if number < len(FIRST) else dice.weighted(WEIGHTS),
            platforms=dice.pick((("x",), ("x", "web"), ("facebook", "x", "web"))),
            methods=METHODS[dice.below(3) : 1 + dice.between(3, len(METHODS) - 1)],
        )
        if any((one.brand, one.name) == (person.brand, person.name) for one in self.people):
            person.name = f"twin-{number}"
        self.people.append(person)
        every, mixes = MOODS[person.mood]
        at = (FIRST_DAY + dice.below(DAYS - 60)) * DAY + dice.below(DAY)
        most = {"flood": 240, "pelted": 240, "clock": 120, "fan": 120}.get(person.mood, 70)
        least = most // 2 if most == 240 else 5
        for _ in range(dice.between(least, most)):
            if dice.chance(0.004 if person.mood == "clock" else 0.12) and person.sent:
                self.undo(person, at)
            else:
                self.act(person, self.moment(person, at), dice.weighted(dice.weighted(mixes)))
            if person.mood == "clock":  # hourly, to the second or so
                at += HOUR + dice.below(3000)
                continue
            at += dice.below(round(every * DAY)) if dice.chance(0.8) else 0
            if dice.chance(0.01):
                at += dice.between(60, 200) * DAY
            if at > (FIRST_DAY + DAYS) * DAY:
                break

    def moment(self, person: Person, at: int) -> int:
        """`at`, or the midnight before it, or the same as before."""
        if person.mood == "clock":
            return at
        how = self.dice.below(20)
        return at // DAY * DAY if how == 0 else at // HOUR * HOUR if how == 1 else at

    # --- acts ---

    def act(self, person: Person, at: int, verb: str) -> None:
        dice = self.dice
        if verb == "purchase":
            person.purchases += 1
            verb = "click" if person.purchases > MOST_PURCHASES else verb
        outbound = verb in ("offer", "resolve")
        if verb in ("reply", "message", "like", "mention") and person.mood != "clock":
            outbound = dice.chance(MOSTLY_OUT.get(person.mood, 0.35))
        if verb == "block":
            outbound = dice.chance(0.3)
        person.ids += 1
        fields: Fields = {
            "id": f"e{person.ids}",
            "brand": person.brand,
            "person": person.name,
            "platform": dice.pick(person.platforms),
            "verb": verb,
        }
        if outbound:
            fields["direction"] = "outbound"
        if dice.chance(0.3):
            fields["object"] = dice.pick(("o1", "o2"))
        fields.update(self.flavour(person, verb))
        if verb == "purchase" and dice.chance(0.9):
            fields["value"] = money(dice, dice.pick(CURRENCIES))
        if dice.chance(0.03) and person.mood != "clock":  # taken back before it is there
            self.write({**self.undo_of(person, fields), "undoes": fields["id"]}, at, late=False)
            if verb == "purchase" and "value" in fields and dice.chance(0.5):
                again = {**self.undo_of(person, fields), "undoes": fields["id"]}
                self.write(again, at + 1, late=False)
            at += 2 * MINUTE
        person.sent.append({**fields, "at": at})
        self.write(fields, at, late=person.mood != "clock")
        if dice.chance(0.02):
            self.write(fields, at)  # once more

    def flavour(self, person: Person, verb: str) -> Fields:
        """Method, topics, sentiment and flags."""
        dice = self.dice
        fields: Fields = {}
        if dice.chance(0.6 if verb != "purchase" else 0.4):
            fields["method"] = dice.pick(person.methods) if dice.chance(0.98) else ""
        if dice.chance(0.4):
            first = dice.below(len(TOPICS))
            fields["topics"] = [*TOPICS[first : first + dice.between(0, 3)]]
            if dice.chance(0.05):
                fields["topics"] = ["support", "support", "news"]
        if dice.chance(0.75 if verb == "review" else 0.2 if person.mood != "angry" else 0.5):
            calm = (-1, -0.6, -0.25, -0.1, 0, 0.3, 0.75, 1, 0.333)
            fields["sentiment"] = dice.pick((-0.3, -0.8, -1) if person.mood == "angry" else calm)
        if dice.chance(0.08):
            fields["automated"] = dice.chance(0.9)
        if dice.chance(0.1):
            fields["incentivised"] = dice.chance(0.9)
        return fields

    # --- undos ---

    def undo(self, person: Person, at: int) -> None:
        """Of a recent act, by id or without; of a purchase or membership more often than not."""
        dice = self.dice
        dear = ("purchase", "follow", "subscribe", "join", "block", "offer")
        fitting = [sent for sent in person.sent if sent["verb"] in dear]
        wanted = fitting if fitting and dice.chance(0.6) else person.sent
        sent = dice.pick(wanted[-12:])
        fields = self.undo_of(person, sent)
        if dice.chance(0.6):
            fields["undoes"] = sent["id"]
        sent_at = sent["at"]
        assert isinstance(sent_at, int)
        when = dice.below(20)
        early = sent_at - dice.pick((1, HOUR, 2 * DAY))
        self.write(fields, at if when > 2 else sent_at if when else early)

    def undo_of(self, person: Person, sent: Fields) -> Fields:
        dice = self.dice
        person.ids += 1
        kept = ("brand", "person", "platform", "verb", "direction", "object")
        fields = {name: sent[name] for name in kept if name in sent}
        fields.update({"id": f"e{person.ids}", "op": "undo"})
        if sent["verb"] == "purchase":
            value = sent.get("value")
            if isinstance(value, dict) and dice.chance(0.75):
                part = Decimal(value["amount"]) * dice.pick((20, 50, 50, 33, 100, 150)) / 100
                places = Decimal("1") if value["currency"] == "JPY" else Decimal("0.01")
                fields["value"] = {**value, "amount": str(part.quantize(places))}
            elif dice.chance(0.5):
                fields["value"] = money(dice, dice.pick(("EUR", "USD")))
        if dice.chance(0.1):
            fields["method"] = dice.pick(METHODS)
        if dice.chance(0.08):
            fields["automated"] = True
        if dice.chance(0.08):
            fields["sentiment"] = -0.9
        return fields

    # --- lines ---

    def write(self, fields: Fields, at: int, late: bool = True) -> None:
        """On its way to the log; sometimes late, and then mostly with the record's timestamp."""
        dice = self.dice
        delay = dice.below(5000)
        how = dice.below(1000) if late else 500
        if how < 60:
            delay = dice.below(20 * HOUR)
        elif how < 100:
            delay = dice.between(1, 20) * DAY + dice.below(DAY)
        elif how < 130:
            delay = dice.between(60, 178) * DAY + dice.below(DAY)
        elif how < 133:
            delay = dice.between(181, 200) * DAY
        fields = dict(fields)
        fields.pop("at", None)
        fields["occurred_at"] = written(dice, at)
        if dice.chance(0.7 if delay > DAY else 0.3):
            fields["recorded_at"] = written(dice, at + delay)
        self.lines.append(Line(at + delay, len(self.lines), fields, at))

    def encoded(self, line: Line) -> bytes:
        if self.dice.chance(0.01):
            return bad_line(self.dice, line.fields, line.at)
        return encoded(line.fields)


def money(dice: Dice, currency: str) -> Fields:
    """Mostly with the currency's digits, at times with fewer or more."""
    cents = dice.between(0, 60) if dice.chance(0.1) else dice.between(100, 40_000)
    places = 0 if currency == "JPY" else dice.pick((2, 2, 2, 2, 1, 3))
    return {"amount": str(Decimal(cents).scaleb(-places)), "currency": currency}


def costs(dice: Dice, number: int) -> list[bytes]:
    """Cost records of all methods: minutes, invoices, late ones, repeats, undos before and after.

    An id belongs to one method, so that it does not matter who removes the repeats.
    """
    lines: list[tuple[int, int, Fields]] = []
    for n in range(number):
        at = (FIRST_DAY + dice.below(DAYS)) * DAY + dice.below(DAY)
        fields: Fields = {
            "id": f"c{n}",
            "brand": dice.pick(BRANDS),
            "method": dice.pick(METHODS[:5]),
            "occurred_at": written(dice, at),
        }
        what = dice.below(10)
        if what < 7:
            fields["amount"] = money(dice, dice.pick(CURRENCIES))
        if what > 4:
            fields["minutes"] = dice.between(1, 600)
        if dice.chance(0.2):
            fields["person"] = f"p{dice.below(20)}"
        arrival = at + (dice.between(0, 130) * DAY if dice.chance(0.4) else dice.below(HOUR))
        if dice.chance(0.8):
            fields["recorded_at"] = written(dice, arrival)
        lines.append((arrival, len(lines), fields))
        if dice.chance(0.05):
            lines.append((arrival + HOUR, len(lines), fields))
        if dice.chance(0.15):
            kept = {name: fields[name] for name in ("brand", "method")}
            undone = arrival + (dice.between(0, 120) * DAY if dice.chance(0.9) else -HOUR)
            undo = {**kept, "id": f"u{n}", "op": "undo", "undoes": f"c{n}"}
            undo["occurred_at"] = undo["recorded_at"] = written(dice, undone)
            lines.append((undone, len(lines), undo))
    return [encoded(fields) for _, _, fields in sorted(lines, key=lambda line: line[:2])]


def main(arguments: Sequence[str]) -> None:
    """Write a world into two files."""
    lines, spent = world(int(arguments[0]), int(arguments[1]))
    Path(arguments[2]).write_bytes(b"".join(line + b"\n" for line in lines))
    Path(arguments[3]).write_bytes(b"".join(line + b"\n" for line in spent))


if __name__ == "__main__":
    main(sys.argv[1:])
