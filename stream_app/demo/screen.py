"""The scene on a terminal: drawn anew a few times a second."""

from __future__ import annotations

from typing import Final

from rich.console import Console, Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from stream_app.demo.community import BRAND, DAYS
from stream_app.demo.scene import Scene
from stream_app.demo.watch import STAGE_NAMES, Move, why
from stream_app.domain.clock import DAY_MS

STYLES: Final = {
    "none": "bright_black",
    "attention": "yellow",
    "attraction": "magenta",
    "affinity": "cyan",
    "audience": "green",
}
STATE_STYLES: Final = {"running": "green", "failed": "red"}
_SPARKS: Final = "▁▂▃▄▅▆▇█"
_SPARK_WIDTH: Final = 24
_BAR_WIDTH: Final = 26
_FIXED_LINES: Final = 15
_MIN_MOVES, _MAX_MOVES = 5, 24
_MEANINGS: Final = (
    ("attention", "they noticed"),
    ("attraction", "they keep coming back"),
    ("affinity", "the conversation fits what they need and value"),
    ("audience", "they opted in: they follow, subscribe or have joined"),
    ("none", "and back: by silence, objections, leaving, taking back, blocking"),
)


def draw(scene: Scene, console: Console) -> RenderableType:
    """The whole picture, for the size of the terminal at hand."""
    rows = max(_MIN_MOVES, min(_MAX_MOVES, console.height - _FIXED_LINES - len(scene.workers)))
    return Group(
        _title(scene),
        Rule(style="bright_black"),
        _input(scene),
        Rule("relationships now", style="bright_black", align="left"),
        _middle(scene),
        Rule("latest transitions", style="bright_black", align="left"),
        _moves(scene, rows),
        Rule(style="bright_black"),
        _workers(scene),
    )


def _title(scene: Scene) -> RenderableType:
    facts = scene.facts
    grid = Table.grid(expand=True)
    grid.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    grid.add_column(no_wrap=True, justify="right")
    kafka = "a Kafka of its own" if facts.own_broker else "your Kafka"
    title = Text.assemble(
        ("Rapport demo  ", "bold"),
        (f"{kafka}, at {facts.address} · {facts.partitions} partitions", "bright_black"),
    )
    grid.add_row(title, Text(f"{scene.doing}  {scene.seconds:3.0f} s", "bold"))
    return grid


def _input(scene: Scene) -> RenderableType:
    facts, sending = scene.facts, scene.sending
    grid = Table.grid(padding=(0, 2), expand=True)
    for _ in range(3):
        grid.add_column(no_wrap=True)
    grid.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    grid.add_row(
        Text("deliveries", "bold"),
        _bar(sending.deliveries, sending.all_deliveries),
        Text(f"{sending.deliveries:,} of {sending.all_deliveries:,}"),
        Text(f"{facts.source}, {len(facts.platforms)} platforms", "bright_black"),
    )
    grid.add_row(
        Text("history", "bold"),
        _bar(sending.records, sending.all_records),
        Text(f"{sending.records:,} of {sending.all_records:,}"),
        Text(f"GENERATED (seed {facts.seed}): {facts.people:,} people of {BRAND}", "bright_black"),
    )
    speed = scene.speed
    grid.add_row(
        Text("events/s", "bold"),
        Text(sparks(list(speed.past)[-_SPARK_WIDTH:]), "green"),
        Text(f"{speed.now:,.0f}/s", "bold green"),
        Text(f"{scene.processed().total():,} processed · {_day(scene)}", "bright_black"),
    )
    return grid


def _day(scene: Scene) -> str:
    if not scene.sending.day_ms:
        return f"day 0 of {DAYS}"
    day = (scene.sending.day_ms - scene.history_start_ms) // DAY_MS + 1
    return f"day {day} of {DAYS}" if day < DAYS else f"all {DAYS} days"


def _bar(done: int, total: int) -> RenderableType:
    return ProgressBar(total=max(total, 1), completed=done, width=_SPARK_WIDTH)


def sparks(values: list[float]) -> str:
    """A small curve."""
    top = max(values, default=0.0) or 1.0
    last = len(_SPARKS) - 1
    return "".join(_SPARKS[min(last, int(value / top * last + 0.5))] for value in values)


