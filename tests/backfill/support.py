"""What an import gives, without Kafka."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from stream_app.adapters.accounts import Accounts
from stream_app.backfill.found import Options
from stream_app.backfill.plan import Plan, Record
from stream_app.backfill.sorting import MEMORY
from stream_app.backfill.sources import Source
from stream_app.contracts.policy import default_policy
from stream_app.domain.rejects import Reject

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "stream_app" / "backfill" / "samples"
NOW_MS = 1_798_761_600_000  # 2027-01-01


class Result:
    """Records, counts and refusals of a plan."""

    def __init__(
        self,
        *sources: tuple[str, Path],
        accounts: Accounts | None = None,
        account: str = "",
        person: str = "",
        mapping: Path | None = None,
        undated_ms: int | None = None,
        raw: bool = False,
        memory: int = MEMORY,
    ) -> None:
        self.refused: list[tuple[str, int, Reject, bytes]] = []
        options = Options(
            accounts=accounts or Accounts(), account=account, person=person, mapping=mapping
        )
        plan = Plan(
            [Source(*source) for source in sources],
            default_policy(),
            options,
            now_ms=NOW_MS,
            refuse=lambda *told: self.refused.append(told),
            undated_ms=undated_ms,
            raw=raw,
            memory=memory,
        )
        try:
            plan.gather()
            self.records: list[Record] = list(plan.records())
        finally:
            plan.sorter.close()
        self.tally = plan.tally
        self.runs = plan.sorter.runs

    @property
    def acts(self) -> list[dict[str, Any]]:
        """The interactions, in order."""
        return [json.loads(record.value) for record in self.records if record.to == "log"]

    def lines(self) -> list[str]:
        """The interactions in short: time, person, verb, brand, id."""
        return [
            f"{act['occurred_at'][:19]} {act['person']} {act['verb']}"
            f"{' (undo)' if act.get('op') == 'undo' else ''}"
            f"{' (outbound)' if act.get('direction') == 'outbound' else ''}"
            f" {act['brand']} {act['id']}"
            for act in self.acts
        ]
