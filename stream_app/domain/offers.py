"""Offers that wait for an answer: value propositions reinforce a relationship when taken up."""

from __future__ import annotations

from bisect import insort

from stream_app.domain.remembered import Offer
from stream_app.domain.rules import Rules
from stream_app.domain.state import Relationship


def open_offer(rel: Relationship, offer: Offer, rules: Rules) -> None:
    if rel.offers is None:
        rel.offers = []
    insort(rel.offers, offer)
    forget_offers(rel, rules)
    if len(rel.offers) > rules.open_offers:
        del rel.offers[0]


def forget_offers(rel: Relationship, rules: Rules) -> None:
    oldest_ms = rel.as_of - rules.forget_offer_ms
    while rel.offers and rel.offers[0].at_ms < oldest_ms:
        del rel.offers[0]


def take_answered_offer(rel: Relationship, at_ms: int, rules: Rules) -> Offer | None:
    """The oldest open offer that an act at `at_ms` answers; it is open no longer."""
    offers = rel.offers or []
    for index, offer in enumerate(offers):
        if offer.at_ms > at_ms:
            return None
        if at_ms - offer.at_ms <= rules.answer_ms:
            return offers.pop(index)
    return None
