"""One relationship, looked at naively: all its records, and every count made anew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import NamedTuple, TypeVar

from .reading import Interaction
from .rules import (
    ANSWER_WITHIN,
    DAY,
    MEMBER_VERBS,
    NEVER,
    OFFER_MEMORY,
    OPEN_OFFERS,
    PANE_DAYS,
    PURCHASE_DAYS,
    STAGES,
    Condition,
    Pane,
    Rule,
    day,
    pane_of,
    points_of,
)

Key = TypeVar("Key", bound=tuple[str | None, ...])

REINFORCED = ("reinforced", "plain")
COLUMNS = {measure: column for column, measure in enumerate(Pane._fields)}


class Transition(NamedTuple):
    """One change of stage of one relationship. `at_ms` is event time in milliseconds."""

    brand: str
    person: str
    sequence: int
    from_: str
    to: str
    at_ms: int
    reason: str
    cause_id: str | None


@dataclass
class Rescan:
    """What a log comes to. Line numbers count from 1; `seen` counts the cases that occurred."""

    transitions: list[Transition] = field(default_factory=list)
    rejects: list[tuple[int, str]] = field(default_factory=list)
    duplicates: int = 0
    seen: Counter[str] = field(default_factory=Counter)


@dataclass(eq=False)
class Act:
    """One accepted `create`. `order` is its place in the log."""

    event: Interaction
    order: int
    left: Decimal | None
    day: int
    undone: bool = False
    open_offer: bool = False
    answers: Act | None = None

    def __post_init__(self) -> None:
        """What is asked for at every count."""
        self.is_inbound = self.event.direction == "inbound"
        self.what = (self.event.verb, self.event.kind)

    @property
    def age_key(self) -> tuple[int, int]:
        """Older acts first; of the same time, the earlier record first."""
        return (self.event.at, self.order)


@dataclass
class Register:
    """The last word on one membership or block."""

    is_open: bool
    at: int
    holder: str


@dataclass
class Relationship:
    """One (brand, person): its records, its registers, its present stage."""

    brand: str
    person: str
    out: Rescan
    policy: Mapping[str, tuple[Rule, Rule]]
    as_of: int = NEVER
    stage: int = 0
    sequence: int = 0
    records: list[tuple[tuple[str, str, str], int]] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)
    early_undos: list[Interaction] = field(default_factory=list)
    members: dict[tuple[str, str, str | None], Register] = field(default_factory=dict)
    blocks: dict[tuple[str, str], Register] = field(default_factory=dict)

    # --- time (section 6) ---

    def walk(self, to: int) -> None:
        """Evaluate at every midnight after `as_of` and not after `to`."""
        boundaries = range((day(self.as_of) + 1) * DAY, to + 1, DAY)
        if boundaries:
            panes = self.panes(boundaries[0])  # no act comes or goes during a walk
            all_past = max(panes, default=0) + longest_window(self.policy)
            for boundary in boundaries:
                before = self.stage
                self.evaluate(panes, boundary, "expiry", None)
                if day(boundary) >= all_past and self.stage == before:
                    break  # nothing is counted any more: all later midnights are like this one

    def take(self, event: Interaction, order: int, watermark: int) -> str:
        """Take one valid record: `accepted`, `duplicate` or `too_old` (then nothing changed)."""
        today = day(max(self.as_of, watermark))
        if day(event.at) <= today - PANE_DAYS:
            return "too_old"
        identity = event.identity
        for seen, on in self.records:
            if seen == identity and on > today - PANE_DAYS:
                return "duplicate"
        if self.as_of != NEVER:
            self.walk(max(event.at, watermark))
        self.as_of = max(self.as_of, event.at, day(watermark) * DAY)
        self.records.append((identity, day(event.at)))
        if event.op == "undo":
            self.undo(event)
        else:
            self.create(event, order)
        self.evaluate(self.panes(self.as_of), self.as_of, reason_of(event), event.id)
        return "accepted"

    def change_policy(self, policy: Mapping[str, tuple[Rule, Rule]], watermark: int) -> None:
        """Midnights pass under the old policy, then it is evaluated under the new one."""
        self.walk(watermark)
        self.as_of = max(self.as_of, day(watermark) * DAY)
        self.policy = policy
        before = self.stage
        self.evaluate(self.panes(self.as_of), self.as_of, "policy", None)
        self.out.seen["advance by policy"] += self.stage > before
        self.out.seen["lapse by policy"] += self.stage < before

    def is_remembered(self, event: Interaction) -> bool:
        """Whether the record is young enough to be undone, or to undo."""
        is_purchase = event.verb == "purchase" and event.op == "create"
        days = PURCHASE_DAYS if is_purchase else PANE_DAYS
        return day(event.at) > day(self.as_of) - days

    # --- acts and undos (section 4) ---

    def create(self, event: Interaction, order: int) -> None:
        act = Act(event, order, event.amount, day(event.at))
        self.acts.append(act)
        for early in list(self.early_undos):
            is_of_it = (early.platform, early.undoes) == (event.platform, event.id)
            if is_of_it and is_alike(early, event) and self.is_remembered(early):
                self.early_undos.remove(early)
                self.out.seen[f"early undo met its {event.verb}"] += 1
                if not act.undone:
                    self.take_back(act, early)
                    self.out.seen["early refund in part"] += not act.undone
        if act.undone:
            return
        if event.verb in MEMBER_VERBS:
            stand(self.members, (event.platform, event.verb, event.object), event, True)
        if event.verb == "block":
            stand(self.blocks, (event.direction, event.platform), event, True)
        if event.verb == "offer":
            act.open_offer = True
            self.forget_offers("a new one")
        elif event.direction == "inbound" and points_of(event.verb, event.kind)[1] > 0:
            self.answer_an_offer(act)

    def undo(self, event: Interaction) -> None:
        if event.undoes is not None:
            self.undo_that(event)
            return
        if event.verb in MEMBER_VERBS:
            stand(self.members, (event.platform, event.verb, event.object), event, False)
        if event.verb == "block":
            stand(self.blocks, (event.direction, event.platform), event, False)
        candidates = [
            act
            for act in self.acts
            if is_alike(act.event, event)
            and (act.event.platform, act.event.object) == (event.platform, event.object)
            and act.event.at <= event.at
            and not act.undone
            and self.is_remembered(act.event)
        ]
        with_object = "without object" if event.object is None else "with object"
        if candidates:
            self.out.seen[f"undo without undoes, {with_object}"] += 1
            self.take_back(max(candidates, key=lambda act: act.age_key), event)
        else:
            self.out.seen[f"undo without undoes, {with_object}, of nothing"] += 1

    def undo_that(self, event: Interaction) -> None:
        """Undo with `undoes`: that act, and no other, whatever the times."""
        closed = self.close_what_it_holds(event)
        same_id = [
            act
            for act in self.acts
            if (act.event.platform, act.event.id) == (event.platform, event.undoes)
            and self.is_remembered(act.event)
        ]
        targets = [act for act in same_id if is_alike(act.event, event)]
        if targets:
            target = max(targets, key=lambda act: act.order)
            self.out.seen["undo twice" if target.undone else "undo with undoes"] += 1
            if not target.undone:
                self.out.seen["undo earlier than its act"] += event.at < target.event.at
                self.take_back(target, event)
        elif closed:
            self.out.seen["undo of a forgotten act that holds a membership or block"] += 1
        else:
            self.out.seen["undo of another verb" if same_id else "undo of an unknown act"] += 1
            self.early_undos.append(event)

    def close_what_it_holds(self, event: Interaction) -> bool:
        held: list[Register] = []
        if event.verb in MEMBER_VERBS:
            held = [r for k, r in self.members.items() if k[:2] == (event.platform, event.verb)]
        if event.verb == "block":
            held = [r for k, r in self.blocks.items() if k == (event.direction, event.platform)]
        held = [r for r in held if r.is_open and r.holder == event.undoes]
        for register in held:
            self.out.seen["membership or block closed before it began"] += event.at < register.at
            register.is_open = False
            register.at = event.at
        return bool(held)

    def take_back(self, act: Act, undo: Interaction) -> None:
        """Take the act out of its pane, with what it earned; of a purchase perhaps only money."""
        verb = f"{act.event.direction} {act.event.verb}"
        if act.event.verb == "purchase":
            verb = refund_of(act, undo)
            if act.left:
                self.out.seen["refund in part"] += 1
                return
        self.out.seen[f"undone: {verb}"] += 1
        act.undone = True
        act.open_offer = False
        if act.answers is not None:
            offer, act.answers = act.answers, None
            self.out.seen["answer undone"] += 1
            if offer.undone:
                self.out.seen["answer to an undone offer undone"] += 1
            else:
                offer.open_offer = True
                self.forget_offers("one open again")

    # --- reinforcement (section 5) ---

    def forget_offers(self, because: str) -> None:
        """Close offers that are too old, and the oldest beyond 64."""
        for act in self.acts:
            if act.open_offer and act.event.at < self.as_of - OFFER_MEMORY:
                act.open_offer = False
                self.out.seen["offer forgotten"] += 1
        still_open = [act for act in self.acts if act.open_offer]
        for act in sorted(still_open, key=lambda act: act.age_key)[:-OPEN_OFFERS]:
            act.open_offer = False
            self.out.seen[f"offer pushed out by {because}"] += 1

    def answer_an_offer(self, act: Act) -> None:
        self.forget_offers("nothing")
        at = act.event.at
        open_offers = [offer for offer in self.acts if offer.open_offer]
        fitting = [o for o in open_offers if o.event.at <= at <= o.event.at + ANSWER_WITHIN]
        if fitting:
            act.answers = min(fitting, key=lambda offer: offer.age_key)
            act.answers.open_offer = False
            self.out.seen["offer answered"] += 1
        elif open_offers:
            self.out.seen["offer not answered: not within 7 days"] += 1

    # --- stages (sections 4 and 5) ---

    def panes(self, at: int) -> dict[int, Pane]:
        """Every living pane, counted anew from the acts in effect."""
        counts: dict[int, dict[tuple[str, str], int]] = {}
        oldest = day(at) - PANE_DAYS + 1
        for act in self.acts:
            if act.undone or act.day < oldest or not act.is_inbound:
                continue
            count = counts.setdefault(act.day, {})
            count[act.what] = count.get(act.what, 0) + 1
            if act.answers is not None:
                count[REINFORCED] = count.get(REINFORCED, 0) + 1
        return {on: pane_of_counts(frozenset(count.items())) for on, count in counts.items()}

    def evaluate(self, panes: dict[int, Pane], at: int, reason: str, cause: str | None) -> None:
        """Decide the stage at `at`; a change becomes a transition."""
        stage = self.stage_at(panes, at)
        if stage == self.stage:
            return
        self.sequence += 1
        key = (self.brand, self.person, self.sequence)
        moved = Transition(*key, STAGES[self.stage], STAGES[stage], at, reason, cause)
        self.out.transitions.append(moved)
        if reason == "expiry" and stage > self.stage:
            self.out.seen["advance by expiry"] += 1
        self.stage = stage

    def stage_at(self, panes: dict[int, Pane], at: int) -> int:
        if self.blocks and any(block.is_open for block in self.blocks.values()):
            return 0
        reached = 0
        for k in range(1, len(STAGES)):
            enter, hold = self.policy[STAGES[k]]
            rule = hold if k <= self.stage else enter
            for way in rule:
                if self.are_met(way, panes, at):
                    break
            else:
                break
            reached = k
        return reached

    def are_met(self, way: Sequence[Condition], panes: dict[int, Pane], at: int) -> bool:
        """Whether all of these conditions are."""
        today = day(at)
        for measure, days, sign, limit in way:
            if measure == "members":
                value = sum([register.is_open for register in self.members.values()])
            else:
                column, before = COLUMNS[measure], today - days
                value = sum([pane[column] for on, pane in panes.items() if before < on <= today])
            if not (value >= limit if sign == ">=" else value <= limit):
                return False
        return True


@cache
def pane_of_counts(counts: frozenset[tuple[tuple[str, str], int]]) -> Pane:
    """The pane of such a day; days of the same few acts are many."""
    return pane_of(dict(counts))


def longest_window(policy: Mapping[str, tuple[Rule, Rule]]) -> int:
    """Days after which an act counts for no stage."""
    ways = [way for rules in policy.values() for rule in rules for way in rule]
    return max(condition.days for way in ways for condition in way)


def is_alike(one: Interaction, other: Interaction) -> bool:
    """Same verb and direction."""
    return (one.verb, one.direction) == (other.verb, other.direction)


def reason_of(event: Interaction) -> str:
    """The reason of a change that this record causes."""
    if event.verb == "block":
        return "blocked"
    if event.verb in MEMBER_VERBS:
        return "membership"
    return "undo" if event.op == "undo" else "evidence"


def refund_of(purchase: Act, undo: Interaction) -> str:
    """Take the refund from what is left of the purchase; says what kind of refund it was."""
    if purchase.left is None:
        return "purchase without value"
    if undo.amount is None:
        purchase.left = Decimal(0)
        return "purchase, by a refund without value"
    if undo.currency != purchase.event.currency:
        purchase.left = Decimal(0)
        return "purchase, by a refund in another currency"
    is_over = undo.amount > purchase.left
    purchase.left -= min(purchase.left, undo.amount)
    return "purchase, by a refund of too much" if is_over else "purchase, by refunds"


def stand(on: dict[Key, Register], key: Key, event: Interaction, opens: bool) -> None:
    """Let the event open or close a membership or block, unless a newer one has spoken."""
    known = on.get(key)
    if known is None or event.at >= known.at:
        on[key] = Register(opens, event.at, event.id)
