"""Who answers themself, and the brand that answers under its own name."""

from __future__ import annotations

from typing import Any

import pytest

from stream_app.adapters.accounts import Accounts

from .support import lines_of

ANNA = "did:plc:annaannaannaannaannaanna"
BRAND = "did:plc:teabrandteabrandteabrand"


def question(*comments: dict[str, Any]) -> dict[str, Any]:
    asked = {"question_id": 11, "creation_date": 1459908000, "owner": {"user_id": 3}}
    return {"items": [{**asked, "comments": list(comments)}]}


def comment(own: int, actor: int, **more: Any) -> dict[str, Any]:
    post = {"post_id": 11, "post_type": "question", "creation_date": 1459909000}
    return {"comment_id": own, "owner": {"user_id": actor}, **post, **more}


def post(rkey: str, **record: Any) -> dict[str, Any]:
    record["createdAt"] = "2026-03-02T11:00:00Z"
    told = {"operation": "create", "collection": "app.bsky.feed.post", "rkey": rkey}
    commit = {**told, "rev": "1", "record": record}
    return {"did": ANNA, "time_us": 1_772_449_200_000_000, "kind": "commit", "commit": commit}


def status(own: str, **more: Any) -> dict[str, Any]:
    account = {"id": "7"}
    made = {"id": own, "account": account, "content": "", "created_at": "2026-03-02T11:00:00Z"}
    return {"event": "status.created", "object": {**made, **more}}


def facebook(own: str, actor: str, **more: Any) -> dict[str, Any]:
    value = {"item": "comment", "verb": "add", "comment_id": own, "from": {"id": actor}, **more}
    change = {"field": "feed", "value": {"created_time": 1772449200, **value}}
    return {"object": "page", "entry": [{"id": "1", "time": 1772449200, "changes": [change]}]}


URI = f"at://{ANNA}/app.bsky.feed.post/1"
NAMES_BRAND = [{"features": [{"$type": "app.bsky.richtext.facet#mention", "did": BRAND}]}]


@pytest.mark.parametrize(
    ("platform", "deliveries", "expected"),
    [
        (
            "stackexchange",
            [question(comment(5, 3))],
            ["create inbound message question:11", "skip self"],
        ),
        (
            "stackexchange",
            [question(comment(5, 4, reply_to_user={"user_id": 4}))],
            ["create inbound message question:11", "skip self"],
        ),
        (
            "bluesky",
            [post("1", facets=NAMES_BRAND), post("2", reply={"parent": {"uri": URI}})],
            [f"create inbound mention {URI}", "skip self"],
        ),
        (
            "mastodon",
            [
                status("21", mentions=[{"id": "1"}]),
                status("22", in_reply_to_id="21", in_reply_to_account_id="7"),
            ],
            ["create inbound mention 21", "skip self"],
        ),
        (
            "facebook",
            [facebook("1_2", "9"), facebook("1_3", "1", parent_id="1_2")],
            ["create inbound reply 1_2", "create outbound reply 1_3"],
        ),
    ],
)
def test_nobody_answers_themself_for_the_brand(
    platform: str, deliveries: list[Any], expected: list[str]
) -> None:
    assert lines_of(platform, deliveries) == expected


def test_a_page_of_a_listed_brand_answers() -> None:
    ours = Accounts({"facebook": {"1": "tea"}}, derive=False)
    said = [facebook("1_2", "9"), facebook("1_3", "1", parent_id="1_2")]
    assert lines_of("facebook", said, ours)[1] == "create outbound reply 1_3"
