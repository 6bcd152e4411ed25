"""Folders of deliveries: which are read, and in which order they are sent."""

from __future__ import annotations

from pathlib import Path

from stream_app.contracts.times import parse_time
from stream_app.demo.deliveries import GROUP_DAYS, collect, samples
from stream_app.domain.clock import DAY_MS

HISTORY_MS = parse_time("2026-08-27T00:00:00Z")


def like(time: str) -> str:
    return (samples() / "bluesky" / "like.json").read_text("utf-8").replace("2026-03-02", time)


def put(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, "utf-8")


def test_aliases_headers_and_platforms_without_an_adapter(tmp_path: Path) -> None:
    twitter = (samples() / "twitter" / "reply.json").read_text("utf-8")
    put(tmp_path, "twitter_v1/a.json", twitter)
    put(tmp_path, "twitter_v1/a.headers", "X-Event: a: b\nno header\n")
    put(tmp_path, "friendster/a.json", "{}")
    found = collect(tmp_path, HISTORY_MS)
    assert found.platforms == ("twitter",)
    assert found.skipped == ["friendster"]
    (one,) = found.all
    assert one.headers == (("X-Event", b"a: b"),)
    assert one.key != b""


def test_old_ones_in_groups_that_are_short_enough_new_ones_later(tmp_path: Path) -> None:
    for day in ("2026-11-01", "2019-05-01", "2019-01-01", "2012-03-04", "2019-07-01"):
        put(tmp_path, f"bluesky/{day}.json", like(day))
    put(tmp_path, "bluesky/broken.json", "{")
    found = collect(tmp_path, HISTORY_MS)
    names = [[one.name[8:-5] for one in group] for group in found.before]
    assert names == [["broken", "2012-03-04"], ["2019-01-01", "2019-05-01"], ["2019-07-01"]]
    assert [one.name for one in found.after] == ["bluesky/2026-11-01.json"]


def test_every_sample_is_in_a_group_that_spans_little() -> None:
    found = collect(samples(), HISTORY_MS)
    assert len(found.platforms) >= 3
    assert {"bluesky", "facebook", "twitter"} <= set(found.platforms)
    for group in found.before:
        times = [one.latest_ms for one in group if one.latest_ms]
        assert max(times) - min(times) <= GROUP_DAYS * DAY_MS
