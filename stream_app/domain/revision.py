"""A change of the policy: what it does to a partition, and to each of its relationships.

The record of a change stands in the log between two others: what is before it is decided by the
old policy, what is after it by the new one. For every relationship it does what an event without an
act would do: first midnights pass up to the watermark, under the old policy; then its panes are
counted anew under the new one, and it is evaluated as of then. A stage that differs is a transition
with the reason `policy`.

Nothing but its own records changes a relationship in between. So each is revised when there is time
for it, or when it is next touched, and the result is that of all at once: what is needed for it,
the watermark at the record, is remembered in a `Reign`.
"""

from __future__ import annotations

from collections.abc import Sequence

from stream_app.domain.clock import DAY_MS
from stream_app.domain.decay import weight
from stream_app.domain.ledger import Journal
from stream_app.domain.moves import evaluate, move_unearned
from stream_app.domain.outcome import Transition
from stream_app.domain.partition import Partition
from stream_app.domain.policy import Policy, decide_alike
from stream_app.domain.relationship import settle
from stream_app.domain.rules import Rules
from stream_app.domain.state import Relationship
from stream_app.domain.transitions import MoveReason
from stream_app.domain.verbs import FIRST_CODE


class Reign:
    """A policy from its record on. `watermark` is that of the partition just before the record.

    `number` counts the policies that the partition has had. `restaged`: it decides stages otherwise
    than the one before.
    """

    def __init__(
        self, policy: Policy, number: int, watermark: int | None, restaged: bool = True
    ) -> None:
        self.policy = policy
        self.number = number
        self.watermark = watermark
        self.restaged = restaged

    @property
    def edition(self) -> str:
        """What a relationship that stands under this policy has as its `rules_version`."""
        return self.policy.edition or self.policy.version


def edition_of(version: str, number: int) -> str:
    """The edition of the `number`-th policy of a partition; the first needs no number.

    A policy that comes back is another edition.
    """
    return f"{version}.{number}" if number else ""


def succeed(partition: Partition, reign: Reign, recorded_ms: int) -> None:
    """The partition goes on under another policy; its record has this timestamp.

    With a smaller lateness, the watermark goes on at once.
    """
    partition.policy = reign.policy
    journal, watermark = partition.journal, partition.watermark
    if journal is not None and watermark is not None:
        day = watermark // DAY_MS
        if day > journal.watermark_day:
            journal.passed(day, recorded_ms)


def catch_up(
    rel: Relationship, reigns: Sequence[Reign], journal: Journal | None
) -> list[Transition]:
    """Revise a relationship up to the newest of the partition's policies, one after the other.

    `reigns` begin with the oldest policy that a relationship may stand under. A state of a release
    that kept no policies is counted anew, and moves at the next midnight if it has to.
    """
    moves: list[Transition] = []
    under = rel.rules_version
    place = len(reigns) - 1
    while place >= 0 and reigns[place].edition != under:
        place -= 1
    if place < 0:
        _recount(rel, reigns[-1].policy.rules_for(rel.brand))
        rel.settled = False
        return moves
    for number in range(place + 1, len(reigns)):
        reign = reigns[number]
        old = reigns[number - 1].policy.rules_for(rel.brand)
        if reign.watermark is not None:
            moves += settle(rel, reign.watermark, old, journal)
        new = reign.policy.rules_for(rel.brand)
        _weigh_again(rel, old, new)
        _recount(rel, new)
        reached = evaluate(rel, new)
        if reached != rel.stage and reign.restaged:
            moves.append(move_unearned(rel, reached, MoveReason.POLICY, new))
            evaluate(rel, new)  # it may have to move again
    return moves


def _recount(rel: Relationship, rules: Rules) -> None:
    """Points, sums and topic fit again from what the relationship remembers."""
    rel.windows.recount(rules)
    if rules.reads_topic_fit:
        rel.note_topic_fit(rules)
    rel.rules_version = rules.edition


def _weigh_again(rel: Relationship, old: Rules, new: Rules) -> None:
    """What can still be undone weighs as the new policy says, so that an undo takes back all."""
    if old.worth == new.worth:
        return
    acts = rel.memory.acts
    codes = [
        (FIRST_CODE[act.verb] + act.kind, act.at_ms)
        for act in acts.values()
        if act.inbound and act.in_effect
    ]
    codes += [
        (FIRST_CODE["purchase"] + purchase.kind, purchase.at_ms)
        for purchase in rel.memory.purchases or ()
        if purchase.key not in acts
    ]
    for code, at_ms in codes:
        if old.worth[code] != new.worth[code]:
            rel.worth.add(old.worth[code], -weight(at_ms))
            rel.worth.add(new.worth[code], weight(at_ms))


def follow(newest: Reign, policy: Policy, watermark: int | None) -> Reign:
    """The reign of `policy`, of this edition, after the newest so far."""
    restaged = not decide_alike(newest.policy, policy)
    return Reign(policy, newest.number + 1, watermark, restaged)
