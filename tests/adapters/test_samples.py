"""Our own samples against the table of what they are and what becomes of them."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from stream_app.adapters import coverage
from stream_app.adapters.accounts import NO_ACCOUNTS
from stream_app.adapters.base import DIRECTIONS, OPS
from stream_app.adapters.interactions import interaction
from stream_app.adapters.registry import PLATFORMS, events
from stream_app.adapters.seen import Seen
from stream_app.cli.normalize import row as shown
from stream_app.contracts.policy import default_policy
from stream_app.contracts.reading import read_interaction
from stream_app.domain.events import Interaction
from stream_app.domain.verbs import INBOUND_VERBS, OUTBOUND_VERBS

from .support import RECEIVED_MS, SAMPLES, becomes, findings, made_of, samples, table

EXPECTED = table(SAMPLES / "expected.tsv")


@pytest.mark.parametrize("platform", PLATFORMS)
def test_samples_are_what_the_table_says(platform: str) -> None:
    seen, got = Seen(), []
    for path in samples(platform):
        for n, finding in enumerate(findings(path)):
            made = interaction(finding, platform, NO_ACCOUNTS, RECEIVED_MS + n, seen)
            line = {"path": f"{platform}/{path.name}", **shown(n, finding)}
            line["becomes"] = becomes(made)
            got.append({name: str(line[name] or "") for name in EXPECTED[0] if name != "n"})
    expected = [
        {name: value for name, value in row.items() if name != "n"}
        for row in EXPECTED
        if row["path"].startswith(f"{platform}/")
    ]
    assert got == expected


def test_every_sample_is_in_the_table() -> None:
    there = {
        f"{path.parent.name}/{path.name}"
        for path in SAMPLES.rglob("*")
        if path.suffix in (".json", ".xml") and path.parent != SAMPLES
    }
    assert there == {row["path"] for row in EXPECTED}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_what_is_found_is_in_the_coverage_of_the_adapter(platform: str) -> None:
    known = {(event.native, event.verb, event.op) for event in events(platform)}
    for path in samples(platform):
        for finding in findings(path):
            assert (finding.native, finding.verb, finding.op) in known


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_coverage_uses_the_words_of_the_domain(platform: str) -> None:
    natives = [event.native for event in events(platform)]
    assert len(natives) == len(set(natives))
    for event in events(platform):
        assert event.op in OPS
        assert event.verb in {"", *INBOUND_VERBS, *OUTBOUND_VERBS}
    for row in EXPECTED:
        assert row["direction"] in DIRECTIONS


@pytest.mark.parametrize("platform", PLATFORMS)
def test_interactions_are_valid_interaction_v1(platform: str) -> None:
    made = list(made_of(samples(platform)))
    assert made
    for one in made:
        read = read_interaction(msgspec.json.encode(one), RECEIVED_MS, default_policy())
        assert isinstance(read, Interaction), read


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_delivery_sent_again_gives_the_same_acts(platform: str) -> None:
    for path in samples(platform):
        once = list(made_of([path]))
        assert list(made_of([path, path])) == once + once


TOLD_AGAIN = {
    # the same act under another event, or in an entry that is sent whole again
    "discourse": ["topic:33"],
    "friendfeed": ["e/1/c/1", "like:e/1:carl:1772449320"],
    "stripe": ["pi_1", "pi_1"],
}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_acts_share_an_identity_only_where_they_are_one_act(platform: str) -> None:
    first: dict[tuple[str, ...], tuple[str, str]] = {}
    again = []
    for made in made_of(samples(platform)):
        identity = (made["brand"], made["person"], made["id"], made["op"])
        act = (made["verb"], made["direction"])
        if identity in first:
            assert first[identity] == act
            again.append(made["id"])
        first.setdefault(identity, act)
    assert again == TOLD_AGAIN.get(platform, [])


def test_the_page_of_platforms_is_generated() -> None:
    page = Path(__file__).parents[2] / "docs" / "platforms.md"
    assert page.read_text("utf-8") == coverage.page(), (
        "run: python -m stream_app.adapters.coverage > docs/platforms.md"
    )
