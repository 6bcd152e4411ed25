"""`rapport replay` over a file in which the policy changes, and with a team."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.test_replay import REPLIES, UP, act, moves, rapport, told

HARD = b'{"record": "policy", "policy": {"stages": {"affinity": {"hold": ["members >= 1"]}}}}\n'


def test_a_policy_line_decides_from_there_on() -> None:
    run = rapport("-", stdin=REPLIES + HARD + act(9))
    assert told(run)[:3] == UP
    last = moves(run)[3]
    assert (last["from"], last["to"], last["reason"]) == ("affinity", "attraction", "policy")
    assert last["at"] == "2026-06-01T00:00:00.000Z"
    assert last["policy"] != moves(run)[0]["policy"]
    assert b"1 changes of the policy" in run.stderr


def test_a_policy_line_that_is_none_is_refused(tmp_path: Path) -> None:
    refused = tmp_path / "refused.jsonl"
    bad = b'{"record": "policy", "policy": {"caps": {"per_day": "many"}}}\n'
    run = rapport("-", "--rejects", refused, stdin=REPLIES + bad)
    assert told(run) == UP
    [reject] = [json.loads(line) for line in refused.read_bytes().splitlines()]
    assert reject["reason"] == "wrong_shape"
    assert "caps.per_day" in reject["detail"]


def test_the_team_has_no_relationships(tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text('[team]\nacme = ["ann"]\n')
    run = rapport("-", "--policy", policy, stdin=REPLIES + act(1, person="bob"))
    assert {move["person"] for move in moves(run)} == {"bob"}
    assert b"4 acts of the team" in run.stderr
