"""An interaction as the core sees it."""

from __future__ import annotations

from mypy_extensions import mypyc_attr

from stream_app.domain.money import Money
from stream_app.domain.verbs import Kind


@mypyc_attr(acyclic=True)
class Interaction:
    """One act of a person towards a brand (inbound) or of a brand towards a person.

    `at_ms` is event time in milliseconds. `undo` takes an act back; `undoes` names it.
    """

    def __init__(
        self,
        id: str,
        brand: str,
        person: str,
        platform: str,
        verb: str,
        inbound: bool,
        undo: bool,
        at_ms: int,
        kind: Kind = Kind.PLAIN,
        undoes: str | None = None,
        object: str | None = None,
        method: str | None = None,
        value: Money | None = None,
        topics: tuple[str, ...] = (),
        sentiment: float | None = None,
    ) -> None:
        self.id = id
        self.brand = brand
        self.person = person
        self.platform = platform
        self.verb = verb
        self.inbound = inbound
        self.undo = undo
        self.at_ms = at_ms
        self.kind = kind
        self.undoes = undoes
        self.object = object
        self.method = method
        self.value = value
        self.topics = topics
        self.sentiment = sentiment

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Interaction) and self.fields() == other.fields()

    def __hash__(self) -> int:
        return hash((self.platform, self.id))

    def fields(self) -> tuple[object, ...]:
        """Every field, in order."""
        return (
            self.id,
            self.brand,
            self.person,
            self.platform,
            self.verb,
            self.inbound,
            self.undo,
            self.at_ms,
            self.kind,
            self.undoes,
            self.object,
            self.method,
            self.value,
            self.topics,
            self.sentiment,
        )
