"""Two ids are one person: two relationships become one.

`end` closes the one, `merge` takes its state into the other, as if one person had done it all: the
acts of the other id count as if they had been recorded now, behind those that are here. Both
change states in place; if either raises, the state is half changed and must be dropped.

What cannot be known any more stays as it was: an undo that named no act has found the newest one of
its own history or none, and an offer that was open to one id was not answered by the other.
"""

from __future__ import annotations

from collections.abc import Sequence

from stream_app.domain.acts import refund, undo_act
from stream_app.domain.brand_policy import PANE_LIFE_DAYS
from stream_app.domain.clock import DAY_MS, boundary_at_or_before
from stream_app.domain.copies import acts_of, drop_copies, purchase_of
from stream_app.domain.credit import TOUCH_LIFE_MS, TOUCHES, Touch
from stream_app.domain.events import Interaction
from stream_app.domain.ledger import UNDECIDED, Journal
from stream_app.domain.linked import LINKED, Linked
from stream_app.domain.memory import (
    ACTS_PER_DAY,
    ACTS_PER_RELATIONSHIP,
    PURCHASE_LIFE_DAYS,
    PURCHASES,
    Memory,
)
from stream_app.domain.moves import evaluate, move_unearned
from stream_app.domain.offers import forget_offers
from stream_app.domain.outcome import Transition
from stream_app.domain.pane import Pane
from stream_app.domain.relationship import settle
from stream_app.domain.remembered import EarlyUndo, Offer
from stream_app.domain.rules import Rules
from stream_app.domain.standing import Registers
from stream_app.domain.state import Relationship
from stream_app.domain.transitions import MoveReason
from stream_app.domain.worth import TOPICS_KEPT


def end(
    rel: Relationship, watermark: int | None, rules: Rules, journal: Journal | None
) -> list[Transition]:
    """The id is somebody else's: midnights up to the watermark pass, then there is no stage."""
    moves = [] if watermark is None else settle(rel, watermark, rules, journal)
    if rel.stage:
        moves.append(move_unearned(rel, 0, MoveReason.MERGE, rules))
    return moves


def merge(
    into: Relationship,
    source: Relationship,
    link: Linked,
    watermark: int | None,
    rules: Rules,
    journal: Journal | None,
) -> list[Transition]:
    """Take all of `source`, which is used up, into `into`; evaluate that once.

    First midnights pass for `into` up to the watermark or the time that `source` knows. The stage,
    the epoch and the sequence are those of `into`. `link` says why they are one.
    """
    until_ms = source.as_of if watermark is None else max(source.as_of, watermark)
    moves = settle(into, until_ms, rules, journal)
    into.as_of = max(into.as_of, source.as_of)
    _pass_midnights(source, into.windows.day)
    drop_copies(into, source, rules, journal)
    _unite_panes(into, source, rules)
    _unite_registers(into.members, source.members)
    _unite_registers(into.blocks, source.blocks)
    _unite_worth(into, source)
    _unite_purchases(into, source)
    _unite_offers(into, source, rules)
    _unite_touches(into, source)
    into.records += source.records
    into.highest = max(into.highest, source.highest)
    into.memory.forgotten += source.memory.forgotten
    _unite_undecided(into, source, journal)
    _note_ids(into, source, link)
    _remember_again(into)
    into.windows.recount(rules)
    _meet_early_undos(into, rules, journal)
    if rules.reads_topic_fit:
        into.note_topic_fit(rules)
    reached = evaluate(into, rules)
    if reached != into.stage:
        moves.append(move_unearned(into, reached, MoveReason.MERGE, rules))
    return moves


def unlink(rel: Relationship, persons: Sequence[str], at_ms: int) -> bool:
    """From now on `persons` are others again; what was united stays so. True if any was one."""
    linked, found = rel.linked or [], False
    for place, one in enumerate(linked):
        if one.person in persons and one.until_ms is None:
            linked[place] = Linked(one.person, one.since_ms, one.record, at_ms)
            found = True
    return found


# Time


def _pass_midnights(source: Relationship, to_day: int) -> None:
    """What has died by `to_day` goes. Its stage is no more, so nothing else is to be evaluated."""
    source.as_of = max(source.as_of, boundary_at_or_before(to_day * DAY_MS))
    for pane in source.windows.drop(to_day - PANE_LIFE_DAYS):
        source.memory.drop(pane)
    source.windows.day = max(source.windows.day, to_day)


# What both have in part


def _unite_panes(into: Relationship, source: Relationship, rules: Rules) -> None:
    shift, panes = into.records, into.windows.panes
    for day, theirs in source.windows.panes.items():
        mine = into.windows.open(day, rules)
        counts = dict(mine.counts())
        for code, count in theirs.counts().items():
            counts[code] = counts.get(code, 0) + count
        for act in theirs.acts:
            act.number += shift
            if act.answered is not None:
                act.answered = _shifted(act.answered, shift)
        undos, early = _undos(into, mine, theirs)
        acts = [*mine.acts, *theirs.acts]
        panes[day] = united = Pane(
            acts, counts, undos=undos, early=early, stored=mine.stored, blocks=mine.blocks
        )
        united.alter()


def _undos(
    into: Relationship, mine: Pane, theirs: Pane
) -> tuple[list[str] | None, list[EarlyUndo] | None]:
    """The undos of a day, and those of them that wait. One that both have is one."""
    known = into.memory.undos or {}
    fresh = [key for key in theirs.undos or () if key not in known]
    shared = len(fresh) < len(theirs.undos or ())
    waiting = list(mine.early or ())
    waiting += [one for one in theirs.early or () if not shared or one not in waiting]
    return [*(mine.undos or ()), *fresh] or None, waiting or None


