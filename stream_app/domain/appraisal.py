"""What an act adds to the worth of a relationship, and what its undo takes back: the same."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from stream_app.domain.act import Act
from stream_app.domain.clock import DAY_MS
from stream_app.domain.credit import MILLION, TOUCH_LIFE_MS, TOUCHES, Touch, credit, cut_up
from stream_app.domain.decay import weight
from stream_app.domain.events import Interaction
from stream_app.domain.ledger import Journal
from stream_app.domain.remembered import Purchase
from stream_app.domain.rows import Booked
from stream_app.domain.rules import Rules
from stream_app.domain.state import Relationship
from stream_app.domain.verbs import FIRST_CODE, REINFORCED_PANE_CODE, Kind
from stream_app.domain.worth import (
    ANSWER_PARTS,
    OUTBOUND_PARTS,
    RECEIVED,
    REFUND_PARTS,
    received_money,
    review_parts,
)

_NO_TOUCH = (Kind.AUTOMATED, Kind.NEGATIVE)


def appraise(rel: Relationship, act: Act, rules: Rules, sign: int = 1) -> None:
    """Add what an act is worth, its answer to an offer and its money aside, or take it back."""
    unit = weight(act.at_ms)
    if sign < 0:
        unit = -unit
    if not act.inbound:
        rel.worth.add(OUTBOUND_PARTS[act.verb, act.kind], unit)
        return
    rel.worth.add(rules.worth[FIRST_CODE[act.verb] + act.kind], unit)
    if act.sentiment is not None and act.verb == "review":
        rel.worth.add(review_parts(act.kind, act.sentiment), unit)
    if act.topics:
        _appraise_topics(rel, act, rules, unit)


def _appraise_topics(rel: Relationship, act: Act | Purchase, rules: Rules, unit: int) -> None:
    if act.kind in (Kind.PLAIN, Kind.INCENTIVISED):
        rel.worth.add_topics(act.topics, unit)
        if rules.reads_topic_fit:
            rel.note_topic_fit(rules)


def appraise_answer(rel: Relationship, act: Act, rules: Rules, sign: int = 1) -> None:
    """An act answered an offer: the relationship is reinforced."""
    rel.worth.add(rules.worth[REINFORCED_PANE_CODE], weight(act.at_ms) * sign)


def appraise_taken(rel: Relationship, offer_ms: int, sign: int = 1) -> None:
    """What was offered at `offer_ms` was given: for as long as neither is undone."""
    rel.worth.add(ANSWER_PARTS, weight(offer_ms) * sign)


def appraise_money(rel: Relationship, purchase: Purchase, before: Decimal | None) -> None:
    """The money of a purchase went from `before` to what is left, in the reporting currency.

    What a machine bought counts for reports only.
    """
    if purchase.kind is Kind.AUTOMATED:
        return
    old = received_money(float(before or 0))
    new = received_money(float(purchase.worth or 0))
    if new != old:
        rel.worth.add(((RECEIVED, new - old),), weight(purchase.at_ms))


def appraise_refund(rel: Relationship, at_ms: int) -> None:
    """The first refund of a purchase is a bad experience, at its own time."""
    rel.worth.add(REFUND_PARTS, weight(at_ms))


def appraise_forgotten(
    rel: Relationship, purchase: Purchase, rules: Rules, journal: Journal | None
) -> None:
    """A purchase is paid back whole after its pane is gone: only its worth can be taken back."""
    unit = -weight(purchase.at_ms)
    rel.worth.add(rules.worth[FIRST_CODE["purchase"] + purchase.kind], unit)
    _appraise_topics(rel, purchase, rules, unit)
    untouch(rel, purchase.key, purchase.booked, journal)


def touch(rel: Relationship, act: Act, method: str, journal: Journal | None) -> None:
    """Count that an act named a method, and remember it: the newest 64, for 90 days."""
    if act.kind in _NO_TOUCH:
        return
    if journal is not None:
        act.booked = journal.touch(rel.brand, rel.person, method, act.at_ms // DAY_MS)
    at_ms = act.at_ms
    oldest_ms = rel.as_of - TOUCH_LIFE_MS
    if at_ms < oldest_ms:
        return
    touches = rel.touches
    touches.append(Touch(act.key, method, at_ms, act.number))
    if len(touches) > TOUCHES:
        if touches[0].at_ms >= oldest_ms > rel.touches_from_ms:
            rel.touches = touches = [kept for kept in touches if kept.at_ms >= oldest_ms]
            rel.touches_from_ms = min(kept.at_ms for kept in touches)
        if len(touches) > TOUCHES:
            del touches[0]
    if at_ms < rel.touches_from_ms:
        rel.touches_from_ms = at_ms


def untouch(rel: Relationship, key: str, booked: Booked | None, journal: Journal | None) -> None:
    """Forget the touch of an act that was undone; credit already given stays."""
    rel.touches = [touch for touch in rel.touches if touch.key != key]
    if booked is not None and journal is not None:
        journal.untouch(rel.brand, booked)


def receive(
    rel: Relationship, purchase: Purchase, method: str | None, rules: Rules, journal: Journal
) -> None:
    """The value of a purchase goes to the method that it names, else over its touches."""
    if purchase.left is None:
        return
    if method:
        parts: Mapping[str, int] = {method: MILLION}
    else:
        oldest_ms = rel.as_of - TOUCH_LIFE_MS
        parts = credit(
            [one for one in rel.touches if oldest_ms <= one.at_ms <= purchase.at_ms], rules.model
        )
    worth = purchase.worth
    day = purchase.row_day = journal.open_day(purchase.at_ms // DAY_MS)
    shares = purchase.shares = cut_up(parts, 0 if worth is None else rules.rates.minor(worth))
    for name, minor in shares.items():
        row = journal.entry(rel.brand, name, day).row
        if worth is None:
            row.add_value(0, 0, 1)
        else:
            row.add_value(minor, 1, 0)


def give_back(
    rel: Relationship,
    purchase: Purchase,
    before: Decimal | None,
    rules: Rules,
    journal: Journal,
    *,
    emptied: bool,
) -> None:
    """A refund is taken back from where the value went; `before` was left until then."""
    shares = purchase.shares
    if shares is None or purchase.row_day is None:
        return
    worth = purchase.worth
    back = 0
    if before is not None and worth is not None:
        back = rules.rates.minor(before) - rules.rates.minor(worth)
    parts = cut_up(shares, back)
    day = journal.open_day(purchase.row_day)
    for name, minor in parts.items():
        row = journal.entry(rel.brand, name, day).row
        shares[name] -= minor
        gone = -1 if emptied else 0
        if worth is None:
            row.add_value(0, 0, gone)
        else:
            row.add_value(-minor, gone, 0)


def converted(event: Interaction, rules: Rules) -> tuple[Decimal | None, Decimal | None]:
    """The rate of a purchase's day and its value in the reporting currency; None without either."""
    if event.value is None:
        return None, None
    day = event.at_ms // DAY_MS
    return (
        rules.rates.rate(event.value.currency, day),
        rules.rates.convert(event.value, day),
    )
