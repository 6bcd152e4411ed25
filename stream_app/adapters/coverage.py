"""The page `docs/platforms.md`: what each adapter knows, and which sample shows it.

python -m stream_app.adapters.coverage > docs/platforms.md
"""

from __future__ import annotations

import csv
import sys
from importlib.resources import files

from stream_app.adapters.registry import ALIASES, PLATFORMS, events

_HEAD = """\
# Platforms

Generated from the adapters (`python -m stream_app.adapters.coverage > docs/platforms.md`); a test
fails when it is not up to date. Publish a platform's own payload, as delivered, to
`social.raw.<platform>`, its HTTP headers as Kafka headers; try one with

    rapport normalize --platform bluesky FILE

What is listed as `other` covers every event type that is not in the table: it is counted and has
no effect. A malformed delivery is refused to `relationship.rejects`; neither stops anything.
Samples are in `stream_app/adapters/samples/`, with the right answers in `expected.tsv`.

`create` and `undo` become interactions where both sides are known and one of them is a brand;
`delete` takes the act back, `restore` brings it again; `update`, `moderate`, `aggregate` and
`ignore` become nothing; `erase` and `revoke` are requests to forget the person.
"""


def page() -> str:
    """The whole page, in Markdown."""
    shows = _samples()
    return "\n".join([_HEAD, *(_section(name, shows.get(name, {})) for name in PLATFORMS)])


def _section(platform: str, shows: dict[str, list[str]]) -> str:
    also = [alias for alias, name in ALIASES.items() if name == platform]
    lines = [f"## {platform}", ""]
    if also:
        lines += [f"Also called {', '.join(also)}.", ""]
    lines += ["| event | becomes | sample | note |", "|---|---|---|---|"]
    for event in events(platform):
        what = f"{event.verb} {event.op}".strip()
        names = ", ".join(shows.get(event.native, ()))
        lines.append(f"| `{event.native}` | {what} | {names} | {event.note} |")
    return "\n".join(lines) + "\n"


def _samples() -> dict[str, dict[str, list[str]]]:
    """platform -> native event -> samples that show it."""
    text = files("stream_app.adapters").joinpath("samples", "expected.tsv").read_text("utf-8")
    shows: dict[str, dict[str, list[str]]] = {}
    for row in csv.DictReader(text.splitlines(), delimiter="\t"):
        platform, _, name = row["path"].partition("/")
        names = shows.setdefault(platform, {}).setdefault(row["native"], [])
        stem = name.rpartition(".")[0]
        if stem not in names:
            names.append(stem)
    return shows


if __name__ == "__main__":
    sys.stdout.write(page())
