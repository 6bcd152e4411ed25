"""Shapes of deliveries that platforms have come to send."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from stream_app.adapters import times
from stream_app.adapters.base import Refusal
from stream_app.adapters.registry import read

from .support import found, lines_of

AT = "2026-03-02T11:00:00Z"


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


# -- Meta

WHO = {"sender": {"id": "9"}, "recipient": {"id": "1"}}
SHOWN = "2018-05-24T10:10:24Z"


def page(platform: str, **entry: Any) -> dict[str, Any]:
    kind = "instagram" if platform == "instagram" else "page"
    return {"object": kind, "entry": [{"id": "1", "time": 1527156624, **entry}]}


@pytest.mark.parametrize(
    ("kind", "became"),
    [
        (1, "create inbound reply post:9"),
        (2, "skip moderate"),
        (3, "skip moderate"),
        (4, "skip ignore"),
        (None, "create inbound reply post:9"),
    ],
)
def test_posts_of_discourse_that_nobody_wrote_or_sees(kind: int | None, became: str) -> None:
    post = {"id": 9, "user_id": 7, "topic_id": 8, "post_number": 3, "created_at": AT}
    told = {"post": {**post, "post_type": kind, "action_code": "closed.enabled"}}
    headers = {"X-Discourse-Event": "post_created"}
    assert lines_of("discourse", [told], headers=headers) == [became]


@pytest.mark.parametrize(("user", "automated"), [(-1, True), (-2, True), (7, False)])
def test_what_the_system_of_discourse_writes_is_automated(user: int, automated: bool) -> None:
    post = {"id": 9, "user_id": user, "topic_id": 8, "post_number": 1, "created_at": AT}
    (one,) = found("discourse", {"post": post}, {"X-Discourse-Event": "post_created"})
    assert (one.verb, one.automated) == ("message", automated)


@pytest.mark.parametrize("platform", ["instagram", "messenger", "facebook"])
@pytest.mark.parametrize("timestamp", ["1527156624", 1527156624, "1527156624000", 1527156624000])
@pytest.mark.parametrize(
    ("field", "said", "verb"),
    [
        ("messages", {"message": {"mid": "m1", "text": "hello"}}, "message"),
        ("message_reactions", {"reaction": {"mid": "m1", "action": "react"}}, "like"),
        ("messaging_postbacks", {"postback": {"mid": "m1", "payload": "go"}}, "click"),
        ("messaging_seen", {"read": {"mid": "m1"}}, "view"),
    ],
)
def test_messaging_in_changes(
    platform: str, timestamp: Any, field: str, said: dict[str, Any], verb: str
) -> None:
    value = {**WHO, "timestamp": timestamp, **said}
    for entry in ({"changes": [{"field": field, "value": value}]}, {"messaging": [value]}):
        (one,) = found(platform, page(platform, **entry))
        assert (one.verb, one.actor, one.direction) == (verb, "9", "inbound")
        assert times.shown(one.at_us) == SHOWN


@pytest.mark.parametrize("platform", ["instagram", "messenger", "facebook"])
@pytest.mark.parametrize("at", [1527156624, 1527156624000])
def test_the_time_of_an_entry_in_either_unit(platform: str, at: int) -> None:
    entry = {"time": at, "changes": [{"field": "about", "value": {"x": 1}}]}
    (one,) = found(platform, page(platform, **entry))
    assert (one.op, times.shown(one.at_us)) == ("ignore", SHOWN)


@pytest.mark.parametrize(
    ("author", "direction"),
    [
        ({"id": "9"}, "inbound"),
        ({"id": "1"}, "self"),
        ({"id": "9", "self_ig_scoped_id": "9"}, "self"),
        (None, "inbound"),
    ],
)
@pytest.mark.parametrize("name", ["id", "comment_id"])
def test_comments_of_instagram_in_either_shape(author: Any, direction: str, name: str) -> None:
    told = {"field": "comments", "value": {name: "5", "from": author, "media": {"id": "3"}}}
    for entry in (told, {"changes": [told]}):
        (one,) = found("instagram", page("instagram", time=1527156624, **entry))
        assert (one.verb, one.object, one.direction) == ("reply", "5", direction)
        assert times.shown(one.at_us) == SHOWN


def test_a_button_that_the_account_pressed_itself() -> None:
    event = {**WHO, "timestamp": 1527156624000, "is_self": True, "postback": {"mid": "m1"}}
    assert lines_of("instagram", [page("instagram", messaging=[event])]) == ["skip self"]


@pytest.mark.parametrize(
    ("said", "sentiment"), [("Good response", 1.0), ("Bad response", -1.0), ("", None)]
)
def test_a_thumb_on_a_message_is_a_review(said: str, sentiment: float | None) -> None:
    thumb = {"response_feedback": {"feedback": said, "mid": "m1"}}
    event = {**WHO, "timestamp": 1527156624000, **thumb}
    (one,) = found("messenger", page("messenger", messaging=[event]))
    assert (one.verb, one.object, one.sentiment) == ("review", "m1", sentiment)


@pytest.mark.parametrize("platform", ["instagram", "messenger"])
@pytest.mark.parametrize("flag", ["is_echo", "is_self"])
def test_an_account_that_writes_to_itself(platform: str, flag: str) -> None:
    event = {"sender": {"id": "1"}, "recipient": {"id": "1"}, "timestamp": 1527156624000}
    event["message"] = {"mid": "m1", flag: True}
    assert lines_of(platform, [page(platform, messaging=[event])]) == ["skip self"]


@pytest.mark.parametrize("platform", ["instagram", "messenger", "facebook"])
@pytest.mark.parametrize(
    ("message", "verb"),
    [
        ({"attachments": [{"type": "image"}, {"type": "story_mention"}]}, "mention"),
        ({"attachments": [{"type": "share"}, None]}, "message"),
        ({"attachments": None}, "message"),
        ({"attachments": [{"type": "story_mention"}], "is_echo": True}, "message"),
    ],
)
def test_a_story_that_names_the_account_is_a_mention(
    platform: str, message: dict[str, Any], verb: str
) -> None:
    event = {**WHO, "timestamp": 1527156624000, "message": {"mid": "m1", **message}}
    (one,) = found(platform, page(platform, messaging=[event]))
    assert (one.verb, one.id) == (verb, "m1")


@pytest.mark.parametrize(
    ("reaction", "sentiment"),
    [
        ({"reaction": "sad", "emoji": "\U0001f622"}, -1.0),
        ({"reaction": "other", "emoji": "\U0001f44e\U0001f3fd"}, -1.0),
        ({"emoji": "\U0001f621"}, -1.0),
        ({"reaction": "other", "emoji": "\U0001f525"}, None),
        ({"reaction": "love"}, None),
    ],
)
def test_a_reaction_to_a_message_that_is_anger(
    reaction: dict[str, str], sentiment: float | None
) -> None:
    said: dict[str, Any] = {"reaction": {"mid": "m1", "action": "react", **reaction}}
    event = {**WHO, "timestamp": 1527156624000, **said}
    (one,) = found("messenger", page("messenger", messaging=[event]))
    assert (one.verb, one.sentiment) == ("like", sentiment)


@pytest.mark.parametrize(
    ("change", "op"),
    [
        ({"field": "connected", "verb": "revoked"}, "revoke"),
        ({"field": "connected", "value": {"verb": "revoked"}}, "revoke"),
        ({"field": "connected", "value": {"verb": "revoke", "target_ids": ["1"]}}, "revoke"),
        ({"field": "connected", "verb": "granted"}, "ignore"),
        ({"field": "email", "value": {"verb": "revoke"}}, "ignore"),
        ({"field": "email", "value": "a@b.example"}, "ignore"),
    ],
)
def test_who_disconnects_the_app_revokes(change: dict[str, Any], op: str) -> None:
    entry = {"id": "9", "uid": "9", "time": 1527156624, "changes": [change]}
    (one,) = found("facebook", {"object": "permissions", "entry": [entry]})
    assert (one.op, one.actor) == (op, "9")


def test_a_comment_on_an_answer_is_to_the_answer() -> None:
    comment = {"comment_id": 7, "post_id": 5, "creation_date": 1772449200, "owner": {"user_id": 9}}
    answer = {"answer_id": 5, "question_id": 1, "creation_date": 1772449100}
    answer |= {"owner": {"user_id": 2}, "comments": [comment]}
    asked = {"question_id": 1, "creation_date": 1772449000, "owner": {"user_id": 3}}
    *_, last = found("stackexchange", {**asked, "answers": [answer]})
    assert (last.target, last.in_reply_to) == ("2", "answer:5")
    *_, last = found("stackexchange", {**asked, "comments": [{**comment, "post_id": 1}]})
    assert (last.target, last.in_reply_to) == ("3", "question:1")


def test_a_page_of_comments_of_wordpress() -> None:
    link = "https://tea.example/p/#comment-"
    said = {"post": 3, "author": 7, "status": "approved", "date_gmt": "2026-03-02T11:00:00"}
    page_of = [{**said, "id": n, "link": f"{link}{n}", "type": "comment"} for n in (5, 6)]
    assert lines_of("wordpress", [[page_of[0], None, page_of[1]]]) == [
        "create inbound reply 3#comment-5",
        "refused wrong_shape",
        "create inbound reply 3#comment-6",
    ]


@pytest.mark.parametrize("bot", [True, False])
@pytest.mark.parametrize("kind", ["favourite", "reblog", "follow"])
def test_what_a_bot_of_mastodon_does_is_automated(kind: str, bot: bool) -> None:
    status = {"id": "3", "account": {"id": "1"}, "created_at": AT, "mentions": []}
    told = {"id": "5", "type": kind, "created_at": AT, "account": {"id": "9", "bot": bot}}
    (one,) = found("mastodon", {**told, "status": status})
    assert (one.actor, one.automated) == ("9", bot)


@pytest.mark.parametrize(
    ("more", "became"),
    [
        ({"removed_by_category": "deleted"}, "undo inbound message t3_a undoes t3_a"),
        ({"removed_by_category": "deleted", "selftext": "[removed]"}, "undo inbound message"),
        ({"removed_by_category": "moderator", "selftext": "[removed]"}, "skip moderate"),
        ({"removed_by_category": None}, "create inbound message t3_a"),
    ],
)
def test_links_of_reddit_that_their_author_deleted(more: dict[str, Any], became: str) -> None:
    data = {"name": "t3_a", "author_fullname": "t2_x", "subreddit_id": "t5_tea", "selftext": ""}
    (line,) = lines_of("reddit", [{"kind": "t3", "data": {**data, **more, "created_utc": 1.7e9}}])
    assert line.startswith(became)


@pytest.mark.parametrize(
    "said", [{"type": "username_mention"}, {"type": None, "subject": "username mention"}]
)
def test_reddit_says_in_either_field_that_a_name_was_mentioned(said: dict[str, Any]) -> None:
    data = {"name": "t1_a", "author": "x", "dest": "tea", "body": "hello", "was_comment": True}
    (one,) = found("reddit", {"kind": "t1", "data": {**data, **said, "created_utc": 1.7e9}})
    assert (one.native, one.verb, one.account) == ("inbox:username_mention", "mention", "tea")


def test_what_friendfeed_left_out_or_deleted() -> None:
    said = [{"id": "e/1/c/2", "date": AT, "from": {"id": "c"}}, {"num": 5, "placeholder": True}]
    likes = [{"num": 3, "placeholder": True}, {"date": AT, "from": {"id": "b"}}]
    entry = {"id": "e/1", "date": AT, "from": {"id": "a"}, "comments": said, "likes": likes}
    gone = {**entry, "comments": [{**said[0], "deleted": True}]}
    gone["likes"] = [{**likes[1], "deleted": True}]
    lines = lines_of("friendfeed", [{"entries": [entry]}, {"entries": [gone]}])
    assert [line for line in lines if not line.startswith("skip")] == [
        "create inbound reply e/1/c/2",
        "create inbound like like:e/1:b:1772449200",
        "undo inbound reply e/1/c/2 undoes e/1/c/2",
        "undo inbound like like:e/1:b:1772449200 undoes like:e/1:b:1772449200",
    ]


def test_a_delivery_in_a_form() -> None:
    told: dict[str, Any] = {"action": "created", "starred_at": AT, "sender": {"id": 9}}
    told["repository"] = {"id": 4, "name": "a+b & \u00fc", "owner": {"id": 1}}
    body = urlencode({"payload": json.dumps(told, ensure_ascii=False), "x": "1"}).encode()
    headers = {"X-GitHub-Event": "star"}
    plain = json.dumps(told).encode()
    assert read("github", body, headers) == read("github", plain, headers)
    assert isinstance(read("github", b"payload=%7B", headers)[0], Refusal)


@pytest.mark.parametrize(
    ("kind", "sentiment"), [("like", None), ("love", None), ("angry", -1.0), ("SAD", -1.0)]
)
def test_anger_is_not_affinity(kind: str, sentiment: float | None) -> None:
    value = {"item": "reaction", "verb": "add", "reaction_type": kind, "post_id": "1_2"}
    value |= {"from": {"id": "9"}, "created_time": 1527156624}
    (one,) = found("facebook", page("facebook", changes=[{"field": "feed", "value": value}]))
    assert (one.verb, one.sentiment) == ("like", sentiment)


@pytest.mark.parametrize(
    ("kind", "score", "sentiment"),
    [
        ("csat", "5", 1.0),
        ("CSAT", "1", -1.0),
        ("csat", 4, 0.5),
        ("nps", "10", 1.0),
        ("ces", "4", 0.0),
        ("csat", "9", None),
        ("free_form", "5", None),
    ],
)
def test_scores_of_a_feedback_form(kind: str, score: Any, sentiment: float | None) -> None:
    questions = {"said": {"type": "free_form", "payload": "tea"}}
    questions["asked"] = {"type": kind, "payload": score}
    form = {"feedback_screens": [{"screen_id": 0, "questions": questions}]}
    event = {**WHO, "timestamp": 1527156624000, "messaging_feedback": form}
    (one,) = found("messenger", page("messenger", messaging=[event]))
    assert (one.verb, one.actor, one.sentiment) == ("review", "9", sentiment)


@pytest.mark.parametrize(
    ("told", "method"),
    [
        ({"marketing_campaign_name": "spring"}, "spring"),
        ({"singlesend_name": "spring", "category": ["tea"]}, "spring"),
        ({"mc_auto_name": "welcome"}, "welcome"),
        ({"category": ["tea", "cups"]}, "tea"),
        ({"category": "tea"}, "tea"),
        ({}, ""),
    ],
)
def test_campaigns_of_sendgrid(told: dict[str, Any], method: str) -> None:
    event = {"event": "open", "email": "anna@far.example", "timestamp": 1_772_449_200}
    assert [one.method for one in found("email", [{**event, "sg_event_id": "1", **told}])] == [
        method
    ]
