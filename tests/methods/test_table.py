"""The table of `rapport methods`, as wide as the terminal is."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from stream_app.cli.methods_table import show
from stream_app.contracts.standings import Standing

ROW = Standing(
    method="answering-people",
    touches=12,
    people_in_30_days=3,
    cost="3000.00",
    cost_incomplete=False,
    value="9.00",
    value_incomplete=True,
    currency="EUR",
    won=396.0,
    regained=0.0,
    cost_per_won="7.58",
    enough_won=True,
    quality=0.58,
    survival=None,
    return_=6.89,
    ranks={"cost_per_won": 1},
)


def shown(width: int) -> list[str]:
    out = io.StringIO()
    show([ROW], "acme", "affinity", console=Console(file=out, width=width, force_terminal=True))
    return out.getvalue().splitlines()


@pytest.mark.parametrize("width", [80, 150])
def test_a_row_is_a_line(width: int) -> None:
    assert any(
        "answering" in line and "3000.00" in line and "7.58 #1" in line for line in shown(width)
    )


def test_where_no_row_fits_each_method_has_a_paragraph() -> None:
    lines = shown(40)
    begin = lines.index("answering-people")
    assert lines[begin + 1 : begin + 4] == [
        "  cost EUR: 3000.00",
        "  won: 396.00",
        "  cost per won EUR: 7.58 #1",
    ]
