"""What a relationship remembers of its acts: identities, what was undone, what may still be undone.

An act and its undo are remembered for as long as the pane of their day lives; a purchase longer,
since refunds come late. Everything is bounded, and what had to go before its time is counted.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Mapping
from typing import Final

from mypy_extensions import mypyc_attr

from stream_app.domain.act import Act
from stream_app.domain.clock import DAY_MS, NEVER
from stream_app.domain.events import Interaction
from stream_app.domain.keys import act_key
from stream_app.domain.pane import Pane
from stream_app.domain.remembered import EarlyUndo, Purchase

ACTS_PER_DAY: Final = 256
ACTS_PER_RELATIONSHIP: Final = 4_096
PURCHASES: Final = 64
PURCHASE_LIFE_DAYS: Final = 400


@mypyc_attr(acyclic=True)
class Memory:
    """What the panes remember, by identity, and the purchases; None is none.

    `forgotten` counts what went while its pane lived: there was too much of it. No act is older
    than the day `oldest`.
    """

    def __init__(
        self,
        acts: dict[str, Act] | None = None,
        undos: dict[str, int] | None = None,
        early: dict[str, list[EarlyUndo]] | None = None,
        purchases: list[Purchase] | None = None,
        forgotten: int = 0,
    ) -> None:
        self.acts: dict[str, Act] = {} if acts is None else acts
        self.undos = undos
        self.early = early
        self.purchases = purchases
        self.forgotten = forgotten
        self.oldest = NEVER

    def seen_on(self, event: Interaction) -> int | None:
        """The day under which a record of the same identity is remembered."""
        key = act_key(event.platform, event.id)
        if event.undo:
            return None if self.undos is None else self.undos.get(key)
        act = self.acts.get(key)
        return None if act is None else act.at_ms // DAY_MS

    def remember(self, act: Act, today: Pane, days: Mapping[int, Pane]) -> None:
        """Remember an act of `today`; the oldest go when there are too many."""
        acts, day = today.acts, act.at_ms // DAY_MS
        acts.append(act)
        self.acts[act.key] = act
        if day < self.oldest:
            self.oldest = day
        if len(acts) > ACTS_PER_DAY:
            self._forget_act(today)
        if len(self.acts) > ACTS_PER_RELATIONSHIP:
            self._forget_act(self._first_with_acts(days))

    def _first_with_acts(self, days: Mapping[int, Pane]) -> Pane:
        while True:
            pane = days.get(self.oldest)
            if pane is not None and pane.acts:
                return pane
            self.oldest += 1

    def _forget_act(self, memory: Pane) -> None:
        del self.acts[memory.acts[0].key]
        memory.forget_first(1)
        self.forgotten += 1

    def remember_undo(self, undo: Interaction, today: Pane, days: Mapping[int, Pane]) -> None:
        """Remember the identity of an undo."""
        key = act_key(undo.platform, undo.id)
        if today.undos is None:
            today.undos = []
        today.undos.append(key)
        if self.undos is None:
            self.undos = {}
        self.undos[key] = undo.at_ms // DAY_MS
        if len(today.undos) > ACTS_PER_DAY:
            self._forget_undo(today)
        if len(self.undos) > ACTS_PER_RELATIONSHIP:
            self._forget_undo(days[min(day for day, memory in days.items() if memory.undos)])

    def _forget_undo(self, memory: Pane) -> None:
        assert memory.undos is not None
        assert self.undos is not None
        memory.changed = True
        del self.undos[memory.undos.pop(0)]
        self.forgotten += 1

    def remember_early(self, undo: Interaction, today: Pane) -> None:
        """Remember an undo whose act has not come."""
        assert undo.undoes is not None
        key = act_key(undo.platform, undo.undoes)
        early = EarlyUndo(key, undo.verb, undo.inbound, undo.value, undo.at_ms)
        if today.early is None:
            today.early = []
        today.early.append(early)
        if self.early is None:
            self.early = {}
        self.early.setdefault(key, []).append(early)
        if len(today.early) > ACTS_PER_DAY:
            self._drop_early(today.early.pop(0))
            self.forgotten += 1

    def _drop_early(self, early: EarlyUndo) -> None:
        assert self.early is not None
        rest = [other for other in self.early[early.key] if other is not early]
        if rest:
            self.early[early.key] = rest
        else:
            del self.early[early.key]

    def take_early_undos(
        self, event: Interaction, key: str, days: Mapping[int, Pane]
    ) -> list[EarlyUndo]:
        """The undos of this very act that came before it; they have found it, and go."""
        found = [
            early
            for early in (self.early or {}).get(key, ())
            if early.verb == event.verb and early.inbound == event.inbound
        ]
        for early in found:
            day = days[early.at_ms // DAY_MS]
            day.early = [other for other in day.early or () if other is not early] or None
            day.changed = True
            self._drop_early(early)
        return found

    def named(self, undo: Interaction) -> Act | None:
        """The act that an undo names, if it is remembered and of the same verb and direction."""
        assert undo.undoes is not None
        act = self.acts.get(act_key(undo.platform, undo.undoes))
        return act if act is not None and act.matches(undo) else None

    def newest(self, undo: Interaction, days: Mapping[int, Pane]) -> Act | None:
        """The newest act in effect, not later than the undo, that is of the same make."""
        best: Act | None = None
        prefix = act_key(undo.platform, "")
        last = undo.at_ms // DAY_MS
        for day in sorted((day for day in days if day <= last), reverse=True):
            pane = days[day]
            if undo.inbound and not pane.has(undo.verb):
                continue
            for act in pane.acts:
                if (
                    act.in_effect
                    and act.at_ms <= undo.at_ms
                    and act.matches(undo)
                    and act.object == undo.object
                    and act.key.startswith(prefix)
                    and (best is None or (act.at_ms, act.number) > (best.at_ms, best.number))
                ):
                    best = act
            if best is not None:
                return best
        return None

    def add_purchase(self, purchase: Purchase, as_of_day: int) -> None:
        """Remember a purchase, newest by event time last; drop what is too old or too many."""
        purchases = self.purchases
        if purchases is None:
            purchases = self.purchases = []
        insort(purchases, purchase, key=_purchase_order)
        oldest = as_of_day - PURCHASE_LIFE_DAYS
        while purchases and (len(purchases) > PURCHASES or purchases[0].at_ms // DAY_MS <= oldest):
            del purchases[0]

    def forget_purchase(self, purchase: Purchase) -> None:
        """Nothing is left of it to refund."""
        assert self.purchases is not None
        self.purchases.remove(purchase)

    def purchase(self, undo: Interaction, as_of_day: int) -> Purchase | None:
        """The purchase that a refund speaks of: the one it names, else the newest not after it."""
        oldest = as_of_day - PURCHASE_LIFE_DAYS
        named = None if undo.undoes is None else act_key(undo.platform, undo.undoes)
        for purchase in reversed(self.purchases or ()):
            if purchase.at_ms // DAY_MS <= oldest:
                continue
            if named is not None:
                if purchase.key == named:
                    return purchase
            elif (
                purchase.at_ms <= undo.at_ms
                and purchase.platform == undo.platform
                and purchase.object == undo.object
            ):
                return purchase
        return None

    def recall(self, memory: Pane, day: int) -> None:
        """Take up what a stored pane remembered."""
        for act in memory.acts:
            self.acts[act.key] = act
        if memory.acts and day < self.oldest:
            self.oldest = day
        if memory.undos:
            self.undos = {} if self.undos is None else self.undos
            self.undos.update(dict.fromkeys(memory.undos, day))
        for early in memory.early or ():
            if self.early is None:
                self.early = {}
            self.early.setdefault(early.key, []).append(early)

    def drop(self, memory: Pane) -> None:
        """Forget what a pane remembered, now that it is gone."""
        for act in memory.acts:
            del self.acts[act.key]
        for key in memory.undos or ():
            assert self.undos is not None
            del self.undos[key]
        for early in memory.early or ():
            self._drop_early(early)


def _purchase_order(purchase: Purchase) -> tuple[int, int]:
    return purchase.at_ms, purchase.number
