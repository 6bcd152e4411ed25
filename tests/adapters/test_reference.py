"""The owner's reference deliveries: every field of every row."""

from __future__ import annotations

from pathlib import Path

import pytest

from stream_app.adapters.base import Finding
from stream_app.cli.normalize import row as shown

from .support import deliver, reference, table

_FIELDS = {
    "verb": "verb",
    "op": "op",
    "actor": "actor_id",
    "target": "target_id",
    "object": "object_id",
    "occurred_at": "occurred_at",
    "direction": "direction",
}


@pytest.mark.parametrize(("row", "folder"), reference())
def test_row_is_right_in_every_field(row: dict[str, str] | None, folder: Path) -> None:
    assert row is not None, f"RAPPORT_DELIVERIES is set, but there is no {folder}"
    outcome = deliver(folder / row["path"])[int(row["n"])]
    assert isinstance(outcome, Finding), outcome
    got = shown(int(row["n"]), outcome)
    assert {name: got[name] or "" for name in _FIELDS} == {
        name: row[column] for name, column in _FIELDS.items()
    }


@pytest.mark.parametrize(("row", "folder"), reference())
def test_a_delivery_yields_no_more_than_its_rows(row: dict[str, str] | None, folder: Path) -> None:
    assert row is not None, f"RAPPORT_DELIVERIES is set, but there is no {folder}"
    rows = [r for r in table(folder / "INDEX.tsv") if r["path"] == row["path"]]
    assert len(deliver(folder / row["path"])) == len(rows)
