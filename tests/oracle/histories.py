"""Seeded random histories that try everything a log can hold.

python -m tests.oracle.histories SEED [EVENTS]
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

from .badlines import Fields, bad_line, encoded
from .dice import Dice, written
from .plan import HOUR, MINUTE, Slot, slots
from .probes import probe
from .rules import DAY, MEMBER_VERBS

BRANDS = ("acme", "globex.co", "b-3")
PLATFORMS = ("x", "facebook", "web")
CURRENCIES = ("EUR", "USD")
WHOM = ("p{}", "x:u{}", "zo\u00eb-{}", "\u043f\u0430\u043d {}", "mail/{}", "\u200bp{}")

Mix = Sequence[tuple[int, str]]
LIGHT: Mix = [(4, "view"), (4, "click"), (3, "like"), (3, "impression"), (1, "vote"), (1, "track")]
WARM: Mix = [
    *((6, verb) for verb in ("reply", "share", "mention", "message")),
    *((2, verb) for verb in ("quote", "post", "review", "attend", "endorse", "contribute")),
    *((2, verb) for verb in ("follow", "subscribe", "join", "purchase")),
    *((1, verb) for verb in ("lead", "dislike", "complain", "report")),
]
BRAND: Mix = [
    (6, "offer"),
    (3, "reply"),
    (2, "like"),
    (1, "message"),
    (1, "mention"),
    (1, "resolve"),
]
ANGRY: Mix = [(5, "complain"), (3, "dislike"), (2, "report"), (4, "reply"), (1, "review")]
BUYING: Mix = [(8, "purchase"), (1, "click"), (1, "view")]
TRAITS: dict[str, Sequence[tuple[int, Mix]]] = {
    "daily": [(5, LIGHT), (8, WARM), (2, BRAND)],
    "weekly": [(8, LIGHT), (3, WARM), (1, BRAND)],
    "burst": [(1, LIGHT), (3, WARM)],
    "buyer": [(1, BUYING)],
    "angry": [(8, ANGRY), (1, WARM)],
    "trickle": [(3, LIGHT), (2, WARM), (1, BRAND)],
    "campaign": [(3, [(1, "offer")]), (1, LIGHT), (2, WARM), (1, BRAND)],
    "flood": [(11, [(1, "offer")]), (1, LIGHT), (2, WARM)],
    "once": [(1, WARM), (1, LIGHT), (2, [(1, verb) for verb in MEMBER_VERBS])],
}


@dataclass
class Sent:
    """An act that was written to the log, or that an undo promised."""

    id: str
    verb: str
    direction: str
    platform: str
    object: str | None
    at: int
    value: tuple[int, str] | None = None  # cents, currency


@dataclass
class Known:
    """What the generator remembers of one relationship."""

    brand: str
    person: str
    platforms: Sequence[str]
    acts: list[Sent] = field(default_factory=list)
    promised: list[Sent] = field(default_factory=list)
    undone: list[Sent] = field(default_factory=list)
    lines: list[tuple[int, Fields]] = field(default_factory=list)
    blocked: list[Sent] = field(default_factory=list)
    ids: int = 0


@dataclass
class Scripted:
    """One line of script `number`; its times count from the start of the script at first."""

    number: int
    arrival: int
    at: int
    fields: Fields


def history(seed: int, events: int = 5000) -> list[bytes]:
    """`events` lines in log order, without newlines. The same seed gives the same lines."""
    dice = Dice(seed)
    people = relationships(dice, max(2, events // 100))
    scripted = probes(dice, events)
    planned = slots(dice, len(people), events - len(scripted))
    writer = Writer(dice, people)
    if scripted:  # over the time of the others
        begin, end = planned[0].arrival, planned[-1].arrival - 200 * DAY
        starts = [begin + dice.below(end - begin) for _ in range(scripted[-1].number + 1)]
        for line in scripted:
            line.arrival += starts[line.number]
            line.at += starts[line.number]
    todo: list[Slot | Scripted] = [*planned, *scripted]
    todo.sort(key=lambda item: item.arrival)
    return [
        writer.line(item) if isinstance(item, Slot) else scripted_line(dice, item) for item in todo
    ]


def probes(dice: Dice, events: int) -> list[Scripted]:
    """About a fifth of the events: scripts of persons of their own, each in log order."""
    lines: list[Scripted] = []
    number = 0
    while True:
        arrival = 0
        script: list[Scripted] = []
        for at, fields in probe(dice, has_room=events >= 2000 and number < 3):
            arrival = max(arrival, at)
            script.append(Scripted(number, arrival, at, fields))
        if len(lines) + len(script) > events // 5:
            return lines
        lines += script
        number += 1


def scripted_line(dice: Dice, line: Scripted) -> bytes:
    """One line of a script, by a person of its own."""
    whose: Fields = {"brand": BRANDS[line.number % 2], "person": f"q{line.number}"}
    at = written(dice, line.at)
    return encoded({**whose, "platform": "x", **line.fields, "occurred_at": at})


def relationships(dice: Dice, at_most: int) -> list[Known]:
    """20 to 40 persons with one of two or three brands, some with two."""
    brands = BRANDS[: dice.between(2, 3)]
    found: list[Known] = []
    for number in range(dice.between(20, 40)):
        person = dice.pick(WHOM).format(number)
        first = dice.below(len(brands))
        for brand in (first, (first + 1) % len(brands))[: 2 if dice.chance(0.25) else 1]:
            platforms = PLATFORMS[: dice.between(1, 3)]
            found.append(Known(brands[brand], person, platforms))
    return found[:at_most]


class Writer:
    """Writes the lines one by one, remembering what it has written."""

    def __init__(self, dice: Dice, people: list[Known]) -> None:
        self.dice = dice
        self.people = people

    def line(self, slot: Slot) -> bytes:
        """One line about `slot.who`, at about `slot.at`."""
        dice, known = self.dice, self.people[slot.who]
        if dice.chance(0.03):
            return bad_line(dice, self.fields_of(known, self.new_act(known, slot)), slot.at)
        if known.blocked and dice.chance(0.3):
            fields = self.undo_of(known, known.blocked.pop(), slot)
        elif known.lines and dice.chance(0.05):
            again = self.again(known, slot)
            if again is not None:
                return again
            fields = self.act(known, slot)
        elif dice.chance(0.2 if slot.mood == "flood" else 0.11):
            fields = self.undo(known, slot)
        else:
            fields = self.act(known, slot)
        known.lines.append((slot.arrival, fields))
        return encoded(fields)

    def again(self, known: Known, slot: Slot) -> bytes | None:
        """A line of the last four months once more, perhaps with another time or verb."""
        arrival, fields = self.dice.pick(known.lines[-40:])
        if slot.arrival - arrival > 120 * DAY:
            return None
        fields = dict(fields)
        if self.dice.chance(0.3):
            ahead = self.dice.between(2, 40) * DAY if self.dice.chance(0.3) else 0
            fields["occurred_at"] = written(self.dice, slot.at + ahead)
            fields["recorded_at"] = None
        if self.dice.chance(0.1) and fields.get("direction") != "outbound":
            fields["verb"] = self.dice.pick(("like", "share", "follow"))
        return encoded(fields)

    # --- acts ---

    def act(self, known: Known, slot: Slot) -> Fields:
        """A new act, or one whose undo is in the log already."""
        if known.promised and self.dice.chance(0.35):
            sent = known.promised.pop(self.dice.below(len(known.promised)))
            sent.at = slot.at
        else:
            sent = self.new_act(known, slot)
        known.acts.append(sent)
        if sent.verb == "block":
            known.blocked.append(sent)
        fields = self.fields_of(known, sent)
        fields.update(self.flavour(slot.mood))
        return fields

    def new_act(self, known: Known, slot: Slot) -> Sent:
        dice = self.dice
        mix = dice.weighted(TRAITS[slot.mood])
        verb = dice.weighted(mix)
        direction = "outbound" if mix is BRAND or verb == "offer" else "inbound"
        if dice.chance(0.008):
            verb, direction = "block", dice.pick(("inbound", "outbound"))
        platform = known.platforms[0] if dice.chance(0.7) else dice.pick(known.platforms)
        name = None if dice.chance(0.6) else dice.pick(("o1", "o2", "page"))
        sent = Sent(self.new_id(known, platform), verb, direction, platform, name, slot.at)
        if verb == "purchase" and dice.chance(0.85):
            sent.value = (dice.between(1, 30_000), dice.pick(CURRENCIES))
        return sent

    def new_id(self, known: Known, platform: str) -> str:
        """Ids repeat from relationship to relationship, and at times from platform to platform."""
        if known.acts and known.acts[-1].platform != platform and self.dice.chance(0.3):
            return f"{known.acts[-1].id}"
        known.ids += 1
        return f"e{known.ids}"

    def fields_of(self, known: Known, sent: Sent) -> Fields:
        """The fields that every line has."""
        dice = self.dice
        fields: Fields = {
            "id": sent.id,
            "brand": known.brand,
            "person": known.person,
            "platform": sent.platform,
            "verb": sent.verb,
        }
        if sent.direction == "outbound" or dice.chance(0.2):
            fields["direction"] = sent.direction
        if sent.object is not None or dice.chance(0.05):
            fields["object"] = sent.object
        if sent.value is not None:
            fields["value"] = money(*sent.value)
        if dice.chance(0.03):
            fields["recorded_at"] = written(dice, sent.at)  # no time of its own
        else:
            fields["occurred_at"] = written(dice, sent.at)
            if dice.chance(0.1):
                late = dice.pick((-5 * MINUTE, -MINUTE, 0, HOUR, 40 * DAY))
                fields["recorded_at"] = written(dice, sent.at + late)
        return fields

    def flavour(self, mood: str) -> Fields:
        """Optional fields, some of which decide the kind of the act."""
        dice = self.dice
        fields: Fields = {}
        if dice.chance(0.6 if mood == "angry" else 0.15):
            calm = (-0.25, -0.1, 0, 0.4, 1, -0.250001, -0.9, -1)
            fields["sentiment"] = dice.pick((-0.3, -0.7, -1) if mood == "angry" else calm)
        for name in ("automated", "incentivised"):
            if dice.chance(0.06):
                fields[name] = dice.chance(0.8)
        if dice.chance(0.1):
            fields["topics"] = ["support", "news"][: dice.below(3)]
        if dice.chance(0.1):
            fields["method"] = dice.pick(("spring", "webinar", "care"))
        if dice.chance(0.05):
            fields.update({"dwell_ms": dice.below(90_000), "in_reply_to": "post-1"})
        if dice.chance(0.05):
            fields.update({"lang": "en", "extra": {"deep": [1, None]}})
        if dice.chance(0.05):
            fields.update({"undoes": None, "method": None, "op": None, "sentiment": None})
        elif dice.chance(0.1):
            fields["op"] = "create"
        return fields

    # --- undos ---

    def undo(self, known: Known, slot: Slot) -> Fields:
        """An undo of any kind: of a known act, of none, before its act, once more."""
        dice = self.dice
        if dice.chance(0.12) or not known.acts:
            promised = self.new_act(known, slot)
            if dice.chance(0.75):
                known.promised.append(promised)
            return self.undo_of(known, promised, slot, how="undoes")
        if known.undone and dice.chance(0.1):
            return self.undo_of(known, dice.pick(known.undone[-10:]), slot)
        classes: Sequence[tuple[int, Sequence[str]]] = (
            (6, ()),
            (3, MEMBER_VERBS),
            (3, ("purchase",)),
            (2, ("offer",)),
            (1, ("block",)),
            (2, ("reply", "like", "share", "click")),
        )
        verbs = dice.weighted(classes)
        fitting = [sent for sent in known.acts if sent.verb in verbs] or known.acts
        recent = fitting[-30:] if dice.chance(0.8) else fitting
        return self.undo_of(known, dice.pick(recent), slot)

    def undo_of(self, known: Known, sent: Sent, slot: Slot, how: str = "") -> Fields:
        dice = self.dice
        known.undone.append(sent)
        when = dice.below(100)
        at = slot.at
        if when < 10:
            at = sent.at
        elif when < 22:
            at = sent.at - dice.pick((1, MINUTE, HOUR, 3 * DAY))
        taken = Sent(sent.id, sent.verb, sent.direction, sent.platform, sent.object, at)
        if dice.chance(0.8):
            taken.id = self.new_id(known, "")
        fields = {**self.fields_of(known, taken), "op": "undo"}
        if how == "undoes" or dice.chance(0.55):
            fields["undoes"] = sent.id
            if dice.chance(0.5):
                fields.pop("object", None)
            if dice.chance(0.08):
                other = ("reply", "like") if sent.direction == "outbound" else ("like", "follow")
                fields["verb"] = dice.pick(other)
        elif dice.chance(0.15):
            fields["object"] = dice.pick((None, "o1", "o9"))
        if sent.verb == "purchase":
            fields.update(self.refund(sent))
        return fields

    def refund(self, sent: Sent) -> Fields:
        """How much of a purchase is taken back: a part, all, too much, another currency."""
        dice = self.dice
        how = dice.below(10)
        cents, currency = sent.value or (500, "EUR")
        if how < 5:
            return {"value": money(dice.between(1, cents), currency)}
        if how < 6:
            return {"value": money(cents, currency)}
        if how < 7:
            return {"value": money(cents + dice.between(1, 500), currency)}
        if how < 8:
            return {"value": money(1, "GBP")}
        return {}


def money(cents: int, currency: str) -> Fields:
    """The value of a purchase or refund."""
    return {"amount": f"{cents // 100}.{cents % 100:02d}", "currency": currency}


def main(arguments: Sequence[str]) -> None:
    """Write the history of SEED, of EVENTS lines, to standard output."""
    for line in history(*(int(number) for number in arguments[:2])):
        sys.stdout.buffer.write(line + b"\n")


if __name__ == "__main__":
    main(sys.argv[1:])
