"""What a person sees: every transition says why, and the picture fits the terminal."""

from __future__ import annotations

import io

import msgspec
import pytest
from rich.console import Console

from stream_app.contracts.policy import load_policy
from stream_app.contracts.times import parse_time
from stream_app.demo.check import line
from stream_app.demo.community import BRAND, history
from stream_app.demo.mischief import records
from stream_app.demo.publish import Sending
from stream_app.demo.scene import Facts, Scene, Speed
from stream_app.demo.screen import draw, plain, sparks
from stream_app.demo.watch import Move, Watch, why
from stream_app.domain.rejects import Reject
from stream_app.replay import Replay

END_MS = parse_time("2026-11-25T10:00:00Z")


@pytest.fixture(scope="session")
def moves() -> list[Move]:
    core = Replay(load_policy(None), "test")
    texts: list[bytes] = []
    for one in records(history(1, 200, END_MS), 1):
        outcome = core.feed(line(one.value, END_MS))
        if not isinstance(outcome, Reject):
            texts += outcome
    texts += core.finish(END_MS + 200 * 86_400_000)
    return [msgspec.json.decode(text, type=Move) for text in texts]


def scene_of(moves: list[Move]) -> Scene:
    facts = Facts(
        address="127.0.0.1:1",
        own_broker=True,
        partitions=4,
        seed=1,
        people=200,
        platforms=("bluesky",),
        skipped=(),
        source="the adapters' samples",
    )
    scene = Scene(facts, Watch(0.0), Sending(), [])
    for move in moves:
        scene.watch.moved(f"{move.brand}/{move.person}".encode(), move)
    return scene


def test_every_transition_says_why(moves: list[Move]) -> None:
    assert {"advance", "lapse"} == {move.move for move in moves}
    for move in moves:
        assert why(move), move
        if move.reason == "expiry" and move.move == "lapse":
            assert " < " in why(move) or " > " in why(move), why(move)


def test_stages_and_funnel_count_relationships(moves: list[Move]) -> None:
    watch = scene_of(moves).watch
    reached = list(watch.reached(BRAND).values())
    assert sum(watch.stages().values()) == reached[0] == len({move.person for move in moves})
    assert reached == sorted(reached, reverse=True)
    assert reached[-1] > 0
    assert set(watch.reached("another").values()) == {0}


@pytest.mark.parametrize(("width", "height"), [(80, 24), (100, 30), (120, 40), (200, 60)])
def test_the_picture_fits(moves: list[Move], width: int, height: int) -> None:
    for scene in (scene_of([]), scene_of(moves)):
        out = io.StringIO()
        console = Console(file=out, width=width, height=height, color_system=None)
        console.print(draw(scene, console))
        drawn = out.getvalue().splitlines()
        assert len(drawn) <= height
        assert max(map(len, drawn)) <= width
        assert "GENERATED" in out.getvalue()
        assert "\n" not in plain(scene)


def test_speed_is_that_of_the_last_seconds() -> None:
    speed = Speed()
    for second, total in enumerate((0, 100, 300, 900, 900, 900, 900)):
        speed.take(total, float(second))
    assert speed.now == 0
    assert speed.peak == 400
    assert sparks([0, 1, 2]) == "▁▅█"
