"""Chaos: faults drawn from a seed, on a real broker and real workers; 0 if all came out exact."""

from __future__ import annotations

import asyncio
import logging
import sys
import tempfile
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from stream_app.embedded.settings import rapport_home

from .plan import MEANING, Kind, plan
from .run import Options, Outcome, run


def _table(outcome: Outcome) -> Table:
    table = Table(title="Faults", title_justify="left")
    for column in ("fault", "what is done", "planned", "seen"):
        table.add_column(column, justify="left" if column in ("fault", "what is done") else "right")
    for kind in Kind:
        planned, seen = outcome.times(kind)
        table.add_row(kind.value, MEANING[kind], str(planned), str(seen))
    return table


def _report(outcome: Outcome, options: Options, folder: str, console: Console) -> None:
    console.print(_table(outcome))
    verdict = outcome.verdict
    if verdict is not None:
        people = verdict.people
        console.print(
            f"seed {options.seed}: {verdict.records} records of the log, {verdict.deliveries} "
            f"deliveries, {verdict.transitions} transitions of {verdict.relationships} "
            f"relationships, {verdict.refusals} refusals, {verdict.states} states, "
            f"{verdict.reports} reports, {verdict.commits} commits; "
            f"{people.links} links, {people.merges} merges, {people.across} of them across "
            f"partitions, {people.handed_on} acts handed on, {people.erasures} erasures, "
            f"{verdict.forgotten} forgotten; "
            f"{outcome.sent_again} records sent again; {outcome.seconds:.0f} s"
        )
        for difference in verdict.differences:
            console.print(f"DIFFERENT: {difference}", markup=False)
    for problem in outcome.problems:
        console.print(f"PROBLEM: {problem}", markup=False)
    if outcome.ok:
        console.print(f"seed {options.seed}: exact, and every fault was seen")
    else:
        console.print(f"seed {options.seed}: NOT exact; logs and disks are in {folder}")


@click.command()
@click.option("--seed", default=1, show_default=True, help="Gives schedule and input.")
@click.option("--minutes", default=5.0, show_default=True, help="Of feeding and faults.")
@click.option("--per-second", default=400, show_default=True, help="Records to feed.")
@click.option("--standbys", default=1, show_default=True, help="Warm copies per partition.")
@click.option("--dry", is_flag=True, help="Show the schedule only.")
def main(seed: int, minutes: float, per_second: int, standbys: int, dry: bool) -> None:
    """Run chaos; the table of faults goes to standard output, progress to standard error."""
    console = Console(width=110)
    if dry:
        for fault in plan(seed, minutes):
            console.print(f"{fault.at_s:6.1f} s  {fault.kind}  ({fault.whom:.2f})", markup=False)
        return
    options = Options(seed, minutes, per_second, standbys)
    base = rapport_home() / "chaos"
    base.mkdir(parents=True, exist_ok=True)
    folder = tempfile.mkdtemp(prefix=f"seed-{seed}-", dir=base)

    def say(text: str) -> None:
        click.echo(text, err=True)

    # The broker comes and goes on purpose; its clients need not tell.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    say(f"chaos, seed {seed}, {minutes:g} minutes")
    outcome = asyncio.run(run(options, Path(folder), say))
    _report(outcome, options, folder, console)
    sys.exit(0 if outcome.ok else 1)


if __name__ == "__main__":
    main()