def _shifted(offer: Offer, shift: int) -> Offer:
    return Offer(offer.at_ms, offer.number + shift, offer.key)


def _unite_registers(into: Registers, source: Registers) -> None:
    for name, register in (source.by_name or {}).items():
        into.write(name, register.at_ms, register.holder)


def _unite_worth(into: Relationship, source: Relationship) -> None:
    mine, theirs = into.worth, source.worth
    for slot, total in enumerate(theirs.sums):
        mine.sums[slot] += total
    if theirs.topics is None:
        return
    if mine.topics is None:
        mine.topics = {}
    held = mine.topics
    for topic, total in theirs.topics.items():
        held[topic] = held.get(topic, 0) + total
    while len(held) > TOPICS_KEPT:
        del held[min(held, key=lambda topic: (held[topic], topic))]


def _unite_purchases(into: Relationship, source: Relationship) -> None:
    theirs = source.memory.purchases
    if not theirs:
        return
    for purchase in theirs:
        purchase.number += into.records
    oldest = into.as_of // DAY_MS - PURCHASE_LIFE_DAYS
    both = [*(into.memory.purchases or ()), *theirs]
    kept = [one for one in both if one.at_ms // DAY_MS > oldest]
    kept.sort(key=lambda one: (one.at_ms, one.number))
    into.memory.purchases = kept[-PURCHASES:]


def _unite_offers(into: Relationship, source: Relationship, rules: Rules) -> None:
    if source.offers:
        theirs = [_shifted(offer, into.records) for offer in source.offers]
        into.offers = sorted([*(into.offers or ()), *theirs])
    forget_offers(into, rules)
    if into.offers and len(into.offers) > rules.open_offers:
        into.offers = into.offers[-rules.open_offers :]


def _unite_touches(into: Relationship, source: Relationship) -> None:
    """Touches that an advance of `source` was credited to are not credited again."""
    oldest_ms = into.as_of - TOUCH_LIFE_MS
    mine = [one for one in into.touches if one.at_ms >= oldest_ms]
    for one in source.touches:
        if one.at_ms >= oldest_ms:
            fresh = one.number > source.credited
            number = one.number + into.records if fresh else into.credited
            mine.append(Touch(one.key, one.method, one.at_ms, number))
    into.touches = mine[-TOUCHES:]
    into.touches_from_ms = min([one.at_ms for one in into.touches], default=0)


def _unite_undecided(into: Relationship, source: Relationship, journal: Journal | None) -> None:
    """A merged relationship counts through `into`: also where a day has come already."""
    if not source.undecided:
        return
    both = sorted([*(into.undecided or ()), *source.undecided], key=lambda one: one.day)
    while both and both[0].day <= into.windows.day:
        one = both.pop(0)
        if journal is not None:
            journal.decide(into.brand, one, into.stage)
    into.undecided = both[-UNDECIDED:] or None


def _note_ids(into: Relationship, source: Relationship, link: Linked) -> None:
    new = [link, *(source.linked or ())]
    names = {one.person for one in new} | {into.person}
    kept = [one for one in into.linked or () if one.person not in names]
    new = [one for one in new if one.person != into.person]
    into.linked = [*kept, *new][-LINKED:] or None


# Bounds, and undos that find their acts


def _remember_again(rel: Relationship) -> None:
    """Memory anew, from the panes; the oldest go where there are too many together."""
    panes, old = rel.windows.panes, rel.memory
    spare_acts = sum(len(pane.acts) for pane in panes.values()) - ACTS_PER_RELATIONSHIP
    spare_undos = sum(len(pane.undos or ()) for pane in panes.values()) - ACTS_PER_RELATIONSHIP
    memory = Memory(purchases=old.purchases, forgotten=old.forgotten)
    for day in sorted(panes):
        pane = panes[day]
        acts = _too_many(len(pane.acts), spare_acts)
        undos = _too_many(len(pane.undos or ()), spare_undos)
        early = _too_many(len(pane.early or ()), 0)
        if acts or undos or early:
            pane.forget_first(acts)
            pane.undos = (pane.undos or [])[undos:] or None
            pane.early = (pane.early or [])[early:] or None
            spare_acts -= acts
            spare_undos -= undos
            memory.forgotten += acts + undos + early
        memory.recall(pane, day)
    rel.memory = memory


def _too_many(count: int, spare: int) -> int:
    """How many of a day's must go: beyond its own bound, or `spare` of all."""
    return max(0, count - ACTS_PER_DAY, min(count, spare))


def _meet_early_undos(rel: Relationship, rules: Rules, journal: Journal | None) -> None:
    """An undo that waited in one history for its act in the other takes it back now."""
    acts = acts_of(rel)
    for pane in rel.windows.panes.values():
        for early in pane.early or ():
            act = acts.get(early.key)
            if act is None:
                if early.verb != "purchase" or purchase_of(rel, early.key) is None:
                    continue
            elif act.verb != early.verb or act.inbound != early.inbound:
                continue
            pane.early = [one for one in pane.early or () if one is not early] or None
            pane.changed = True
            if early.verb == "purchase":
                refund(rel, _as_undo(rel, early), rules, journal)
            else:
                undo_act(rel, _as_undo(rel, early), rules, journal)
    _remember_again(rel)


def _as_undo(rel: Relationship, early: EarlyUndo) -> Interaction:
    platform, _, act_id = early.key.partition(" ")
    return Interaction(
        "",
        rel.brand,
        rel.person,
        platform,
        early.verb,
        early.inbound,
        True,
        early.at_ms,
        undoes=act_id,
        value=early.refund,
    )
