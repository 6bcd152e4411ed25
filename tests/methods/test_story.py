"""Why the project exists, as numbers worked by hand: three methods of a corner shop, in a spring.

    method     what it does                             cost             results  per result
    broadcast  30 people see two ads and click one      300.00           30 clicks     10.00
    giveaway   20 people follow, like and share to win  150.00           60 acts        2.50
    answering  the shop answers 10 people for 4 days    600 min at 30/h  50 acts        6.00
               who then buy for 40.00 each              = 300.00

Whoever counts results does another giveaway. But an act that was paid for gives no affinity, and a
click is one act on one day: of all these only those who were answered reach affinity (four replies
on four days: 16 points, on the fourth), and they are still there 120 days later.

    method     won attention  per one  won affinity  per one  survival  value   return
    broadcast  30             10.00    0             -        -         -       0.00
    giveaway   20              7.50    0             -        -         -       0.00
    answering  10             30.00    10            30.00    10 of 10  400.00  1.33
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from stream_app.__main__ import main
from stream_app.domain.clock import DAY_MS

DAY_0 = 20_500
UNTIL = DAY_0 + 125
DAY_11 = (DAY_0 + 11) * DAY_MS
POLICY = '[money]\nhourly_rate = "30"\n'

Fields = dict[str, Any]


def act(person: str, verb: str, day: float, **more: Any) -> Fields:
    at_ms = round((DAY_0 + day) * DAY_MS)
    name = f"{person}-{verb}-{day}-{more.get('direction', 'in')}"
    told = {"id": name, "brand": "corner-shop", "person": person, "platform": "web", "verb": verb}
    return {**told, "occurred_at": at_ms, **more}


def broadcast() -> Iterator[Fields]:
    for number in range(30):
        for hour, verb in ((1, "impression"), (2, "impression"), (3, "click")):
            yield act(f"passer-by-{number}", verb, hour / 24, method="broadcast")


def giveaway() -> Iterator[Fields]:
    for number in range(20):
        for hour, verb in ((4, "follow"), (5, "like"), (6, "share")):
            more = {"method": "giveaway", "incentivised": True}
            yield act(f"winner-{number}", verb, hour / 24, **more)


def answering() -> Iterator[Fields]:
    for number in range(10):
        person = f"guest-{number}"
        for day in range(4):
            yield act(person, "reply", day + 0.3, method="answering")
            yield act(person, "reply", day + 0.4, method="answering", direction="outbound")
        yield act(person, "purchase", 10, value={"amount": "40.00", "currency": "EUR"})
        yield act(person, "reply", 60)
        yield act(person, "reply", 90)


COSTS: list[Fields] = [
    {"id": "ads", "method": "broadcast", "amount": {"amount": "300.00", "currency": "EUR"}},
    {"id": "prizes", "method": "giveaway", "amount": {"amount": "150.00", "currency": "EUR"}},
    {"id": "hours", "method": "answering", "minutes": 600},
]


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of the story, and what `rapport replay` makes of them."""
    folder = tmp_path_factory.mktemp("story")
    acts = sorted([*broadcast(), *giveaway(), *answering()], key=lambda told: told["occurred_at"])
    write(folder / "events.jsonl", acts)
    at_ms = DAY_0 * DAY_MS
    write(
        folder / "costs.jsonl",
        [{**cost, "brand": "corner-shop", "occurred_at": at_ms} for cost in COSTS],
    )
    (folder / "policy.toml").write_text(POLICY)
    rapport(
        *("replay", str(folder / "events.jsonl"), "--policy", str(folder / "policy.toml")),
        *("--costs", str(folder / "costs.jsonl"), "--reports", str(folder / "reports.jsonl")),
        *("--until", str(UNTIL * DAY_MS)),
    )
    return folder


def write(path: Path, told: list[Fields]) -> None:
    path.write_text("".join(json.dumps(fields) + "\n" for fields in told))


def rapport(*arguments: str) -> str:
    result = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def standings(folder: Path, *options: str) -> dict[str, Fields]:
    told = rapport(
        "methods", "corner-shop", "--file", str(folder / "reports.jsonl"), "--json", *options
    )
    return {one["method"]: one for one in json.loads(told)["methods"]}


