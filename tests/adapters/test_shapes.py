"""Shapes of deliveries that platforms have come to send."""

from __future__ import annotations

from typing import Any

import pytest

from stream_app.adapters.base import Finding

from .support import lines_of, outcomes_of

AT = "2026-03-02T11:00:00Z"


def found(platform: str, value: Any, headers: dict[str, str] | None = None) -> list[Finding]:
    """The findings of one delivery, of which nothing is refused."""
    outcomes = [outcome for outcome, _ in outcomes_of(platform, [value], headers=headers)]
    findings = [outcome for outcome in outcomes if isinstance(outcome, Finding)]
    assert findings == outcomes
    return findings


@pytest.mark.parametrize(
    ("said", "method"),
    [
        ({"campaigns": []}, ""),
        ({"campaigns": [{"id": "spring", "name": "Spring"}]}, "Spring"),
        ({"campaigns": ["spring"]}, "spring"),
        ({"campaigns": {"name": "Spring"}}, "Spring"),
        ({"campaigns": [{"name": "Spring"}], "tags": ["tea"]}, "tea"),
        ({}, ""),
    ],
)
def test_campaigns_of_mailgun(said: dict[str, Any], method: str) -> None:
    event = {"event": "opened", "id": "1", "recipient": "a@b.example", "timestamp": 1772449200.5}
    (one,) = found("email", {"event-data": {**event, **said}})
    assert (one.verb, one.method) == ("view", method)


@pytest.mark.parametrize(
    "vote",
    [
        {"topic_voting": {"topic_id": 5, "topic_slug": "x", "voter_id": 12, "vote_count": 3}},
        {"topic_vote": {"topic_id": 5, "user_id": 12}},
        {"topic_upvote": {"topic": {"id": 5}, "user": {"id": 12}}},
    ],
)
@pytest.mark.parametrize(("name", "op"), [("topic_upvote", "create"), ("topic_unvote", "undo")])
def test_votes_of_discourse(vote: dict[str, Any], name: str, op: str) -> None:
    headers = {"X-Discourse-Event": name, "X-Discourse-Event-Id": "77"}
    if name == "topic_unvote":
        vote = {key.replace("topic_upvote", name): value for key, value in vote.items()}
    assert lines_of("discourse", [vote], headers=headers) == [f"{op} inbound vote vote:12:5:77"]
    assert found("discourse", vote, headers)[0].object == "5"
