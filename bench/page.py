"""docs/performance.md, made of results.json. Nothing in it is typed by hand but the words.

Whoever measures one part anew keeps the others as the page has them: results.json is not committed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bench.contestants import BY_NAME
from bench.events import ABOUT_KEYS, KEYS
from bench.process import ROOT
from bench.results import Section, median

FILE = ROOT / "docs" / "performance.md"
Row = Sequence[str]
_OURS = ("ours", "ours-100ms", "model", "model-2")
_MIB = 1 << 20

_HEAD = """\
# Performance

Made by `python -m bench table` from what `make bench` measured. Do not edit: measure.

Throughput and CPU are taken inside each process from its first record to its last commit: user and
system time of all its threads, start-up left out. The broker runs on the same machine and is not
counted. Every run must give exactly the transitions that a computation without Kafka gives, or it
counts for nothing. Runs of one table are interleaved; figures are medians, with the extremes behind
them; ratios are medians of the ratios within one round. Compare within one table only.
"""
_NOTHING = "Not measured yet: `make bench ARGS='{command}'`.\n"


def write(everything: dict[str, Section], path: Path = FILE) -> None:
    """Write the page; what was not measured here stays as it stands on it."""
    standing = path.read_text("utf-8") if path.exists() else ""
    path.write_text(render(everything, standing), "utf-8")


def render(everything: dict[str, Section], standing: str = "") -> str:
    """The whole page; a part that was neither measured nor stands on the old page says so."""
    kept = dict(part.partition("\n\n")[::2] for part in standing.split("\n## ")[1:])
    parts = [_HEAD]
    for title, name, command, body in _PARTS:
        parts.append(f"## {title}\n")
        section = everything.get(name)
        if section is not None:
            parts += [body(section), _where(section)]
        elif title in kept:
            parts.append(kept[title].rstrip("\n") + "\n")
        else:
            parts.append(_NOTHING.format(command=command))
    return "\n".join(parts)


def _where(section: Section) -> str:
    machine = "; ".join(f"{name} {value}" for name, value in section["machine"].items())
    return f"{section['date']}, `{section['command']}`. {machine}.\n"


def _table(head: Row, rows: Sequence[Row]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in (head, *rows)]
    lines.insert(1, "|---" + "|---:" * (len(head) - 1) + "|")
    return "\n".join(lines) + "\n"


def _spread(values: Sequence[float], form: str) -> str:
    """The median, and the extremes if there are several."""
    text = format(median(values), form)
    if len(values) > 1:
        text += f" ({format(min(values), form)} - {format(max(values), form)})"
    return text


def _each(runs: list[dict[str, float]], what: str) -> list[float]:
    return [run[what] for run in runs]


# -- replay


def _replay(section: Section) -> str:
    rows = [
        [
            f"{keys} keys (about {ABOUT_KEYS[keys]:,} in a million events)",
            _spread(_each(runs, "events_per_s"), ",.0f"),
            _spread(_each(runs, "cpu_us"), ".2f"),
            f"{median(_each(runs, 'peak_rss_bytes')) / _MIB:,.0f}",
        ]
        for keys, runs in section["runs"].items()
    ]
    text = f"`rapport replay` on {section['events']:,} interactions, the whole process included, "
    text += "output thrown away.\n\n"
    return text + _table(["input", "events/s", "CPU us per event", "peak MiB"], rows)


# -- engines


def _engines(section: Section) -> str:
    parts = [
        f"{section['events']:,} events of about 230 bytes in 4 partitions, {section['rounds']} "
        "rounds. The small job: per key daily panes over 28 days, five stages, a transition at "
        "each change, state with a changelog. The relationship model does far more per event.\n"
    ]
    for keys in KEYS:
        parts += [
            f"### {keys.capitalize()} keys: about {ABOUT_KEYS[keys]:,} in a million events\n",
            _engine_table(section, keys),
        ]
    parts.append("### Ratios\n")
    parts.append(_ratios(section))
    parts += [
        f"- {BY_NAME[name].title}: left out, {why}" for name, why in section["missing"].items()
    ]
    parts += [
        f"- {BY_NAME[name].title}: **failed**, {why.splitlines()[0]}"
        for name, why in section["failed"].items()
    ]
    return "\n".join(parts) + "\n"


def _engine_table(section: Section, keys: str) -> str:
    rows = []
    for name, contestant in BY_NAME.items():
        runs = section["runs"].get(f"{name}/{keys}")
        if runs:
            rows.append(
                [
                    f"{contestant.title} ({section['versions'][name]})",
                    _spread(_each(runs, "events_per_s"), ",.0f"),
                    _spread(_each(runs, "cpu_us"), ".1f"),
                    f"{median(_each(runs, 'peak_rss_bytes')) / _MIB:,.0f}",
                    f"{runs[-1]['transitions']:,.0f}" if contestant.has_outputs else "-",
                ]
            )
        elif name in section["missing"]:
            rows.append([contestant.title, "left out", "-", "-", "-"])
    return _table(["", "events/s", "CPU us per event", "peak MiB", "transitions"], rows)


def _ratios(section: Section) -> str:
    peers = [name for name in BY_NAME if name not in _OURS]
    found = (_ratio(section, keys, ours, peer) for keys in KEYS for ours in _OURS for peer in peers)
    rows = [row for row in found if row]
    return _table(["ours / peer", "keys", "throughput", "CPU per event"], rows)


def _ratio(section: Section, keys: str, ours: str, peer: str) -> Row | None:
    mine = section["runs"].get(f"{ours}/{keys}")
    theirs = section["runs"].get(f"{peer}/{keys}")
    if not mine or not theirs:
        return None

    def of(what: str) -> float:
        return median([a / b for a, b in zip(_each(mine, what), _each(theirs, what), strict=False)])

    return [f"{ours} / {peer}", keys, f"{of('events_per_s'):.2f}", f"{of('cpu_us'):.2f}"]


# -- the rest


def _latency(section: Section) -> str:
    text = (
        f"One worker, the whole model, default settings, {section['partitions']} partitions, "
        f"{section['rate']:,} events/s for {section['seconds']} s: from the broker's append of an "
        "event until its transition is in the hands of a read_committed consumer, "
        f"{section['transitions']:,} transitions. The worker took "
        f"{section['worker_cores']:.2f} of a core.\n\n"
    )
    return text + _milliseconds(section["ms"])


def _milliseconds(values: dict[str, float]) -> str:
    return _table(
        ["", *values], [["milliseconds", *(f"{value:,.0f}" for value in values.values())]]
    )


def _midnight(section: Section) -> str:
    text = (
        f"One worker, the whole model, default settings, {section['partitions']} partitions, "
        f"{section['rate']:,} events/s, when {section['relationships']:,} silent relationships "
        f"lapse at one midnight: {section['lapses_per_s']:,.0f} lapses/s from midnight until the "
        "last could be read. Events that were appended meanwhile, measured as above, "
        f"{section['transitions']:,} transitions:\n\n"
    )
    return text + _milliseconds(section["ms"])


def _state(section: Section) -> str:
    rows = [
        _state_row("filled by the worker", section["fill"], ""),
        _state_row("warm restart", section["warm"], "open"),
        _state_row("restore from an empty disk", section["restore"], "open"),
    ]
    text = (
        f"One worker, the whole model, default settings, {section['relationships']:,} "
        f"relationships ({section['events']:,} events); {section['disk_bytes'] / _MIB:,.0f} MiB "
        "on disk. Rates count from the assignment of the partitions until the last one is open.\n\n"
    )
    head = ["", "RSS MiB", "peak MiB", "start to open, s", "states/s", "changelog records/s"]
    return text + _table(head, rows)


def _state_row(title: str, run: dict[str, float], kind: str) -> Row:
    rate = f"{run['states_per_s']:,.0f}" if "states_per_s" in run else "-"
    return [
        title,
        f"{run['rss'] / _MIB:,.0f}",
        f"{run['peak'] / _MIB:,.0f}",
        f"{run['start_to_open_s']:.1f}" if kind else "-",
        rate,
        f"{run['records_per_s']:,.0f}" if "records_per_s" in run else "-",
    ]


def _flat(section: Section) -> str:
    short, long_run = section["short"], section["long"]
    rows = []
    for job, title in (("small", "the small job"), ("model", "the whole model")):
        first = section["runs"][f"{job}/{short}"]
        last = section["runs"][f"{job}/{long_run}"]
        ratio = median([b / a for a, b in zip(first, last, strict=True)])
        rows.append([title, _spread(first, ".2f"), _spread(last, ".2f"), f"{ratio:.2f}"])
    head = ["CPU us per event", f"{short:,} events", f"{long_run:,} events", "ratio"]
    text = "Hot keys, the same ones and the same days in both runs; the long one has more acts a "
    return (
        text + "day, each of which the model remembers. Runs interleaved.\n\n" + _table(head, rows)
    )


_Body = Callable[[dict[str, Any]], str]
_PARTS: tuple[tuple[str, str, str, _Body], ...] = (
    ("Replay", "replay", "replay", _replay),
    ("Engines", "engines", "engines", _engines),
    ("Latency", "latency", "latency", _latency),
    ("Midnight", "midnight", "midnight", _midnight),
    ("Memory, restore, restart", "state", "memory --full", _state),
    ("Flat cost", "flat", "flat", _flat),
)
