"""The table of metrics in docs/operations.md: `python -m stream_app.observability.page` writes it.

It is made from the registry itself, so that it cannot say anything else.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from stream_app.observability.metrics import Metrics

PAGE: Final = Path("docs/operations.md")
BEGIN: Final = "<!-- metrics: made by python -m stream_app.observability.page -->\n"
END: Final = "<!-- end of metrics -->\n"


def table() -> str:
    """Name, type, labels and meaning of each metric, as Markdown."""
    metrics = Metrics(version="", policy="", outcomes=(), topics=(), platforms=())
    rows = [
        f"| `{one.name}` | {one.kind} | {', '.join(f'`{name}`' for name in one.labels)} "
        f"| {one.text} |\n"
        for one in metrics.listed
    ]
    return "| metric | type | labels | meaning |\n|---|---|---|---|\n" + "".join(rows)


def with_table(text: str) -> str:
    """The page with the table as it is now. ValueError if the page has no place for it."""
    before, _, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise ValueError(f"no {BEGIN.strip()} ... {END.strip()}")
    return f"{before}{BEGIN}{table()}{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text("utf-8")), "utf-8")
