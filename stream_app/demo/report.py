"""The end of a demo: the funnel, the verdict, what to try next; or one line of JSON."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec
import orjson
from rich.console import Console, RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from stream_app.cli.methods_table import show as show_methods
from stream_app.contracts.method_report import Rung
from stream_app.contracts.standings import Standing
from stream_app.demo.check import Verdict
from stream_app.demo.community import BRAND
from stream_app.demo.deliveries import samples
from stream_app.demo.screen import STYLES

STAGE: Final[Rung] = "affinity"
"""A relationship counts as won when it comes there."""
_BAR_WIDTH = 40


@dataclass(slots=True, kw_only=True)
class Summary:
    """The numbers of a run, as `--json` prints them. Seconds are counted from its start."""

    events: int
    """Records of the log and deliveries that were processed."""
    events_per_second: int
    """On average, from the first record sent to the last one processed."""
    peak_events_per_second: int
    transitions: int
    relationships: dict[str, int]
    """By stage; `none`: of those that had been in one."""
    reached: dict[str, int]
    """Of the generated brand: how many have ever been in each stage or a higher one."""
    lapses: dict[str, int]
    rejects: dict[str, int]
    rekeyed: int
    duplicates: int
    late: int
    deliveries: int
    platforms: list[str]
    skipped: list[str]
    """Sub-folders without an adapter."""
    brands: int
    people: int
    seed: int
    partitions: int
    workers: int
    seconds_to_first_transition: float | None
    seconds: float
    differing: int | None = None
    """Relationships whose transitions are not those of the replay; null: not compared."""
    equal: bool | None = None
    methods: list[Standing] = field(default_factory=list)
    """Of the generated brand: what relationships cost, and which methods build the best."""

    def line(self) -> bytes:
        """One line of JSON."""
        told = asdict(self) | {"methods": msgspec.to_builtins(self.methods)}
        return orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE)


def show(console: Console, summary: Summary, verdict: Verdict | None) -> None:
    """Print the end for a person."""
    console.print(Rule(f"[bold]the funnel of {BRAND}[/] (generated)", align="left"))
    console.print(_funnel(summary))
    console.print()
    for text in _sentences(summary):
        console.print(text, highlight=False)
    if summary.methods:
        console.print()
        show_methods(summary.methods, BRAND, STAGE, console=console)
    if verdict is not None:
        console.print(Text(judged(verdict), "bold green" if verdict.equal else "bold red"))


def _funnel(summary: Summary) -> RenderableType:
    grid = Table.grid(padding=(0, 2))
    grid.add_column()
    grid.add_column(min_width=_BAR_WIDTH)
    grid.add_column(justify="right")
    grid.add_column()
    before = summary.people
    grid.add_row("people", Text("█" * _BAR_WIDTH, "bright_black"), f"{before:,}", "")
    top, previous = max(before, 1), "the people"
    for name, count in summary.reached.items():
        share = f"{count / before:.0%} of {previous}" if before else ""
        bar = Text("█" * round(count / top * _BAR_WIDTH), STYLES[name])
        grid.add_row(Text(name, STYLES[name]), bar, f"{count:,}", Text(share, "bright_black"))
        before, previous = count, f"those in {name}"
    return grid


def _sentences(summary: Summary) -> list[str]:
    lapses = sum(summary.lapses.values())
    told = ", ".join(f"{reason} {count:,}" for reason, count in summary.lapses.items())
    refused = ", ".join(f"{reason} {count}" for reason, count in summary.rejects.items())
    first = summary.seconds_to_first_transition
    sentences = [
        f"{lapses:,} times a relationship cooled down or ended: {told}." if lapses else "",
        f"{summary.events:,} events in, {summary.transitions:,} transitions out, "
        f"{summary.brands:,} brands; {summary.events_per_second:,} events/s on average, "
        f"{summary.peak_events_per_second:,} at most.",
        f"{summary.duplicates:,} duplicates without effect, {summary.rekeyed:,} records re-keyed, "
        f"{summary.late:,} late ones counted where they belong.",
        f"{sum(summary.rejects.values()):,} refused, each kept whole with its reason: {refused}."
        if summary.rejects
        else "",
        f"{summary.deliveries:,} deliveries of {len(summary.platforms)} platforms were read "
        f"({', '.join(summary.platforms)}).",
        f"No adapter, skipped: {', '.join(summary.skipped)}." if summary.skipped else "",
        "" if first is None else f"The first transition came after {first:.1f} s, "
        f"the end after {summary.seconds:.1f} s.",
    ]  # fmt: skip
    return [sentence for sentence in sentences if sentence]


def judged(verdict: Verdict) -> str:
    """The comparison in words."""
    if verdict.equal:
        return (
            f"Equal: the transitions of all {verdict.relationships:,} relationships are, byte for "
            "byte, those of a replay of the log."
        )
    if not verdict.differing:
        return (
            f"Not equal: of the log a replay refuses {dict(verdict.refused_expected)}, "
            f"the service {dict(verdict.refused_found)}."
        )
    return (
        f"Not equal: {verdict.differing:,} of {verdict.relationships:,} relationships differ from "
        f"a replay of the log. The first: {verdict.first}."
    )


def next_commands(log: Path, policy: Path, partitions: int) -> list[tuple[str, str]]:
    """Three things to try, each with what it does; they work when the demo has ended."""
    program = _program()
    sample = samples() / "bluesky" / "reply.json"
    ask = f"{program} broker status --address"
    replay = f"{program} replay {_short(log)} --policy {_short(policy)} --partitions {partitions}"
    return [
        ("the same transitions from the log that was saved, without Kafka",
         f"{replay} > transitions.jsonl"),
        ("what an adapter makes of a platform's delivery",
         f"{program} normalize --platform bluesky {_short(sample)}"),
        ("the service for events of your own, on a Kafka that stays (Ctrl-C ends the worker)",
         f"{program} broker start && {program} worker --broker $({ask})"),
    ]  # fmt: skip


def show_next(console: Console, commands: Sequence[tuple[str, str]]) -> None:
    """Print what to try next."""
    console.print(Rule("[bold]try next[/]", align="left"))
    for what, command in commands:
        # Not folded: both are to be copied.
        console.print(f"[bright_black]# {what}[/]", highlight=False, soft_wrap=True)
        console.print(Text(command, "bold"), soft_wrap=True)


def _program() -> str:
    """How to call `rapport` from the shell that called us."""
    if shutil.which("rapport"):
        return "rapport"
    beside = Path(sys.executable).with_name("rapport")
    if beside.exists():
        return _short(beside)
    return f"{_short(Path(sys.executable))} -m stream_app"


def _short(path: Path) -> str:
    """Relative to the present folder if it is in there, quoted for a shell."""
    here = Path.cwd()
    absolute = Path(os.path.abspath(path))  # noqa: PTH100 - links must stay: a venv's python is one
    inside = absolute.is_relative_to(here)
    return shlex.quote(str(absolute.relative_to(here) if inside else absolute))


def as_json(summary: Summary) -> None:
    """The summary on standard output."""
    out: Any = sys.stdout.buffer
    out.write(summary.line())
    out.flush()
