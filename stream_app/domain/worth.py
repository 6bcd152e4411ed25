"""What acts add to the four qualities: decayed sums, exactly taken back by an undo.

Trust is the Beta reputation of Josang and Ismail (2002), from good and bad experiences. Sincerity
is effort that is real over all effort, and the brand's share of conversation. Value exchanged looks
at what was given and received. Common values compares topics. `quality` puts them together.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Final

from mypy_extensions import mypyc_attr

from stream_app.domain.decay import amount
from stream_app.domain.verbs import OUTBOUND_VERBS, REINFORCED, Kind

GOOD, BAD, REAL, EFFORT, CONVERSATION, OUTBOUND, GIVEN, RECEIVED = range(8)
"""Slots of `Worth.sums`."""

GOOD_WEIGHTS: Final = {
    "purchase": 2.0,
    "endorse": 3.0,
    "contribute": 2.0,
    "share": 1.0,
    "reply": 0.5,
    "message": 0.5,
    "mention": 0.5,
    "follow": 1.0,
    "subscribe": 1.0,
    "join": 1.0,
    REINFORCED: 1.0,
}
BAD_WEIGHTS: Final = {"dislike": 1.0, "complain": 2.0, "report": 4.0}
REVIEW_WEIGHT: Final = 2.0
REFUND_WEIGHT: Final = 2.0
ENDED_MEMBERSHIP_WEIGHT: Final = 2.0
BLOCK_WEIGHT: Final = 8.0
LEAST_BAD: Final = 0.5
"""What a negative act counts at least."""
INCENTIVISED_SHARE: Final = 0.3
LEAST_EFFORT: Final = 0.25
RECEIVED_WEIGHTS: Final = {"endorse": 3.0, "contribute": 5.0, "share": 2.0, "review": 2.0}
GIVEN_WEIGHTS: Final = {"reply": 1.0, "message": 1.0, "resolve": 3.0}
ANSWERED_OFFER_WEIGHT: Final = 2.0
TALK: Final = frozenset({"reply", "message", "like", "mention", "resolve"})
TOPICS_KEPT: Final = 128
_DIGITS: Final = 6
_SCALE: Final = 1e6

Parts = tuple[tuple[int, int], ...]
"""(slot, amount) of everything that an act adds."""


@mypyc_attr(acyclic=True)
class Worth:
    """The decayed sums of a relationship, and the weights of its topics, if any."""

    def __init__(
        self,
        sums: list[int],
        topics: dict[str, int] | None = None,
    ) -> None:
        self.sums = sums
        self.topics = topics

    def add(self, parts: Parts, unit: int) -> None:
        """Add what an act is worth; `unit` is `weight` of its time, negative to take it back."""
        sums = self.sums
        for slot, share in parts:
            sums[slot] += share * unit

    def add_topics(self, topics: Iterable[str], unit: int) -> None:
        """Add one to each topic; of too many the lightest go."""
        if self.topics is None:
            self.topics = {}
        held = self.topics
        for topic in dict.fromkeys(topics):
            total = held.get(topic, 0) + unit
            if total > 0:
                held[topic] = total
            else:
                held.pop(topic, None)
        while len(held) > TOPICS_KEPT:
            del held[min(held, key=lambda topic: (held[topic], topic))]


def no_worth() -> Worth:
    """Nothing is known."""
    return Worth([0] * 8)


def _parts(amounts: dict[int, float]) -> Parts:
    return tuple((slot, amount(value)) for slot, value in amounts.items() if value)


def inbound_parts(verb: str, kind: Kind, affinity_points: int) -> Parts:
    """What an inbound act of this verb and kind adds, reviews and money aside.

    `affinity_points`: what the verb gives when plain.
    """
    amounts: dict[int, float] = {}
    if kind is not Kind.AUTOMATED:
        amounts = dict(_trust(verb, kind))
        amounts[RECEIVED] = RECEIVED_WEIGHTS.get(verb, 0.0)
    if verb not in ("block", REINFORCED):
        effort = max(float(affinity_points), LEAST_EFFORT)
        amounts[EFFORT] = effort
        amounts[REAL] = effort * _realness(kind)
    return _parts(amounts)


def _realness(kind: Kind) -> float:
    if kind is Kind.AUTOMATED:
        return 0.0
    return INCENTIVISED_SHARE if kind is Kind.INCENTIVISED else 1.0


def _trust(verb: str, kind: Kind) -> Iterable[tuple[int, float]]:
    good, bad = GOOD_WEIGHTS.get(verb, 0.0), BAD_WEIGHTS.get(verb, 0.0)
    if verb == "block":
        return ()  # counts for as long as it is on
    if kind is Kind.NEGATIVE and verb != "review":
        return ((BAD, bad or max(good, LEAST_BAD)),)
    share = INCENTIVISED_SHARE if kind is Kind.INCENTIVISED and verb != "purchase" else 1.0
    return ((GOOD, good * share), (BAD, bad * share))


def review_parts(kind: Kind, sentiment: float | None) -> Parts:
    """What the sentiment of a review adds to trust."""
    if sentiment is None or kind is Kind.AUTOMATED:
        return ()
    share = INCENTIVISED_SHARE if kind is Kind.INCENTIVISED else 1.0
    slot = GOOD if sentiment > 0 else BAD
    return _parts({slot: REVIEW_WEIGHT * abs(sentiment) * share})


def outbound_parts(verb: str, kind: Kind) -> Parts:
    """What an outbound act adds, an answered offer aside."""
    if verb == "block":
        return ()
    machine = kind is Kind.AUTOMATED
    amounts = {
        OUTBOUND: 1.0,
        CONVERSATION: 1.0 if verb in TALK and not machine else 0.0,
        GIVEN: GIVEN_WEIGHTS.get(verb, 0.0),
    }
    if verb == "resolve" and not machine:
        share = INCENTIVISED_SHARE if kind is Kind.INCENTIVISED else 1.0
        amounts[BAD if kind is Kind.NEGATIVE else GOOD] = share
    return _parts(amounts)


def received_money(reporting_amount: float) -> int:
    """The amount that a purchase of so much, in the reporting currency, counts as received."""
    return amount(math.log1p(reporting_amount))


OUTBOUND_PARTS: Final = {
    (verb, kind): outbound_parts(verb, kind) for verb in OUTBOUND_VERBS for kind in Kind
}
ANSWER_PARTS: Final = _parts({GIVEN: ANSWERED_OFFER_WEIGHT})
REFUND_PARTS: Final = _parts({BAD: REFUND_WEIGHT})


def common_values(weights: Mapping[str, int], declared: tuple[str, ...]) -> float | None:
    """Cosine of a person's topic weights with the topics that the brand declares.

    Decay is the same for all topics, so it cancels out.
    """
    if not declared or not weights:
        return None
    scale = max(weights.values())
    shares = {topic: total / scale for topic, total in weights.items()}
    length = math.sqrt(sum(share * share for share in shares.values()))
    shared = sum(shares.get(topic, 0.0) for topic in declared)
    return shared / (length * math.sqrt(len(declared)))


def rounded(value: float) -> float:
    """`round(value, 6)` of a value in 0..1, to the bit; quicker, as it makes no decimal text."""
    scaled = value * _SCALE
    whole = float(int(scaled))
    rest = scaled - whole
    if 0.4999 < rest < 0.5001:  # so near to the middle, the product's own error may decide
        return round(value, _DIGITS)
    return (whole + 1.0 if rest > 0.5 else whole) / _SCALE
