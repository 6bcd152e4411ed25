"""What two histories of one person have both: an act sent under two ids is still one act.

Before `source` is merged into `into` its copies go; what is left has nothing in common.
"""

from __future__ import annotations

from stream_app.domain.act import Act
from stream_app.domain.acts import take_back
from stream_app.domain.appraisal import (
    appraise,
    appraise_forgotten,
    appraise_money,
    appraise_taken,
    give_back,
    untouch,
)
from stream_app.domain.ledger import Journal
from stream_app.domain.remembered import Purchase
from stream_app.domain.rules import Rules
from stream_app.domain.standing import block_name, membership_name
from stream_app.domain.state import Relationship
from stream_app.domain.verbs import MEMBERSHIP_VERBS


def drop_copies(
    into: Relationship, source: Relationship, rules: Rules, journal: Journal | None
) -> None:
    """An act that both know is a duplicate: the copy goes, and if either was undone, it is."""
    known = acts_of(into)
    for purchase in list(source.memory.purchases or ()):
        mine = purchase_of(into, purchase.key)
        if mine is None and purchase.key not in known:
            continue
        if mine is not None and purchase.refunded:
            _refund_alike(into, mine, purchase, rules, journal)
        _withdraw_purchase(source, purchase, rules, journal)
    for pane in source.windows.panes.values():
        copies = [act for act in pane.acts if act.key in known]
        for act in copies:
            _drop_act(into, source, known[act.key], act, rules, journal)
        if copies:
            pane.acts = [act for act in pane.acts if act.key not in known]


def _drop_act(
    into: Relationship,
    source: Relationship,
    mine: Act,
    copy: Act,
    rules: Rules,
    journal: Journal | None,
) -> None:
    _let_go(source, copy)
    if copy.in_effect:
        _withdraw(into, source, copy, rules, journal)
    elif mine.in_effect and mine.verb == copy.verb and mine.inbound == copy.inbound:
        _take_money_back(into, mine, rules, journal)
        take_back(into, mine, rules, journal)


def _let_go(source: Relationship, act: Act) -> None:
    """What a copy holds open is held by the act itself, if anything is."""
    registers = source.blocks if act.verb == "block" else source.members
    platform, _, act_id = act.key.partition(" ")
    if registers.by_name is None or not (act.verb == "block" or act.verb in MEMBERSHIP_VERBS):
        return
    name = (
        block_name(platform, inbound=act.inbound)
        if act.verb == "block"
        else membership_name(platform, act.verb, act.object)
    )
    register = registers.by_name.get(name)
    if register is not None and register.holder == act_id:
        del registers.by_name[name]
        registers.on -= 1


def _withdraw(
    into: Relationship, source: Relationship, act: Act, rules: Rules, journal: Journal | None
) -> None:
    """Take a copy out of `source`. An answered offer stays answered, whoever answered it."""
    if act.verb != "offer":
        take_back(source, act, rules, journal)
        return
    appraise(source, act, rules, -1)
    untouch(source, act.key, act.booked, journal)
    source.offers = [offer for offer in source.offers or () if offer.key != act.key] or None
    if not _is_answered(source, act.key):
        return
    if _is_answered(into, act.key):
        appraise_taken(source, act.at_ms, -1)
    into.offers = [offer for offer in into.offers or () if offer.key != act.key] or None


def _is_answered(rel: Relationship, key: str) -> bool:
    return any(
        act.answered is not None and act.answered.key == key for act in acts_of(rel).values()
    )


def acts_of(rel: Relationship) -> dict[str, Act]:
    """The acts that are remembered, by identity."""
    return {act.key: act for pane in rel.windows.panes.values() for act in pane.acts}


def purchase_of(rel: Relationship, key: str) -> Purchase | None:
    """The purchase of this identity, if something of it is left."""
    for purchase in rel.memory.purchases or ():
        if purchase.key == key:
            return purchase
    return None


def _withdraw_purchase(
    rel: Relationship, purchase: Purchase, rules: Rules, journal: Journal | None
) -> None:
    """Take the money of a copy out, and if its pane is gone, what else it was worth."""
    before = purchase.worth
    purchase.refund(None, rules.rates)
    appraise_money(rel, purchase, before)
    if journal is not None:
        give_back(rel, purchase, before, rules, journal, emptied=True)
    rel.memory.forget_purchase(purchase)
    if purchase.key not in acts_of(rel):
        appraise_forgotten(rel, purchase, rules, journal)


def _take_money_back(rel: Relationship, act: Act, rules: Rules, journal: Journal | None) -> None:
    purchase = purchase_of(rel, act.key) if act.verb == "purchase" else None
    if purchase is not None:
        _withdraw_purchase(rel, purchase, rules, journal)


def _refund_alike(
    into: Relationship, mine: Purchase, copy: Purchase, rules: Rules, journal: Journal | None
) -> None:
    """One purchase, refunded in part in both histories: what the smaller rest says is left."""
    mine.refunded = True
    if copy.left is None or mine.left is None or copy.left >= mine.left:
        return
    before = mine.worth
    mine.left = copy.left
    if mine.worth is not None and copy.worth is not None:
        mine.worth = min(mine.worth, copy.worth)
    appraise_money(into, mine, before)
    if journal is not None:
        give_back(into, mine, before, rules, journal, emptied=False)
