"""The small stage job on Quix Streams, exactly once. Runs in an environment of its own.

Nothing of this project may be imported here but the meter.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from quixstreams import Application  # type: ignore[import-not-found]

from bench.peers.meter import Meter

DEEP = {"comment", "reply", "share"}
DAY_MS = 86_400_000
EMPTY = {"latest": 0, "stage": 0, "following": False, "acts": 0, "deep": 0, "panes": {}}


def step(row: dict[str, Any], event: dict[str, Any]) -> int | None:
    """As `bench.small_job.step`, on the JSON that Quix stores."""
    day, verb, panes = event["occurred_at"] // DAY_MS, event["interaction"], row["panes"]
    if day > row["latest"]:
        row["latest"] = day
        for old in [name for name in panes if int(name) <= day - 28]:
            acts, deep = panes.pop(old)
            row["acts"] -= acts
            row["deep"] -= deep
    if day > row["latest"] - 28:
        pane = panes.setdefault(str(day), [0, 0])
        pane[0] += 1
        row["acts"] += 1
        if verb in DEEP:
            pane[1] += 1
            row["deep"] += 1
    if verb in {"follow", "unfollow"}:
        row["following"] = verb == "follow"
    before, now = row["stage"], _stage(row)
    row["stage"] = now
    return None if now == before else before


def _stage(row: dict[str, Any]) -> int:
    if not row["acts"]:
        return 0
    if len(row["panes"]) < 3:
        return 1
    if row["deep"] < 2:
        return 2
    return 4 if row["following"] else 3


def main(options: dict[str, Any]) -> None:
    """Run until all events are processed and committed."""
    app = Application(
        broker_address=options["broker"],
        consumer_group=options["run"],
        auto_offset_reset="earliest",
        processing_guarantee="exactly-once",
        state_dir=options["folder"],
        commit_interval=1.0,
        loglevel="WARNING",
    )
    meter = Meter(options["events"])

    def advance(event: dict[str, Any], state: Any) -> dict[str, Any] | None:
        if meter.saw(1):
            app.stop()  # behind this event, with a last commit
        row = state.get("row") or {**EMPTY, "panes": {}}
        before = step(row, event)
        state.set("row", row)
        if before is None:
            return None
        return {
            "brand": event["brand"],
            "person": event["person"],
            "from": before,
            "to": row["stage"],
            "at": event["occurred_at"],
            "cause": event["event_id"],
        }

    source = app.topic(options["topic"], value_deserializer="json")
    out = app.topic(options["out"], value_serializer="json")
    frame = app.dataframe(source).apply(advance, stateful=True)
    frame.filter(lambda move: move is not None).to_topic(out)
    app.run()
    meter.report()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
