"""An act, as a relationship remembers it."""

from __future__ import annotations

from mypy_extensions import mypyc_attr

from stream_app.domain.events import Interaction
from stream_app.domain.remembered import Offer
from stream_app.domain.rows import Booked
from stream_app.domain.verbs import Kind


@mypyc_attr(acyclic=True)
class Act:
    """An act as it is remembered. `number` is its place among the records of its relationship;
    `booked` is where it counts as a touch.
    """

    def __init__(
        self,
        key: str,
        verb: str,
        inbound: bool,
        kind: Kind,
        object: str | None,
        at_ms: int,
        number: int,
        in_effect: bool = True,
        answered: Offer | None = None,
        sentiment: float | None = None,
        topics: tuple[str, ...] = (),
        booked: Booked | None = None,
    ) -> None:
        self.key = key
        self.verb = verb
        self.inbound = inbound
        self.kind = kind
        self.object = object
        self.at_ms = at_ms
        self.number = number
        self.in_effect = in_effect
        self.answered = answered
        self.sentiment = sentiment
        self.topics = topics
        self.booked = booked

    def matches(self, undo: Interaction) -> bool:
        """Whether `undo` speaks of an act of this verb and direction."""
        return self.verb == undo.verb and self.inbound == undo.inbound
