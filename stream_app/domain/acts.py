"""What an act, and the undo of one, does to a relationship."""

from __future__ import annotations

from typing import Final

from stream_app.domain.act import Act
from stream_app.domain.appraisal import (
    appraise,
    appraise_answer,
    appraise_forgotten,
    appraise_money,
    appraise_refund,
    appraise_taken,
    converted,
    give_back,
    receive,
    touch,
    untouch,
)
from stream_app.domain.clock import DAY_MS
from stream_app.domain.events import Interaction
from stream_app.domain.keys import act_key
from stream_app.domain.ledger import Journal
from stream_app.domain.offers import open_offer, take_answered_offer
from stream_app.domain.outcome import Effect
from stream_app.domain.remembered import Offer, Purchase
from stream_app.domain.rules import Rules
from stream_app.domain.standing import block_name, membership_name, membership_prefix
from stream_app.domain.state import Relationship
from stream_app.domain.verbs import (
    FIRST_CODE,
    INBOUND_VERBS,
    MEMBERSHIP_VERBS,
    OUTBOUND_VERBS,
    REINFORCED_PANE_CODE,
)

_APPLIED: Final = Effect.APPLIED
_PLAIN_VERBS: Final = frozenset(
    {*INBOUND_VERBS, *OUTBOUND_VERBS} - {*MEMBERSHIP_VERBS, "purchase", "block"}
)
"""Verbs of acts that only count."""


