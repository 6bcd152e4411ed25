"""`rapport normalize` as a user calls it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from stream_app.__main__ import main

from .support import SAMPLES


def rapport(*args: str, stdin: bytes = b"") -> Result:
    return CliRunner().invoke(main, ["normalize", *args], input=stdin)


def lines(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_one_line_per_event_with_its_interaction() -> None:
    result = rapport("--platform", "twitter", str(SAMPLES / "twitter/messages.json"))
    assert result.exit_code == 0
    first, second = lines(result)
    assert list(first) == [
        "n",
        "verb",
        "op",
        "actor",
        "target",
        "object",
        "occurred_at",
        "time_source",
        "direction",
        "native",
        "interaction",
    ]
    assert (first["n"], second["n"]) == (0, 1)
    assert first["interaction"]["person"] == "twitter:1750000000000000017"
    assert second["interaction"]["direction"] == "outbound"


def test_a_removal_is_matched_with_earlier_files() -> None:
    names = ("follow.json", "unfollow.json")
    result = rapport("--platform", "bluesky", *(str(SAMPLES / "bluesky" / n) for n in names))
    act, undo = (line["interaction"] for line in lines(result))
    assert undo["undoes"] == act["id"]


def test_folders_aliases_and_standard_input() -> None:
    folder = rapport("--platform", "twitter_v1", str(SAMPLES / "twitter"))
    assert folder.exit_code == 0
    assert len(lines(folder)) > 20
    payload = (SAMPLES / "bluesky/post.json").read_bytes()
    piped = rapport("--platform", "bluesky", "-", stdin=payload)
    (line,) = lines(piped)
    assert (line["verb"], line["direction"], line["skipped"]) == ("post", "none", "none")
    assert "interaction" not in line


def test_a_verb_that_is_none_and_a_time_that_is_none() -> None:
    (line,) = lines(rapport("--platform", "bluesky", str(SAMPLES / "bluesky/identity.json")))
    assert (line["verb"], line["op"]) == ("(none)", "ignore")
    path = str(SAMPLES / "facebook/reaction_remove.json")
    (line,) = lines(rapport("--platform", "facebook", path))
    assert (line["occurred_at"], line["time_source"]) == (None, "receipt")


def test_refusals_have_their_own_exit_status_and_do_not_stop_the_rest(tmp_path: Path) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text("{", "utf-8")
    good = SAMPLES / "bluesky/like.json"
    result = rapport("--platform", "bluesky", str(bad), str(good))
    assert result.exit_code == 1
    refused, found = lines(result)
    assert refused["refused"] == "not_json"
    assert found["verb"] == "like"
    assert "bad.json: refused, not_json" in result.stderr


def test_accounts_of_a_policy(tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text(
        '[accounts]\nmode = "listed"\n[accounts.twitter]\n"9007199254740993" = "tea"\n'
    )
    path = str(SAMPLES / "twitter/follow.json")
    (line,) = lines(rapport("--platform", "twitter", "--policy", str(policy), path))
    assert line["interaction"]["brand"] == "tea"
    policy.write_text('[accounts]\nmode = "listed"\n')
    result = rapport("--platform", "twitter", "--policy", str(policy), path)
    assert result.exit_code == 1
    assert lines(result)[0]["refused"] == "unknown_account"


@pytest.mark.parametrize(
    "args",
    [
        ("--platform", "myspace", str(SAMPLES / "twitter/follow.json")),
        ("--platform", "twitter"),
        (str(SAMPLES / "twitter/follow.json"),),
        ("--platform", "twitter", "no-such-file.json"),
    ],
)
def test_wrong_use_is_exit_status_2(args: tuple[str, ...]) -> None:
    assert rapport(*args).exit_code == 2


def test_a_wrong_policy_is_exit_status_2_and_names_the_line(tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text('[accounts]\nmode = "sometimes"\n', "utf-8")
    path = str(SAMPLES / "twitter/follow.json")
    result = rapport("--platform", "twitter", "--policy", str(policy), path)
    assert result.exit_code == 2
    assert "line 2" in result.stderr


def test_help_has_an_example() -> None:
    assert "rapport normalize --platform" in rapport("--help").stdout
