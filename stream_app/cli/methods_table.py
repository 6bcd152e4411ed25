"""The table of `rapport methods`."""

from __future__ import annotations

from typing import Literal

import click
import msgspec
from rich.console import Console
from rich.table import Table

from stream_app.contracts.standings import LEAST_WON, WIDEST, Standing
from stream_app.domain.money import Rates
from stream_app.domain.reports import CostShare

TOO_FEW = "too few to say"
OVER_ALL = ("markov", "shapley")
WIDE = 150
NARROW = 80
"""Below it a row is no row any more: each method gets a paragraph."""
COLUMNS = (
    "method",
    "touches",
    "people / 30 d",
    "cost {}",
    "value {}",
    "won",
    "cost per won {}",
    "quality",
    "survival 120 d",
    "return",
)
EXTRA = ("touches", "people / 30 d", "value {}")
"""Left out where there is no room."""


def show(
    found: list[Standing],
    brand: str,
    stage: str,
    since: str | None = None,
    model: str | None = None,
    *,
    console: Console | None = None,
) -> None:
    """Print the standings, with what their numbers rest on."""
    console = console or Console()
    if not console.is_terminal:
        console = Console(width=WIDE)
    columns = COLUMNS if console.width >= WIDE else [one for one in COLUMNS if one not in EXTRA]
    currency = found[0].currency
    title = f"Methods of {brand}: who builds relationships up to {stage}"
    title += f", since {since}" if since else ""
    names = [name.format(currency) for name in columns]
    rows = []
    for one in found:
        cells = dict(zip(COLUMNS, _cells(one), strict=True))
        rows.append([cells[name] for name in columns])
    if console.width < NARROW:
        _paragraphs(console, title, names, rows)
    else:
        console.print(_table(title, names, rows))
    how = (
        f"advances into {stage}, by {model} over all paths"
        if model in OVER_ALL
        else (f"first times at {stage}, by credit ({model or 'the model of the policy'})")
    )
    console.print(
        f"won: {how}. #1 is the best of its column. *: an amount had no rate and is left out.\n"
        f'"{TOO_FEW}": less than {LEAST_WON} won, or a survival whose 95 % interval (Wilson, over '
        f"the credit decided) is wider than {WIDEST * 100:.0f} points.",
        style="dim",
        highlight=False,
    )


def _table(title: str, names: list[str], rows: list[list[str]]) -> Table:
    table = Table(title=title, title_justify="left")
    for name in names:
        justify: Literal["left", "right"] = "left" if name == "method" else "right"
        table.add_column(name, justify=justify)
    for row in rows:
        table.add_row(*row)
    return table


def _paragraphs(console: Console, title: str, names: list[str], rows: list[list[str]]) -> None:
    console.print(title, highlight=False, markup=False)
    for method, *cells in rows:
        console.print(f"\n{method}", highlight=False, markup=False)
        for name, cell in zip(names[1:], cells, strict=True):
            console.print(f"  {name}: {cell}", highlight=False, markup=False)
    console.print()


def _cells(one: Standing) -> list[str]:
    return [
        one.method,
        f"{one.touches:,}",
        f"{one.people_in_30_days:,}",
        (one.cost or "-") + ("*" if one.cost_incomplete else ""),
        (one.value or "-") + ("*" if one.value_incomplete else ""),
        f"{one.won:,.2f}",
        _cost_per_won(one),
        "-" if one.quality is None else f"{one.quality:.3f}{_rank(one, 'quality')}",
        _survival(one),
        "-" if one.return_ is None else f"{one.return_:.2f}{_rank(one, 'return')}",
    ]


def _cost_per_won(one: Standing) -> str:
    if one.cost is None:
        return "-"
    if not one.enough_won:
        return TOO_FEW
    return f"{one.cost_per_won}{_rank(one, 'cost_per_won')}"


def _survival(one: Standing) -> str:
    survival = one.survival
    if survival is None:
        return "-"
    interval = f"{survival.low:.0%} to {survival.high:.0%}"
    if not survival.says_enough:
        return f"{TOO_FEW} ({interval})"
    return f"{survival.share:.0%} ({interval}){_rank(one, 'survival')}"


def _rank(one: Standing, measure: str) -> str:
    return f" #{one.ranks[measure]}" if measure in one.ranks else ""


def show_shares(shares: list[CostShare] | None, rates: Rates, *, as_json: bool) -> None:
    """Print what of each method's cost falls on one relationship."""
    told = [
        {
            "method": one.method,
            "touches": one.touches,
            "of_touches": one.of_touches,
            "cost": None if one.cost is None else rates.written(one.cost),
            "currency": rates.reporting,
        }
        for one in shares or ()
    ]
    if as_json:
        click.echo(msgspec.json.encode(told))
        return
    if not told:
        click.echo("No such relationship, or no method touched it in 90 days.", err=True)
    for row in told:
        touches = f"{row['touches']} of {row['of_touches']:,} touches"
        click.echo(f"{row['method']:24} {touches:26} {row['cost'] or '-':>12} {row['currency']}")
