"""Changes of the policy with crashes, small turns and several workers: many cases, no Kafka."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import orjson
import pytest

from stream_app.contracts.policy import default_policy, parse_policy
from stream_app.domain.state import Relationship
from stream_app.edge import policies
from stream_app.edge.log import KIND
from stream_app.edge.offline import APPLICATION, TOPICS, Record
from stream_app.edge.reading import replay_line
from stream_app.replay import Replay
from tests.edge.offline import Offline
from tests.edge.test_policies import EASY, STRICT
from tests.oracle.histories import history

MINUTE_MS = 60_000
LATE = "[time]\nlateness_hours = 1\n[sentiment]\nnegative_below = -0.6\n" + EASY


def expected(bench: Offline, first: str = "") -> dict[bytes, list[bytes]]:
    """What a replay of the log gives."""
    core = Replay(parse_policy(first), APPLICATION)
    moves: list[bytes] = []
    for record in bench.log:
        line = replay_line(record, 1)
        if line is not None:
            answer = core.feed(line)
            moves += answer if isinstance(answer, list) else []
    moves += core.finish()
    found: dict[bytes, list[bytes]] = defaultdict(list)
    for move in moves:
        told = orjson.loads(move)
        found[f"{told['brand']}/{told['person']}".encode()].append(move)
    return found


def publish(bench: Offline, lines: list[bytes]) -> None:
    """As their publishers would, an hour each."""
    for line in lines:
        try:
            told = orjson.loads(line)
            key = f"{told['brand']}/{told['person']}".encode()
        except (orjson.JSONDecodeError, TypeError, KeyError):
            key = b"key"
        if b'"recorded_at"' not in line and len(line) < 100_000:
            bench.append(key, line)


def versions(bench: Offline) -> list[str]:
    return [
        orjson.loads(record.value or b"")["version"]
        for record in bench.log
        if (KIND, b"policy") in record.headers
    ]


def version(text: str) -> str:
    return parse_policy(text).version


@pytest.fixture
def small_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policies, "STATES_PER_TURN", 3)


@pytest.mark.slow
@pytest.mark.usefixtures("small_turns")
@pytest.mark.parametrize("seed", range(8))
def test_the_log_alone_decides(seed: int, tmp_path: Path) -> None:
    """Four workers one after the other, also back to an earlier policy; one crashes a lot."""
    lines = history(40 + seed, 2_000)
    quarter = len(lines) // 4
    bench = Offline(tmp_path / "store", seed)
    bench.now_ms = 2_000_000_000_000
    for number, text in enumerate(("", EASY, STRICT if seed % 2 else LATE, EASY)):
        bench.now_ms += MINUTE_MS
        bench.start(parse_policy(text), bench.now_ms)
        bench.now_ms += MINUTE_MS
        publish(bench, lines[number * quarter : number * quarter + 200])
        bench.step_tick()
        bench.commit()  # the policy stands between them
        publish(bench, lines[number * quarter + 200 : (number + 1) * quarter])
        bench.work_off(crashes=number % 2 == 1)
    moves = expected(bench)
    assert bench.moves() == {key: told for key, told in moves.items() if told}
    assert sum(b'"reason":"policy"' in move for told in moves.values() for move in told) > 1
    middle = STRICT if seed % 2 else LATE
    assert versions(bench) == [version(text) for text in (EASY, middle, EASY)]


def test_every_state_stands_under_the_newest_policy_after_the_walk(tmp_path: Path) -> None:
    bench = Offline(tmp_path / "store")
    bench.now_ms = 2_000_000_000_000
    bench.start(default_policy(), bench.now_ms)
    publish(bench, history(51, 1_000))
    bench.work_off()
    bench.start(parse_policy(STRICT), bench.now_ms + 1)
    bench.now_ms += 2
    bench.work_off()
    states = [state for _, state in bench.unit.scan() if isinstance(state, Relationship)]
    assert {state.rules_version for state in states} == {f"{version(STRICT)}.1"}
    assert len(states) > 10


def worker(bench: Offline, text: str, started_ms: int) -> None:
    bench.start(parse_policy(text), started_ms)
    bench.now_ms += MINUTE_MS
    bench.work_off()


def test_of_two_files_the_worker_that_started_last_is_right(tmp_path: Path) -> None:
    bench = Offline(tmp_path / "store")
    start = bench.now_ms = 2_000_000_000_000
    worker(bench, EASY, start)
    worker(bench, EASY, start + 1)  # restarted: nothing new
    assert versions(bench) == [version(EASY)]
    worker(bench, STRICT, bench.now_ms + 1)
    for _ in range(3):  # the partition goes to and fro between workers of both files
        worker(bench, EASY, start + 2)
        worker(bench, STRICT, start + 3 * MINUTE_MS)
    assert versions(bench) == [version(EASY), version(STRICT)]
    worker(bench, EASY, bench.now_ms + 1)  # restarted on purpose: the old file is wanted again
    assert versions(bench) == [version(EASY), version(STRICT), version(EASY)]


def test_it_is_appended_once_though_the_log_is_far_ahead(tmp_path: Path) -> None:
    """What is on its way is not appended again, be it that the worker crashes before it comes."""
    bench = Offline(tmp_path / "store")
    bench.now_ms = 2_000_000_000_000
    worker(bench, "", bench.now_ms)
    bench.start(parse_policy(EASY), bench.now_ms + 1)
    bench.now_ms += 2
    for _ in range(3):
        bench.step_tick()
        bench.commit()
        bench.crash()
    assert versions(bench) == [version(EASY)]
    bench.start(parse_policy(EASY), bench.now_ms + 1)
    bench.now_ms += 2
    bench.work_off(crashes=True)
    assert versions(bench) == [version(EASY)]


def test_a_policy_from_outside_is_one_like_ours(tmp_path: Path) -> None:
    """Nothing tells who wrote a record: who may write the log may change the policy, as ticks."""
    bench = Offline(tmp_path / "store")
    bench.now_ms = 2_000_000_000_000
    worker(bench, "", bench.now_ms)
    bench.append(
        b"", b'{"record": "policy", "policy": {"caps": {"per_day": 9}}}', ((KIND, b"policy"),)
    )
    worker(bench, "", bench.now_ms - 10 * MINUTE_MS)
    assert bench.outputs.get(TOPICS.rejects) is None
    taken = bench.unit.context.partition.policy
    assert taken.default.per_pane_cap == 9
    assert taken.version == version("[caps]\nper_day = 9\n")


def test_a_line_for_replay_names_its_partition() -> None:
    record = Record(TOPICS.log, 3, 0, 5, b"", b'{"record":"policy"}', ((KIND, b"policy"),))
    assert replay_line(record, 4) == b'{"record":"policy","partition":3,"recorded_at":5}'
    forged = record._replace(value=b"no JSON")
    assert replay_line(forged, 4) == b"no JSON"
