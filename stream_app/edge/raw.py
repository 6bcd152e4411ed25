"""Deliveries of platforms: what an adapter finds in one is appended to the log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

import orjson

from stream_app.adapters.accounts import Accounts
from stream_app.adapters.base import Finding, Outcome, Refusal
from stream_app.adapters.interactions import Interaction, Skip, erased, interaction
from stream_app.adapters.registry import glance, read
from stream_app.adapters.seen import Seen
from stream_app.contracts.erasure import ALL_BRANDS, Erasure
from stream_app.domain.keys import relationship_key
from stream_app.domain.rejects import Reason, Reject
from stream_app.domain.team import Team
from stream_app.edge.forgetting import Forgetting
from stream_app.edge.outputs import Outputs
from stream_app.edge.states import State
from stream_app.engine import Record, Unit

if TYPE_CHECKING:
    from stream_app.edge.work import Work

REASONS_TOLD = 5
"""Of one delivery at most so many refused items are described."""


class Deliveries:
    """Reads the raw topics."""

    def __init__(
        self,
        platforms: Mapping[str, str],
        accounts: Accounts,
        team: Team,
        outputs: Outputs,
        forgetting: Forgetting,
    ) -> None:
        """`platforms` maps a topic to the platform whose deliveries it has."""
        self._platforms = platforms
        self._accounts = accounts
        self._team = team
        self._outputs = outputs
        self._forgetting = forgetting
        self._glances = {topic: glance(platform, accounts) for topic, platform in platforms.items()}

    def read(self, unit: Unit[State], topic: str, record: Record, work: Work) -> None:
        """Append the interactions of a delivery; refuse it whole or in part, never silently.

        It has one outcome: `refused` if anything of it was, `team` or `erased` if all that there
        was to append was of such a person.
        """
        outcomes = self._read(unit, topic, record, work)
        if not outcomes:  # refused, which is counted there
            return
        outcome = next((one for one in ("adapted", "erased", "team") if one in outcomes), "adapted")
        work.counts[outcome] += 1

    def _read(self, unit: Unit[State], topic: str, record: Record, work: Work) -> set[str]:
        """What came of its parts; nothing if it was refused."""
        platform = self._platforms[topic]
        if not record.value:
            self._outputs.reject(unit, topic, record, Reject(Reason.EMPTY))
            return set()
        quick = self._glances[topic]
        if quick is not None:
            removed = quick.look(record.value)
            if removed is not None and (
                not removed or work.seen.get(platform, removed, record.timestamp) is None
            ):
                self._outputs.facts.skipped(platform, "unresolved" if removed else "ignore")
                return {"skipped"}
        headers = {
            name: content.decode("utf-8", "replace")
            for name, content in record.headers or ()
            if content is not None  # Kafka allows it
        }
        refusals: list[Refusal] = []
        outcomes = {"skipped"}
        for outcome in read(platform, record.value, headers, self._accounts):
            outcomes.add(self._take(unit, topic, record, outcome, work, refusals))
        if refusals:
            told = "; ".join(f"{r.path}: {r.expected}" for r in refusals[:REASONS_TOLD])
            self._outputs.reject(unit, topic, record, Reject(refusals[0].reason, told))
            return set()
        return outcomes

    def _take(
        self,
        unit: Unit[State],
        topic: str,
        record: Record,
        outcome: Outcome,
        work: Work,
        refusals: list[Refusal],
    ) -> str:
        platform = self._platforms[topic]
        made: Interaction | Skip | Refusal
        if isinstance(outcome, Finding) and outcome.op in ("erase", "revoke"):
            made = self._erase(unit, platform, outcome)
        elif isinstance(outcome, Finding):
            made = interaction(
                outcome, platform, self._accounts, record.timestamp, cast("Seen", work.seen)
            )
        else:
            made = outcome
        if isinstance(made, Refusal):
            refusals.append(made)
            return "refused"
        if isinstance(made, Skip):
            self._outputs.facts.skipped(platform, made.reason)
            return "skipped"
        if self._team.has(made["brand"], made["person"]):
            return "team"
        if self._forgetting.is_gone(unit, work, made["brand"], made["person"]):
            return "erased"
        key = relationship_key(made["brand"], made["person"]).encode()
        self._outputs.append_adapted(unit, topic, record, key, orjson.dumps(made))
        return "adapted"

    def _erase(self, unit: Unit[State], platform: str, finding: Finding) -> Skip | Refusal:
        """The platform says that a person is to be forgotten: by one brand if it names one."""
        person = erased(finding, platform)
        if not isinstance(person, str):
            return person
        account = finding.brand_account
        brand = self._accounts.brand(platform, account) if account else None
        self._forgetting.send(unit, Erasure(brand or ALL_BRANDS, person))
        return Skip(finding.op)
