"""One relationship with what it is worth: touches, credits, and the money of its purchases."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from ..reading import Interaction
from ..relationship import Act, Relationship, Transition
from ..rules import DAY, NEVER, STAGES, Pane, day
from .credit import Touch, apportioned, shares
from .ledger import Ledger
from .policy import MILLIONTHS, WorthPolicy
from .quality import Known, Purchase, is_suspect, quality

TOUCHES = 64
TOUCH_AGE_MS = 90 * DAY
SURVIVAL_DAYS = 120
Quality = dict[str, float | None]


class WorthTransition(NamedTuple):
    """A transition of the rescan, with its quality and its credits (millionths, or None)."""

    brand: str
    person: str
    sequence: int
    from_: str
    to: str
    at_ms: int
    reason: str
    cause_id: str | None
    quality: Quality
    credits: dict[str, int] | None


@dataclass
class Clock:
    """A partition's watermark, and by which record's timestamp it first came so far."""

    watermark: int = NEVER
    passed: list[tuple[int, int]] = field(default_factory=list)

    def advance(self, watermark: int, recorded: int) -> None:
        if watermark > self.watermark:
            self.watermark = watermark
            self.passed.append((watermark, recorded))

    def recorded_when(self, boundary: int) -> int | None:
        """Timestamp of the record that took the watermark to `boundary`; None: not there yet."""
        place = bisect_left(self.passed, (boundary, NEVER))
        return self.passed[place][1] if place < len(self.passed) else None


@dataclass
class Bought:
    """The money of one purchase, in minor units of the reporting currency."""

    act: Act
    rate: Fraction | None
    left: int | None
    first_refund_at: int | None = None
    row_day: int | None = None
    went: dict[str, int] = field(default_factory=dict)


class Undecided(NamedTuple):
    """An advance of which it is yet to be seen whether it lasts."""

    on: int
    rungs: tuple[int, ...]
    credits: dict[str, int]


@dataclass
class Worthy(Relationship):
    """A relationship of the rescan that also remembers what sections 8 and 9 ask for."""

    terms: WorthPolicy = field(default_factory=WorthPolicy)
    ledger: Ledger = field(default_factory=Ledger)
    clock: Clock = field(default_factory=Clock)
    worths: list[WorthTransition] = field(default_factory=list)
    recorded: int | None = None  # timestamp of the record at hand
    highest: int = 0
    touches: list[Touch] = field(default_factory=list)
    touched: dict[int, tuple[str, int]] = field(default_factory=dict)  # act: method, day of row
    credited_to: int = 0  # number of the newest touch at the last advance
    bought: dict[int, Bought] = field(default_factory=dict)
    undecided: list[Undecided] = field(default_factory=list)

    def take(self, event: Interaction, order: int, watermark: int) -> str:
        self.recorded = event.recorded
        answer = super().take(event, order, watermark)
        self.recorded = None
        return answer

    # --- acts ---

    def create(self, event: Interaction, order: int) -> None:
        super().create(event, order)
        act = self.acts[-1]
        if act.undone:  # its undo was here before it
            return
        if event.method and event.kind in ("plain", "incentivised"):
            self.touch(act, event.method)
        if event.verb == "purchase":
            self.receive(self.bought_by(act))

    def take_back(self, act: Act, undo: Interaction) -> None:
        left_before = act.left
        super().take_back(act, undo)
        if act.event.verb == "purchase":
            self.refund(self.bought_by(act), left_before, undo)
        if act.undone and act.order in self.touched:
            method, on = self.touched[act.order]
            is_known = any(touch.order == act.order for touch in self.touches)
            self.out.seen[f"touch undone, {'remembered' if is_known else 'forgotten'}"] += 1
            self.out.seen["touch undone in a later row"] += self.later(on) != on
            self.touches = [touch for touch in self.touches if touch.order != act.order]
            self.ledger.row(self.brand, method, self.later(on)).touches -= 1

    def later(self, on: int) -> int:
        """The row of that day, or the oldest one that is open to the record at hand."""
        return self.ledger.later_day(on, self.recorded)

    # --- touches ---

    def touch(self, act: Act, method: str) -> None:
        on = self.later(day(act.event.at))
        self.out.seen["touch in a later row"] += on != day(act.event.at)
        row = self.ledger.row(self.brand, method, on)
        row.touches += 1
        row.people.add(self.person)
        self.touched[act.order] = (method, on)
        self.touches.append(Touch(len(self.touched), act.order, method, act.event.at))
        self.forget_touches(self.as_of)

    def forget_touches(self, now: int) -> None:
        """Those older than 90 days, and all but the newest 64 of the log."""
        young = [touch for touch in self.touches if touch.at >= now - TOUCH_AGE_MS]
        self.out.seen["touch too old"] += len(young) < len(self.touches)
        self.out.seen["touch pushed out"] += len(young) > TOUCHES
        self.touches = young[-TOUCHES:]

    # --- money ---

    def bought_by(self, act: Act) -> Bought:
        if act.order not in self.bought:
            event = act.event
            rate = self.terms.rate(event.currency, event.at) if event.currency else None
            left = None
            if rate is not None and event.amount is not None:
                left = self.terms.rounded(Fraction(event.amount) * rate)
            self.bought[act.order] = Bought(act, rate, left)
        return self.bought[act.order]

    def receive(self, bought: Bought) -> None:
        """Give the value of a purchase to its method, or over the touches not later than it."""
        event = bought.act.event
        if event.amount is None:
            return
        self.forget_touches(self.as_of)
        until_then = [touch for touch in self.touches if touch.at <= event.at]
        parts = {event.method: MILLIONTHS} if event.method else shares(until_then, self.terms)
        bought.row_day = self.later(day(event.at))
        bought.went = apportioned(parts, bought.left or 0)
        how = "named" if event.method else "by touches" if until_then else "unattributed"
        self.out.seen[f"value {how}"] += 1
        self.out.seen[f"value over {min(len(bought.went), 3)} methods"] += 1
        self.out.seen["value without a rate"] += bought.left is None
        self.out.seen["value by fewer touches than remembered"] += until_then != self.touches
        self.out.seen["value in a later row"] += bought.row_day != day(event.at)
        for method, minor in bought.went.items():
            row = self.ledger.row(self.brand, method, bought.row_day)
            if bought.left is None:
                row.value.incomplete += 1
            else:
                row.value.add(minor, 1)

    def refund(self, bought: Bought, left_before: Decimal | None, undo: Interaction) -> None:
        """Take money back, at the purchase's rate, from where it went; the last takes all."""
        if bought.first_refund_at is None:
            bought.first_refund_at = undo.at
        back = 0
        if bought.left is not None and bought.rate is not None:
            assert left_before is not None
            assert bought.act.left is not None
            taken = Fraction(left_before - bought.act.left) * bought.rate
            back = min(self.terms.rounded(taken), bought.left)
            back = bought.left if bought.act.undone else back
            bought.left -= back
        if bought.row_day is None:  # the refund was here before its purchase, or there is no value
            return
        parts = apportioned(bought.went, back) if back else {}
        self.out.seen[f"refund from {min(len(bought.went), 3)} methods"] += back > 0
        self.out.seen["refund in a later row"] += self.later(bought.row_day) != bought.row_day
        for method in bought.went:
            row = self.ledger.row(self.brand, method, self.later(bought.row_day))
            row.value.add(-parts.get(method, 0), 0)
            bought.went[method] -= parts.get(method, 0)
            if bought.act.undone and bought.left is None:
                row.value.incomplete -= 1
            elif bought.act.undone:
                row.value.known -= 1

    # --- moves ---

    def evaluate(self, panes: dict[int, Pane], at: int, reason: str, cause: str | None) -> None:
        before = self.sequence
        super().evaluate(panes, at, reason, cause)
        if self.sequence != before:
            self.weigh(self.out.transitions[-1], self.recorded_for(at, reason))
        if reason == "expiry":
            self.decide(day(at), self.recorded_for(at, reason))

    def recorded_for(self, at: int, reason: str) -> int | None:
        """The timestamp that says which rows are open to what happens at `at`."""
        if reason != "expiry":
            return self.recorded
        passed = self.clock.recorded_when(at)
        return self.recorded if passed is None else passed

    def weigh(self, moved: Transition, recorded: int | None) -> None:
        found = quality(self.known(), moved.at_ms, self.terms)
        self.out.seen["suspect at a move"] += is_suspect(self.known(), moved.at_ms)
        credits = None
        if self.stage > STAGES.index(moved.from_):
            credits = self.credit(moved.at_ms)
            on = self.ledger.open_day(moved.at_ms, recorded)
            rungs = tuple(range(STAGES.index(moved.from_) + 1, self.stage + 1))
            for method, part in credits.items():
                row = self.ledger.row(self.brand, method, on)
                for rung in rungs:
                    (row.won if rung > self.highest else row.regained)[STAGES[rung]] += part
                if found["overall"] is not None:
                    row.overall += part * round(found["overall"] * MILLIONTHS)
                    row.overall_credit += part
            self.undecided.append(Undecided(day(moved.at_ms) + SURVIVAL_DAYS, rungs, credits))
            self.highest = max(self.highest, self.stage)
        self.worths.append(WorthTransition(*moved, found, credits))

    def credit(self, now: int) -> dict[str, int]:
        """Over the touches since the last advance, in the order of the log."""
        self.forget_touches(now)
        since = [touch for touch in self.touches if touch.number > self.credited_to]
        self.credited_to = len(self.touched)
        self.out.seen["credit over a full memory"] += len(since) == TOUCHES
        self.out.seen["credit leaves out older touches"] += len(since) < len(self.touches)
        return shares(since, self.terms)

    def decide(self, today: int, recorded: int | None) -> None:
        """Whether the advances of 120 days ago have lasted."""
        for one in [one for one in self.undecided if one.on == today]:
            self.undecided.remove(one)
            self.out.seen[f"survival: {sum(self.stage >= rung for rung in one.rungs)} rungs"] += 1
            for method, part in one.credits.items():
                row = self.ledger.row(self.brand, method, self.ledger.later_day(today, recorded))
                for rung in one.rungs:
                    row.decided[STAGES[rung]] += part
                    row.survived[STAGES[rung]] += part * (self.stage >= rung)

    def known(self) -> Known:
        unit = 10 ** self.terms.minor_units[self.terms.reporting]
        return Known(
            acts=self.acts,
            purchases={
                order: Purchase(None if b.left is None else b.left / unit, b.first_refund_at)
                for order, b in self.bought.items()
            },
            memberships=list(self.members.values()),
            person_blocks=[block for key, block in self.blocks.items() if key[0] == "inbound"],
            topics=tuple(self.terms.topics.get(self.brand, ())),
        )
