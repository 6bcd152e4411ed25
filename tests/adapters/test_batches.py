"""Several things in one delivery: each is read, and one that is broken stops no other."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from stream_app.adapters.accounts import Accounts
from stream_app.adapters.base import Finding, Outcome, Refusal
from stream_app.adapters.registry import read

TEA, FAR = "https://tea.example/users/tea", "https://far.example/users"
GROUP = "https://far.example/c/tea-lovers"
OURS = Accounts({"activitypub": {TEA: "tea"}})


def like(who: str) -> dict[str, Any]:
    post = f"{TEA}/statuses/1"
    return {"type": "Like", "id": f"{FAR}/{who}#1", "actor": f"{FAR}/{who}", "object": post}


def say(platform: str, value: Any, accounts: Accounts = OURS) -> list[Outcome]:
    return read(platform, json.dumps(value).encode(), None, accounts)


LIKES = [like("anna"), like("carl")]
PASSED_ON = {"type": "Announce", "id": f"{GROUP}/1", "actor": GROUP}


@pytest.mark.parametrize(
    "batch",
    [
        LIKES,
        {"type": "OrderedCollection", "id": "c", "totalItems": 2, "orderedItems": LIKES},
        {"type": "CollectionPage", "id": "c", "items": LIKES},
        {**PASSED_ON, "object": LIKES},
        {"type": "Collection", "items": [{**PASSED_ON, "object": one} for one in LIKES]},
    ],
)
def test_activities_that_come_together(batch: Any) -> None:
    found = [
        (one.verb, one.actor, one.target) for one in say("activitypub", batch) if _is_found(one)
    ]
    assert found == [("like", f"{FAR}/{who}", TEA) for who in ("anna", "carl")]


@pytest.mark.parametrize("key", ["orderedItems", "object"])
def test_a_broken_activity_stops_no_other(key: str) -> None:
    kind = {"object": PASSED_ON, "orderedItems": {"type": "OrderedCollection"}}[key]
    outcomes = say("activitypub", {**kind, key: [7, {"id": "x"}, like("anna")]})
    assert [type(one) for one in outcomes] == [Refusal, Refusal, Finding]
    assert [one.path for one in outcomes if isinstance(one, Refusal)] == [
        f"$.{key}[0]",
        f"$.{key}[1].type",
    ]


def test_what_a_person_passes_on_is_a_share_of_the_first() -> None:
    posts = [f"{TEA}/statuses/1", f"{TEA}/statuses/2"]
    (one,) = say("activitypub", {**PASSED_ON, "object": posts})
    assert isinstance(one, Finding)
    assert (one.verb, one.object) == ("share", posts[0])


def test_a_page_of_reddit_with_answers_below_answers() -> None:
    def thing(kind: str, name: str, who: str, **more: Any) -> dict[str, Any]:
        known = {"name": f"{kind}_{name}", "author_fullname": f"t2_{who}", "subreddit_id": "t5_1"}
        return {"kind": kind, "data": {**known, "created_utc": 1_772_460_000.0, **more}}

    def listing(*things: Any) -> dict[str, Any]:
        return {"kind": "Listing", "data": {"children": list(things)}}

    answer = thing("t1", "b", "tea", body="yes", parent_id="t1_a", replies="")
    asked = thing("t1", "a", "anna", body="?", parent_id="t3_p", replies=listing(answer))
    last = thing("t1", "c", "carl", body="!", parent_id="t3_p", replies=listing({"kind": "more"}))
    page = [listing(thing("t3", "p", "carl", selftext="")), listing(asked, last)]
    outcomes = say("reddit", page)
    assert [one.id for one in outcomes if isinstance(one, Finding)] == [
        *("t3_p", "t1_a", "t1_b", "t1_c")
    ]
    (broken,) = (one for one in outcomes if isinstance(one, Refusal))
    assert broken.path == "$..replies.data.children[0].data"


def test_answers_on_reddit_may_nest_as_deep_as_json() -> None:
    deep: Any = ""
    for n in range(150):
        data = {"name": f"t1_{n}", "author": "a", "body": "x", "subreddit_id": "t5_1"}
        child = {"kind": "t1", "data": {**data, "replies": deep}}
        deep = {"kind": "Listing", "data": {"children": [child]}}
    assert len(say("reddit", deep)) == 150


def test_messages_of_segment_in_an_array() -> None:
    told = {"type": "page", "userId": "u", "timestamp": "2026-03-02T11:00:00Z"}
    batch = {"batch": [{**told, "messageId": "2"}, {**told, "messageId": "3"}]}
    outcomes = say("segment", [{**told, "messageId": "1"}, batch, None])
    assert [one.id for one in outcomes if isinstance(one, Finding)] == ["1", "2", "3"]
    assert isinstance(outcomes[-1], Refusal)
    assert outcomes[-1].path == "$[2]"


FORMER = {
    "event": "clicked",
    "recipient": "anna@far.example",
    "timestamp": "1772449700",
    "url": "https://tea.example/a",
    "Message-Id": "<1@tea.example>",
    "campaign-name": "spring",
    "client-type": "robot",
    "token": "t",
}


@pytest.mark.parametrize(
    "payload", [urlencode(FORMER).encode(), json.dumps(FORMER).encode()], ids=["form", "json"]
)
def test_the_first_webhooks_of_mailgun(payload: bytes) -> None:
    (one,) = read("email", payload)
    assert isinstance(one, Finding)
    assert (one.verb, one.actor, one.object) == ("click", "anna@far.example", FORMER["url"])
    assert (one.method, one.automated, one.at_us) == ("spring", True, 1_772_449_700_000_000)
    other = payload.replace(b"example%2Fa", b"example%2Fb").replace(b"example/a", b"example/b")
    (two,) = read("email", other)
    assert isinstance(two, Finding)
    assert one.id != two.id, "two links in one second are two acts"


@pytest.mark.parametrize("payload", [b"a=b", b"event", b"=", b"event=\xff", b"&" * 2_000 + b"="])
def test_a_form_that_says_nothing_is_refused(payload: bytes) -> None:
    (outcome,) = read("email", payload)
    assert isinstance(outcome, Refusal)


def _is_found(one: Outcome) -> bool:
    return isinstance(one, Finding)
