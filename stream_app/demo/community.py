"""A seeded community of one brand: who its people are and what they do in 90 days.

Nothing here is real. The same seed, size and end give the same acts, byte for byte; every person
has dice of their own, so another size changes nobody who was there before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Any, Final, NamedTuple

from stream_app.domain.clock import DAY_MS, HOUR_MS, MINUTE_MS

BRAND: Final = "harbour-tea"
DAYS: Final = 90
ADS: Final = "broadcast-ads"
GIVEAWAY: Final = "giveaway"
ANSWERS: Final = "answering-people"

_NAMES: Final = (
    *("ana", "ben", "chloé", "dmitri", "elif", "finn", "grace", "hiro", "inès", "jonas"),
    *("kofi", "lúcia", "mira", "noor", "oskar", "priya", "quinn", "rosa", "søren", "tomás"),
    *("uma", "viktor", "wanjiru", "ximena", "yara", "zoë", "łukasz", "björn", "美咲", "ελένη"),
)
_PLATFORMS: Final = ("bluesky", "instagram", "facebook", "twitter", "mastodon")
_POSTS: Final = 60


class Act(NamedTuple):
    """One act: when it happens, of whom, and its `interaction/v1` but for brand and person."""

    at_ms: int
    person: str
    fields: dict[str, Any]


class Life:
    """One person's acts as they are told, one after the other."""

    def __init__(self, number: int, dice: Random, start_ms: int) -> None:
        """`start_ms`: where day 0 begins."""
        self.dice = dice
        self.acts: list[Act] = []
        self.platform = dice.choice(_PLATFORMS)
        self.person = f"{self.platform}:{dice.choice(_NAMES)}.{number}"
        self._number = number
        self._start_ms = start_ms

    def do(self, day: float, verb: str, **fields: Any) -> str:
        """An act `day` days after the start; its id. What is past the last day is left out."""
        act_id = f"g{self._number}-{len(self.acts)}"
        at_ms = self._start_ms + int(day * DAY_MS)
        said = {"id": act_id, "platform": self.platform, "verb": verb, **fields}
        self.acts.append(Act(at_ms, self.person, said))
        return act_id

    def undo(self, day: float, verb: str, **fields: Any) -> None:
        """Take an act back: the one that `undoes` names, else the newest of that verb."""
        self.do(day, verb, op="undo", **fields)

    def brand_does(self, day: float, verb: str, **fields: Any) -> str:
        """An act of the brand towards the person."""
        return self.do(day, verb, direction="outbound", **fields)

    def visits(self, first: float, last: float, every: float) -> Iterator[float]:
        """Days of visits between two days, about so far apart, at some waking hour."""
        day = first
        while day < last:
            yield int(day) + self.dice.uniform(0.3, 0.9)
            day += max(1.0, self.dice.expovariate(1 / every))

    def post(self) -> str:
        """One of the brand's posts."""
        return f"post-{self.dice.randrange(_POSTS)}"


def _passer_by(life: Life) -> None:
    """Sees an advertisement, perhaps clicks, and goes on."""
    dice = life.dice
    for day in list(life.visits(dice.uniform(0, 80), DAYS, 20))[: dice.randint(1, 3)]:
        life.do(day, "impression", method=ADS)
        if dice.random() < 0.4:
            life.do(day + 0.001, "view", object=life.post(), dwell_ms=dice.randrange(800, 40_000))
        if dice.random() < 0.1:
            life.do(day + 0.002, "click", method=ADS)


def _liker(life: Life) -> None:
    """Looks in every few days and likes things; takes a like back now and then."""
    dice = life.dice
    first = dice.uniform(0, 60)
    for day in life.visits(first, min(DAYS, first + dice.uniform(5, 60)), 3):
        post = life.post()
        life.do(day, "view", object=post)
        liked = life.do(day + 0.001, "like", object=post)
        if dice.random() < 0.15:
            life.do(day + 0.002, "click", object=post)
        if dice.random() < 0.06:
            life.undo(day + 0.01, "like", object=post, undoes=liked)


def _talker(life: Life) -> None:
    """Writes, is answered, writes again, and follows."""
    dice = life.dice
    first = dice.uniform(0, 65)
    last = min(DAYS, first + dice.uniform(10, 70))
    follows = first + dice.uniform(4, 25)
    for day in life.visits(first, last, 2.2):
        post = life.post()
        said = life.do(day, "reply", object=post, sentiment=round(dice.uniform(-0.2, 1), 2))
        if dice.random() < 0.6:
            life.brand_does(day + 0.02, "reply", in_reply_to=said, method=ANSWERS)
        if dice.random() < 0.3:
            life.do(day + 0.03, "like", object=post)
        if dice.random() < 0.12:
            life.do(day + 0.04, "share", object=post, method=ANSWERS)
        if follows is not None and day > follows:
            life.do(day + 0.05, "follow", object=BRAND, method=ANSWERS)
            follows = DAYS + 1
    if dice.random() < 0.08:
        life.undo(min(last, DAYS - 1) + 0.5, "follow", object=BRAND)


def _buyer(life: Life) -> None:
    """Compares, buys, gets offers and answers some; sometimes wants the money back."""
    dice = life.dice
    first = dice.uniform(0, 60)
    for day in life.visits(first, DAYS, 9):
        life.do(day, "view", object=f"tea-{dice.randrange(12)}")
        if dice.random() < 0.35:
            life.brand_does(day - 0.2, "offer", object="spring-box", method=ANSWERS)
        life.do(day + 0.002, "click", object=f"tea-{dice.randrange(12)}")
        if dice.random() < 0.5:
            amount = f"{dice.randrange(6, 80)}.{dice.randrange(100):02d}"
            value = {"amount": amount, "currency": "EUR"}
            bought = life.do(
                day + 0.01, "purchase", object=f"tea-{dice.randrange(12)}", value=value
            )
            if dice.random() < 0.08:
                life.undo(day + 3, "purchase", undoes=bought)
    if dice.random() < 0.35:
        life.do(first + 14, "subscribe", object="newsletter", method=ANSWERS)