def test_counting_results_picks_the_giveaway(folder: Path) -> None:
    results = {
        "broadcast": sum(told["verb"] == "click" for told in broadcast()),
        "giveaway": sum(1 for _ in giveaway()),
        "answering": sum(
            "direction" not in told and told["occurred_at"] < DAY_11 for told in answering()
        ),
    }
    assert results == {"broadcast": 30, "giveaway": 60, "answering": 50}
    found = standings(folder)
    per_result = {name: float(found[name]["cost"]) / count for name, count in results.items()}
    assert per_result == {"broadcast": 10.0, "giveaway": 2.5, "answering": 6.0}
    assert min(per_result, key=per_result.__getitem__) == "giveaway"
    attention = standings(folder, "--stage", "attention")
    assert {name: one["won"] for name, one in attention.items()} == {
        "broadcast": 30.0,
        "giveaway": 20.0,
        "answering": 10.0,
    }
    assert attention["giveaway"]["cost_per_won"] == "7.50"
    assert attention["giveaway"]["ranks"]["cost_per_won"] == 1


def test_counting_relationships_picks_answering_people(folder: Path) -> None:
    found = standings(folder)
    assert next(iter(found)) == "answering"
    told = {
        name: (one["won"], one["cost_per_won"], one["value"], one["return"])
        for name, one in found.items()
    }
    assert told == {
        "answering": (10.0, "30.00", "400.00", pytest.approx(4 / 3)),
        "broadcast": (0.0, None, None, 0.0),
        "giveaway": (0.0, None, None, 0.0),
    }
    survival = found["answering"]["survival"]
    assert (survival["share"], survival["of"]) == (1.0, 10.0)
    assert round(survival["low"], 3) == 0.722  # Wilson: 10 / (10 + 1.96^2)
    assert found["answering"]["ranks"] == {
        "cost_per_won": 1,
        "quality": 1,
        "survival": 1,
        "return": 1,
    }


def test_quality_by_hand(folder: Path) -> None:
    """A paid follow: trust 1.3 / 2.3, sincerity 0.3, the rest unknown: (0.042391)^(1/4).

    Clicks say nothing of trust. The first reply of a guest alone gives (0.6 * 1 * 0.25)^(1/4).
    """
    found = standings(folder)
    assert found["giveaway"]["quality"] == pytest.approx(0.453753, abs=2e-6)
    assert found["broadcast"]["quality"] is None
    assert found["answering"]["quality"] > 0.6


def test_the_table_says_it_to_a_person(folder: Path) -> None:
    table = rapport("methods", "corner-shop", "--file", str(folder / "reports.jsonl"))
    rows = [line for line in table.splitlines() if line.startswith("│")]
    assert [row.split()[1] for row in rows] == ["answering", "broadcast", "giveaway"]
    assert "30.00 #1" in rows[0]
    assert "100% (72% to 100%) #1" in rows[0]
    assert "too few to say" in rows[1]
    assert "Wilson" in table


@pytest.mark.parametrize("model", ["first", "linear", "markov", "shapley"])
def test_every_model_agrees_where_no_two_methods_met(folder: Path, model: str) -> None:
    told = rapport(
        *("methods", "corner-shop", "--model", model, "--log", str(folder / "events.jsonl")),
        *(
            "--costs",
            str(folder / "costs.jsonl"),
            "--policy",
            str(folder / "policy.toml"),
            "--json",
        ),
    )
    found = {one["method"]: one for one in json.loads(told)["methods"]}
    assert found["answering"]["won"] == 10.0
    assert found["answering"]["cost_per_won"] == "30.00"
    assert found["giveaway"]["won"] == 0.0


def test_what_a_relationship_cost(folder: Path) -> None:
    """On day 90 only what came from day 1 on is of the last 90 days; no cost of day 0 is.

    Until day 10 all of it is: 8 of 80 touches, a tenth of the 300.00.
    """
    early = folder / "until-day-11.jsonl"
    told = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    write(early, [fields for fields in told if fields["occurred_at"] < DAY_11])
    options = ("--costs", str(folder / "costs.jsonl"), "--policy", str(folder / "policy.toml"))
    ask = ("methods", "corner-shop", "--person", "guest-3", "--json", *options, "--log")
    [share] = json.loads(rapport(*ask, str(early)))
    assert share == {
        "method": "answering",
        "touches": 8,
        "of_touches": 80,
        "cost": "30.00",
        "currency": "EUR",
    }
    [share] = json.loads(rapport(*ask, str(folder / "events.jsonl")))
    assert (share["touches"], share["of_touches"], share["cost"]) == (6, 60, None)