def _middle(scene: Scene) -> RenderableType:
    grid = Table.grid(padding=(0, 4))
    grid.add_row(_stages(scene), _counts(scene))
    return grid


def _stages(scene: Scene) -> RenderableType:
    stages = scene.watch.stages()
    top = max(stages.values(), default=0) or 1
    grid = Table.grid(padding=(0, 1))
    grid.add_column(min_width=10)
    grid.add_column(min_width=_BAR_WIDTH)
    grid.add_column(justify="right", min_width=5)
    for name in reversed(STAGE_NAMES):
        style = STYLES[name]
        bar = Text("█" * round(stages[name] / top * _BAR_WIDTH), style)
        label = "none again" if name == "none" else name
        grid.add_row(Text(label, style), bar, Text(f"{stages[name]:,}", "bold"))
    return grid


def _counts(scene: Scene) -> RenderableType:
    watch, processed = scene.watch, scene.processed()
    grid = Table.grid(padding=(0, 2))
    first = "-" if watch.first_after_s is None else f"the first after {watch.first_after_s:.1f} s"
    grid.add_row(Text("transitions", "bold"), Text(f"{watch.transitions:,}  ({first})"))
    noted = f"{processed['duplicate']:,} duplicates, {processed['rekeyed']:,} re-keyed"
    grid.add_row(Text("put right", "bold"), Text(f"{noted}, {scene.late():,} late"))
    refused = watch.refused
    grid.add_row(
        Text("refused", "bold"),
        Text(
            " ".join(f"{reason} {count}," for reason, count in refused.most_common()).rstrip(",")
            or "nothing so far",
            "red" if refused else "bright_black",
        ),
    )
    return grid


def _moves(scene: Scene, rows: int) -> RenderableType:
    if not scene.watch.latest:
        return _meanings(rows)
    table = Table.grid(padding=(0, 2), expand=True)
    for _ in range(3):
        table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    latest = list(scene.watch.latest)[-rows:]
    for move in reversed(latest):
        table.add_row(*_move(move))
    for _ in range(rows - len(latest)):
        table.add_row("")
    return table


def _meanings(rows: int) -> RenderableType:
    """What the stages are, as long as there is nothing else to read."""
    grid = Table.grid(padding=(0, 2))
    for name, meaning in _MEANINGS:
        grid.add_row(Text(name, STYLES[name]), Text(meaning))
    for _ in range(rows - len(_MEANINGS)):
        grid.add_row("")
    return grid


def _move(move: Move) -> tuple[Text, Text, Text, Text]:
    brand = "" if move.brand == BRAND else f" and {move.brand[:14]}"
    person = f"{move.person[:30]}{brand}"
    sign = "▲" if move.move == "advance" else "▼"
    step = Text.assemble(
        (f"{sign} ", "green" if move.move == "advance" else "red"),
        (move.from_, STYLES[move.from_]),
        (" → ", "bright_black"),
        (move.to, STYLES[move.to]),
    )
    day = Text(move.at[:10], "bright_black")
    return day, Text(person[:34]), step, Text(f"{move.reason}: {why(move)}", "bright_black")


def _workers(scene: Scene) -> RenderableType:
    grid = Table.grid(padding=(0, 2))
    for worker in scene.workers:
        reading = worker.reading
        grid.add_row(
            Text(f"worker {worker.number}", "bold"),
            Text(reading.state, STATE_STYLES.get(reading.state, "yellow")),
            Text(f"{reading.partitions} partitions"),
            Text(worker.metrics_url, "bright_black"),
            Text(f"pid {worker.process.pid}", "bright_black"),
        )
    return grid


def plain(scene: Scene) -> str:
    """The scene in one line, for where there is no terminal."""
    sending, watch = scene.sending, scene.watch
    stages = ", ".join(f"{name} {count}" for name, count in watch.stages().items() if count)
    parts = [
        f"{scene.seconds:5.1f} s  {scene.doing}",
        f"sent {sending.deliveries:,} deliveries, {sending.records:,} records",
        f"processed {scene.processed().total():,} ({scene.speed.now:,.0f}/s)",
        f"{watch.transitions:,} transitions",
        stages or "no relationship yet",
        f"{watch.refused.total():,} refused",
    ]
    return " | ".join(parts)