def _subscriber(life: Life) -> None:
    """Reads the newsletter: an offer a week, opened or not; some leave."""
    dice = life.dice
    first = dice.uniform(0, 50)
    life.do(first, "view", object="newsletter", method=ADS)
    life.do(first + 0.01, "subscribe", object="newsletter", method=ADS)
    for day in life.visits(first + 3, DAYS, 5):
        offered = life.brand_does(day, "offer", object="weekly", method=ADS)
        if dice.random() < 0.7:
            life.do(day + 0.1, "view", object="newsletter", in_reply_to=offered)
        if dice.random() < 0.55:
            life.do(day + 0.11, "click", object="newsletter", in_reply_to=offered)
        if dice.random() < 0.25:
            life.do(day + 0.2, "like", object=life.post())
    if dice.random() < 0.15:
        life.undo(first + dice.uniform(20, 40), "subscribe", object="newsletter")


def _goes_silent(life: Life) -> None:
    """A month of daily talk, and then nothing any more."""
    dice = life.dice
    first = dice.uniform(0, 20)
    for day in life.visits(first, first + dice.uniform(15, 30), 1.3):
        said = life.do(day, dice.choice(("reply", "mention", "quote")), object=life.post())
        if dice.random() < 0.3:
            life.brand_does(day + 0.05, "reply", in_reply_to=said, method=ANSWERS)
    if dice.random() < 0.3:
        life.do(first + 9, "follow", object=BRAND)
        life.undo(first + dice.uniform(25, 60), "follow", object=BRAND)


def _complainer(life: Life) -> None:
    """Buys, is let down, says so again and again; is helped, or blocks."""
    dice = life.dice
    first = dice.uniform(0, 40)
    for day in life.visits(first, first + 12, 3):
        life.do(day, "purchase", value={"amount": "24.90", "currency": "EUR"}, object="tea-3")
    helped = dice.random() < 0.6
    for day in life.visits(first + 14, first + 40, 2.5):
        life.do(day, "complain", sentiment=-0.8, object="order")
        life.do(day + 0.01, "reply", sentiment=-0.7, object=life.post())
        if helped:
            life.brand_does(day + 0.1, "resolve", object="order", method=ANSWERS)
    if helped:
        life.do(first + 43, "review", sentiment=0.6, object="order")
    else:
        life.do(first + 42, "block", object=BRAND)
        if dice.random() < 0.3:
            life.undo(first + 60, "block", object=BRAND)


def _bot(life: Life) -> None:
    """A machine that likes everything: counted, worth nothing."""
    for day in life.visits(life.dice.uniform(0, 30), DAYS, 1.2):
        for turn in range(4):
            life.do(day + turn / 500, "like", object=life.post(), automated=True)


def _hunter(life: Life) -> None:
    """There for the prize: follows, shares, likes, and leaves when it is drawn."""
    dice = life.dice
    first = 30 + dice.uniform(0, 6)
    paid = {"method": GIVEAWAY, "incentivised": True}
    life.do(first, "follow", object=BRAND, **paid)
    for day in life.visits(first, 40, 1.5):
        life.do(day, "share", object="post-7", **paid)
        life.do(day + 0.001, "like", object="post-7", **paid)
    if dice.random() < 0.75:
        life.undo(41 + dice.uniform(0, 3), "follow", object=BRAND)


_KINDS: Final[tuple[tuple[Callable[[Life], None], int], ...]] = (
    (_passer_by, 30),
    (_liker, 20),
    (_talker, 17),
    (_buyer, 9),
    (_subscriber, 8),
    (_goes_silent, 7),
    (_complainer, 4),
    (_bot, 2),
    (_hunter, 3),
)


def _live(number: int, seed: int, start_ms: int) -> Life:
    dice = Random(f"rapport {seed} {number}")
    life = Life(number, dice, start_ms)
    (kind,) = dice.choices([kind for kind, _ in _KINDS], [weight for _, weight in _KINDS])
    kind(life)
    return life


def history(seed: int, people: int, end_ms: int) -> list[Act]:
    """All acts of the `DAYS` days before `end_ms`, in the order of their times."""
    start_ms = end_ms - DAYS * DAY_MS
    acts = [
        act
        for number in range(people)
        for act in _live(number, seed, start_ms).acts
        if start_ms <= act.at_ms <= end_ms
    ]
    acts.sort(key=lambda act: (act.at_ms, act.fields["id"]))
    return acts


def present(seed: int, people: int) -> Iterator[Act]:
    """Without end: what people do now. `at_ms` is 0: it is for the publisher to say."""
    dice = Random(f"rapport {seed} present")
    verbs = ("view", "view", "like", "click", "reply", "share", "mention", "purchase")
    turn = 0
    while True:
        # The same people as in the history: their dice fall the same way.
        life = _live(dice.randrange(people), seed, 0)
        fields = {"id": f"now-{turn}", "platform": life.platform, "verb": dice.choice(verbs)}
        yield Act(0, life.person, fields | {"object": life.post()})
        turn += 1


def late_by(dice: Random) -> int:
    """Milliseconds that a late record comes late: mostly hours, now and then days."""
    if dice.random() < 0.1:
        return int(dice.uniform(2, 6) * DAY_MS)
    return int(dice.uniform(5 * MINUTE_MS, 20 * HOUR_MS))
