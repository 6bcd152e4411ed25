"""A worker's clock that jumps: what it decides by is the time of the log, and its reports go on."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from stream_app.contracts.policy import default_policy
from stream_app.edge.work import Work
from tests.edge.offline import Offline

HOUR_MS = 3_600_000


def test_reports_do_not_wait_for_a_clock_that_was_set_back(tmp_path: Path) -> None:
    """They come once a second at most: a second that is measured from a time to come never ends."""
    bench = Offline(tmp_path)
    bench.now_ms = 10 * HOUR_MS
    bench.start(default_policy(), 0)
    work = cast("Work", bench.unit.context)
    work.waiting, work.published_ms = 1, bench.now_ms - 1
    assert not bench.step_tick()
    work.published_ms = bench.now_ms + HOUR_MS
    assert bench.step_tick()
    bench.store.close()
