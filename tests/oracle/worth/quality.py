"""Quality of a relationship at a moment: each formula of section 8 over all acts in effect."""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ..reading import Interaction
from ..relationship import Act, Register
from ..rules import DAY, PANE_DAYS, POINTS, day
from .policy import WorthPolicy

GOOD = {
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
}
BAD = {"dislike": 1.0, "complain": 2.0, "report": 4.0}
NEGATIVE_AT_LEAST = 0.5
OF_INCENTIVISED = 0.3
REINFORCED = 1.0
REFUND = 2.0
ENDED_MEMBERSHIP = 2.0
BLOCK = 8.0
LEAST_EFFORT = 0.25
CONVERSATION = ("reply", "message", "like", "mention", "resolve")
GIVEN = {"reply": 1.0, "message": 1.0, "resolve": 3.0}
ANSWERED_OFFER = 2.0
RECEIVED = {"endorse": 3.0, "contribute": 5.0, "share": 2.0, "review": 2.0}
RHYTHM_NEWEST = 64
RHYTHM_LEAST = 20
RHYTHM_BELOW = -0.8
UNKNOWN = 0.5
FLOOR = 0.05
DECIMALS = 6


class Purchase(NamedTuple):
    """Of one purchase: money left (reporting currency; None unknown), time of its first refund."""

    left: float | None
    first_refund_at: int | None


class Known(NamedTuple):
    """All there is to know of a relationship; `purchases` by the order of their acts."""

    acts: list[Act]
    purchases: Mapping[int, Purchase]
    memberships: list[Register]
    person_blocks: list[Register]
    topics: tuple[str, ...]


class Decay(NamedTuple):
    """What an amount of a time is worth at `now`."""

    now: int
    half_life_ms: int

    def __call__(self, amount: float, at: int) -> float:
        return float(amount * 2.0 ** (-(self.now - at) / self.half_life_ms))


def quality(known: Known, now: int, policy: WorthPolicy) -> dict[str, float | None]:
    """All five at `now`, to 6 decimals."""
    decay = Decay(now, policy.half_life_ms)
    parts = {
        "trust": trust(known, decay),
        "sincerity": sincerity(known, decay),
        "common_values": common_values(known, decay),
        "value_exchanged": value_exchanged(known, decay),
    }
    parts["overall"] = overall(list(parts.values()), parts["trust"])
    return {name: None if part is None else round(part, DECIMALS) for name, part in parts.items()}


def in_effect(known: Known, direction: str) -> Iterable[Act]:
    return [act for act in known.acts if not act.undone and act.event.direction == direction]


# --- trust ---


def trust(known: Known, decay: Decay) -> float | None:
    """(r + 1) / (r + s + 2), after Josang and Ismail (2002)."""
    good: list[float] = []
    bad: list[float] = []
    for direction in ("inbound", "outbound"):
        for act in in_effect(known, direction):
            event = act.event
            as_good, as_bad = trust_weights(event)
            good.append(decay(as_good, event.at))
            bad.append(decay(as_bad, event.at))
            if act.answers is not None:
                good.append(decay(REINFORCED, event.at))
    refunds = [purchase.first_refund_at for purchase in known.purchases.values()]
    bad += [decay(REFUND, at) for at in refunds if at is not None]
    bad += [decay(ENDED_MEMBERSHIP, one.at) for one in known.memberships if not one.is_open]
    bad += [decay(BLOCK, one.at) for one in known.person_blocks if one.is_open]
    r, s = math.fsum(good), math.fsum(bad)
    return (r + 1) / (r + s + 2) if r + s else None


def trust_weights(event: Interaction) -> tuple[float, float]:
    """What one act counts as good and as bad. A block counts while it is on, not as an act."""
    if event.kind == "automated" or event.verb == "block":
        return 0.0, 0.0
    of_it = 1.0
    if event.kind == "incentivised" and event.verb != "purchase":
        of_it = OF_INCENTIVISED
    if event.direction == "outbound":
        good = 1.0 if event.verb == "resolve" else 0.0
        return (0.0, good) if event.kind == "negative" else (of_it * good, 0.0)
    if event.verb == "review":
        sentiment = event.sentiment or 0.0
        return of_it * 2 * max(sentiment, 0.0), of_it * 2 * max(-sentiment, 0.0)
    if event.verb in BAD:
        return 0.0, of_it * BAD[event.verb]
    good = GOOD.get(event.verb, 0.0)
    if event.kind == "negative":
        return 0.0, max(good, NEGATIVE_AT_LEAST)
    return of_it * good, 0.0


