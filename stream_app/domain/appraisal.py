"""What an act adds to the worth of a relationship, and what its undo takes back: the same."""

from __future__ import annotations

from decimal import Decimal

from stream_app.domain.clock import DAY_MS
from stream_app.domain.credit import TOUCH_LIFE_MS, TOUCHES, Touch
from stream_app.domain.decay import weight
from stream_app.domain.events import Interaction
from stream_app.domain.memory import Act, Offer, Purchase
from stream_app.domain.policy import Rules
from stream_app.domain.state import Relationship
from stream_app.domain.verbs import KINDS, REINFORCED_CODE, VERB_CODE, Kind
from stream_app.domain.worth import (
    ANSWER_PARTS,
    OUTBOUND_PARTS,
    RECEIVED,
    REFUND_PARTS,
    received_money,
    review_parts,
)

_REINFORCED = REINFORCED_CODE * KINDS
_NO_TOUCH = (Kind.AUTOMATED, Kind.NEGATIVE)


def appraise(rel: Relationship, act: Act, rules: Rules, sign: int = 1) -> None:
    """Add what an act is worth, its answer to an offer and its money aside, or take it back."""
    unit = weight(act.at_ms) * sign
    if not act.inbound:
        rel.worth.add(OUTBOUND_PARTS[act.verb, act.kind], unit)
        return
    rel.worth.add(rules.worth[VERB_CODE[act.verb] * KINDS + act.kind], unit)
    if act.sentiment is not None and act.verb == "review":
        rel.worth.add(review_parts(act.kind, act.sentiment), unit)
    if act.topics:
        _appraise_topics(rel, act, rules, unit)


def _appraise_topics(rel: Relationship, act: Act | Purchase, rules: Rules, unit: int) -> None:
    if act.kind in (Kind.PLAIN, Kind.INCENTIVISED):
        rel.worth.add_topics(act.topics, unit)
        if rules.reads_topic_fit:
            rel.note_topic_fit(rules)


def appraise_answer(rel: Relationship, act: Act, offer: Offer, rules: Rules, sign: int = 1) -> None:
    """An act answered an offer: the relationship is reinforced, and what was offered was given."""
    rel.worth.add(rules.worth[_REINFORCED], weight(act.at_ms) * sign)
    rel.worth.add(ANSWER_PARTS, weight(offer.at_ms) * sign)


def appraise_money(rel: Relationship, purchase: Purchase, before: Decimal | None) -> None:
    """The money of a purchase went from `before` to what is left, in the reporting currency."""
    old = received_money(float(before or 0))
    new = received_money(float(purchase.worth or 0))
    if new != old:
        rel.worth.add(((RECEIVED, new - old),), weight(purchase.at_ms))


def appraise_refund(rel: Relationship, at_ms: int) -> None:
    """The first refund of a purchase is a bad experience, at its own time."""
    rel.worth.add(REFUND_PARTS, weight(at_ms))


def appraise_forgotten(rel: Relationship, purchase: Purchase, rules: Rules) -> None:
    """A purchase is paid back whole after its pane is gone: only its worth can be taken back."""
    unit = -weight(purchase.at_ms)
    rel.worth.add(rules.worth[VERB_CODE["purchase"] * KINDS + purchase.kind], unit)
    _appraise_topics(rel, purchase, rules, unit)
    untouch(rel, purchase.key)


def touch(rel: Relationship, act: Act, event: Interaction) -> None:
    """Remember that an act named a method: the newest 64, for 90 days."""
    oldest_ms = rel.as_of - TOUCH_LIFE_MS
    if not event.method or act.kind in _NO_TOUCH or act.at_ms < oldest_ms:
        return
    touches = rel.touches
    touches.append(Touch(act.key, event.method, act.at_ms, act.number))
    if len(touches) > TOUCHES:
        if touches[0].at_ms >= oldest_ms > rel.touches_from_ms:
            rel.touches = touches = [kept for kept in touches if kept.at_ms >= oldest_ms]
            rel.touches_from_ms = min(kept.at_ms for kept in touches)
        if len(touches) > TOUCHES:
            del touches[0]
    if act.at_ms < rel.touches_from_ms:
        rel.touches_from_ms = act.at_ms


def untouch(rel: Relationship, key: str) -> None:
    """Forget the touch of an act that was undone; credit already given stays."""
    rel.touches = [touch for touch in rel.touches if touch.key != key]


def converted(event: Interaction, rules: Rules) -> tuple[Decimal | None, Decimal | None]:
    """The rate of a purchase's day and its value in the reporting currency; None without either."""
    if event.value is None:
        return None, None
    day = event.at_ms // DAY_MS
    return (
        rules.rates.rate(event.value.currency, day),
        rules.rates.convert(event.value, day),
    )