def do(
    rel: Relationship, event: Interaction, rules: Rules, journal: Journal | None
) -> tuple[Effect, bool]:
    key = act_key(event.platform, event.id)
    act = Act(
        key,
        event.verb,
        event.inbound,
        event.kind,
        event.object,
        event.at_ms,
        rel.records,
        True,
        None,
        event.sentiment,
        event.topics if rules.topics else (),
    )
    verb = act.verb
    purchase = _purchase_of(act, event, rules) if verb == "purchase" else None
    memory, windows = rel.memory, rel.windows
    today = windows.open(act.at_ms // DAY_MS, rules)
    if memory.early and not _survives_early_undos(rel, event, key, purchase, rules):
        act.in_effect = False
        memory.remember(act, today, windows.panes)
        return Effect.UNDONE_BEFORE, False
    changed = False
    if act.inbound:
        code = FIRST_CODE[verb] + act.kind
        changed = windows.count_in(today, act.at_ms // DAY_MS, code, 1, rules)
        if rel.offers and rules.attracts[code]:
            changed |= _answer(rel, act, rules)
    elif verb == "offer":
        open_offer(rel, Offer(act.at_ms, act.number, key), rules)
    memory.remember(act, today, windows.panes)
    appraise(rel, act, rules)
    method = event.method
    if method:
        if journal is not None:
            method = journal.method(rel.brand, method)
        touch(rel, act, method, journal)
    if verb in _PLAIN_VERBS:
        return _APPLIED, changed
    if purchase is not None:
        purchase.booked = act.booked
        _take_in(rel, purchase, method, rules, journal)
    elif verb in MEMBERSHIP_VERBS:
        changed |= _write_membership(rel, event, event.id)
    elif verb == "block":
        changed |= _write_block(rel, event, event.id)
    return _APPLIED, changed


def _take_in(
    rel: Relationship, purchase: Purchase, method: str | None, rules: Rules, journal: Journal | None
) -> None:
    appraise_money(rel, purchase, None)
    if journal is not None:
        receive(rel, purchase, method, rules, journal)
    rel.memory.add_purchase(purchase, rel.as_of // DAY_MS)


def _answer(rel: Relationship, act: Act, rules: Rules) -> bool:
    """Count the answer that an inbound act is to an open offer, if any. True if any sum changed."""
    act.answered = take_answered_offer(rel, act.at_ms, rules)
    if act.answered is None:
        return False
    appraise_answer(rel, act, rules)
    appraise_taken(rel, act.answered.at_ms)
    return rel.windows.count(act.at_ms // DAY_MS, REINFORCED_PANE_CODE, 1, rules)


def _purchase_of(act: Act, event: Interaction, rules: Rules) -> Purchase:
    money = event.value
    rate, worth = converted(event, rules)
    return Purchase(
        key=act.key,
        platform=event.platform,
        object=act.object,
        at_ms=act.at_ms,
        number=act.number,
        kind=act.kind,
        topics=act.topics,
        left=None if money is None else money.amount,
        currency=None if money is None else money.currency,
        rate=rate,
        worth=worth,
    )


def _survives_early_undos(
    rel: Relationship, event: Interaction, key: str, purchase: Purchase | None, rules: Rules
) -> bool:
    """Whether an act has an effect after the undos of it that came first.

    Only a purchase can: what small refunds leave of it.
    """
    undos = rel.memory.take_early_undos(event, key, rel.windows.panes)
    if purchase is None or not undos:
        return not undos
    appraise_refund(rel, undos[0].at_ms)
    return not any(purchase.refund(undo.refund, rules.rates) for undo in undos)


def undo(
    rel: Relationship, event: Interaction, rules: Rules, journal: Journal | None
) -> tuple[Effect, bool]:
    today = rel.windows.open(event.at_ms // DAY_MS, rules)
    if event.verb == "purchase":
        effect, changed = refund(rel, event, rules, journal)
    else:
        effect, changed = undo_act(rel, event, rules, journal)
    if effect is Effect.EARLY_UNDO:
        rel.memory.remember_early(event, today)
    rel.memory.remember_undo(event, today, rel.windows.panes)
    return effect, changed


def undo_act(
    rel: Relationship, event: Interaction, rules: Rules, journal: Journal | None
) -> tuple[Effect, bool]:
    if event.undoes is None:
        act = rel.memory.newest(event, rel.windows.panes)
    else:
        act = rel.memory.named(event)
        if act is None:
            if _release(rel, event):
                return Effect.APPLIED, True
            return Effect.EARLY_UNDO, False
        if not act.in_effect:
            return Effect.NOTHING_TO_UNDO, False
    changed = act is not None and take_back(rel, act, rules, journal)
    written = _release(rel, event) if event.undoes is not None else _close(rel, event)
    if act is None and not written:
        return Effect.NOTHING_TO_UNDO, False
    return Effect.APPLIED, changed or written


def refund(
    rel: Relationship, event: Interaction, rules: Rules, journal: Journal | None
) -> tuple[Effect, bool]:
    memory = rel.memory
    purchase = memory.purchase(event, rel.as_of // DAY_MS)
    act = None
    if purchase is not None:
        act = memory.acts.get(purchase.key)
    elif event.undoes is not None:
        act = memory.named(event)
        if act is None:
            return Effect.EARLY_UNDO, False
        if not act.in_effect:
            return Effect.NOTHING_TO_UNDO, False
    else:
        return Effect.NOTHING_TO_UNDO, False
    if purchase is None or not purchase.refunded:
        appraise_refund(rel, event.at_ms)
    if purchase is not None:
        before = purchase.worth
        emptied = purchase.refund(event.value, rules.rates)
        appraise_money(rel, purchase, before)
        if journal is not None:
            give_back(rel, purchase, before, rules, journal, emptied=emptied)
        if not emptied:
            return Effect.APPLIED, False
        memory.forget_purchase(purchase)
        if act is None:
            appraise_forgotten(rel, purchase, rules, journal)
    return Effect.APPLIED, act is not None and take_back(rel, act, rules, journal)


def take_back(rel: Relationship, act: Act, rules: Rules, journal: Journal | None) -> bool:
    """Take an act in effect back out of its own pane, with the reinforcement it earned."""
    act.in_effect = False
    day = act.at_ms // DAY_MS
    appraise(rel, act, rules, -1)
    untouch(rel, act.key, act.booked, journal)
    pane = rel.windows.panes.get(day)
    if pane is not None:
        pane.alter()
    if not act.inbound:
        if act.verb == "offer":
            _withdraw(rel, act)
        return False
    code = FIRST_CODE[act.verb] + act.kind
    changed = rel.windows.count(day, code, -1, rules)
    offer = act.answered
    if offer is not None:
        act.answered = None
        appraise_answer(rel, act, rules, -1)
        changed |= rel.windows.count(day, REINFORCED_PANE_CODE, -1, rules)
        made = rel.memory.acts.get(offer.key)
        if made is None or made.in_effect:
            appraise_taken(rel, offer.at_ms, -1)
            open_offer(rel, offer, rules)
    return changed


def _withdraw(rel: Relationship, act: Act) -> None:
    """An offer is undone: it is open no more, and if it was taken up, nothing was given."""
    offers = rel.offers or []
    kept = [offer for offer in offers if offer.key != act.key]
    if len(kept) < len(offers):
        rel.offers = kept
        return
    for other in rel.memory.acts.values():
        if other.answered is not None and other.answered.key == act.key:
            appraise_taken(rel, act.at_ms, -1)
            return


# Memberships and blocks


def _write_membership(rel: Relationship, event: Interaction, holder: str | None) -> bool:
    before = rel.members.on
    name = membership_name(event.platform, event.verb, event.object)
    rel.members.write(name, event.at_ms, holder)
    return rel.members.on != before


def _write_block(rel: Relationship, event: Interaction, holder: str | None) -> bool:
    before = rel.blocks.on
    rel.blocks.write(block_name(event.platform, inbound=event.inbound), event.at_ms, holder)
    return rel.blocks.on != before


def _close(rel: Relationship, event: Interaction) -> bool:
    """An undo that names no act stands as an act on the membership or block. True if it is one."""
    if event.verb in MEMBERSHIP_VERBS:
        _write_membership(rel, event, None)
    elif event.verb == "block":
        _write_block(rel, event, None)
    else:
        return False
    return True


def _release(rel: Relationship, event: Interaction) -> bool:
    """An undo ends the membership or block that the very act it names holds. True if it did."""
    assert event.undoes is not None
    if event.verb in MEMBERSHIP_VERBS:
        prefix = membership_prefix(event.platform, event.verb)
        return rel.members.release(prefix, event.undoes, event.at_ms)
    if event.verb == "block":
        prefix = block_name(event.platform, inbound=event.inbound)
        return rel.blocks.release(prefix, event.undoes, event.at_ms)
    return False