# --- sincerity ---


def sincerity(known: Known, decay: Decay) -> float | None:
    """Harmonic mean of the person's real effort and the brand's conversation."""
    person, brand = person_side(known, decay), brand_side(known, decay)
    if person is None or brand is None:
        return brand if person is None else person
    return 2 * person * brand / (person + brand) if person and brand else 0.0


def person_side(known: Known, decay: Decay) -> float | None:
    real: list[float] = []
    efforts: list[float] = []
    for act in in_effect(known, "inbound"):
        if act.event.verb != "block":
            effort = decay(max(POINTS[act.event.verb][2], LEAST_EFFORT), act.event.at)
            is_real = {"automated": 0.0, "incentivised": OF_INCENTIVISED}
            efforts.append(effort)
            real.append(effort * is_real.get(act.event.kind, 1.0))
    if not efforts:
        return None
    side = math.fsum(real) / math.fsum(efforts)
    return side / 2 if is_suspect(known, decay.now) else side


def brand_side(known: Known, decay: Decay) -> float | None:
    every: list[float] = []
    conversation: list[float] = []
    for act in in_effect(known, "outbound"):
        if act.event.verb != "block":
            every.append(decay(1, act.event.at))
            if act.event.verb in CONVERSATION and act.event.kind != "automated":
                conversation.append(every[-1])
    return math.fsum(conversation) / math.fsum(every) if every else None


def is_suspect(known: Known, now: int) -> bool:
    """Whether the newest 64 living inbound acts, exact midnights aside, come like a clock."""
    times = [
        act.event.at
        for act in in_effect(known, "inbound")
        if act.event.at % DAY != 0 and day(act.event.at) > day(now) - PANE_DAYS
    ]
    newest = sorted(times)[-RHYTHM_NEWEST:]
    if len(newest) < RHYTHM_LEAST:
        return False
    found = burstiness(newest)
    return found is not None and found < RHYTHM_BELOW


def burstiness(times: list[int]) -> float | None:
    """(sd - mean) / (sd + mean) of the gaps, after Goh and Barabasi (2008); None if all are 0."""
    gaps = [after - before for before, after in itertools.pairwise(times)]
    mean = math.fsum(gaps) / len(gaps)
    sd = math.sqrt(math.fsum((gap - mean) ** 2 for gap in gaps) / len(gaps))
    return (sd - mean) / (sd + mean) if sd + mean else None


# --- common values, value exchanged ---


def common_values(known: Known, decay: Decay) -> float | None:
    """Cosine of the person's topics with those that the brand declares (1 each)."""
    weights: dict[str, float] = defaultdict(float)
    for act in in_effect(known, "inbound"):
        if act.event.kind in ("plain", "incentivised"):
            for topic in set(act.event.topics):
                weights[topic] += decay(1, act.event.at)
    declared = set(known.topics)
    if not declared or not weights:
        return None
    length = math.sqrt(math.fsum(weight**2 for weight in weights.values()))
    common = math.fsum(weights[topic] for topic in declared if topic in weights)
    return common / (length * math.sqrt(len(declared)))


def value_exchanged(known: Known, decay: Decay) -> float | None:
    """2 min(g, r) / (g + r) * (1 - e^(-(g + r) / 10)); null while either is 0."""
    given = [
        decay(GIVEN.get(act.event.verb, 0.0), act.event.at) for act in in_effect(known, "outbound")
    ]
    received: list[float] = []
    for act in in_effect(known, "inbound"):
        if act.answers is not None and not act.answers.undone:
            given.append(decay(ANSWERED_OFFER, act.answers.event.at))
        if act.event.kind != "automated":
            received.append(decay(received_by(act, known), act.event.at))
    g, r = math.fsum(given), math.fsum(received)
    if not g or not r:
        return None
    return 2 * min(g, r) / (g + r) * (1 - math.exp(-(g + r) / 10))


def received_by(act: Act, known: Known) -> float:
    if act.event.verb == "purchase":
        left = known.purchases[act.order].left
        return 0.0 if left is None else math.log1p(left)
    return RECEIVED.get(act.event.verb, 0.0)


def overall(parts: list[float | None], of_trust: float | None) -> float | None:
    """Geometric mean: an unknown part counts 0.5, each at least 0.05; null without trust."""
    if of_trust is None:
        return None
    return math.prod(max(UNKNOWN if part is None else part, FLOOR) for part in parts) ** 0.25
