"""What older versions, akin servers and other tools of a platform write for the same acts."""

from __future__ import annotations

from typing import Any

import pytest

from stream_app.adapters.accounts import NO_ACCOUNTS, Accounts
from stream_app.adapters.base import Finding
from stream_app.adapters.interactions import interaction
from stream_app.adapters.seen import Seen
from stream_app.adapters.wordpress import exported

from .support import RECEIVED_MS, found, lines_of, outcomes_of

AT = "2026-03-02T11:00:00.000Z"
TEA, FAR = "https://tea.example/users/tea", "https://far.example/users/anna"
FOLLOW = {"id": f"{FAR}#1", "actor": FAR, "object": TEA}


@pytest.mark.parametrize(
    "kind",
    ["as:Follow", "https://www.w3.org/ns/activitystreams#Follow", ["x:Fan", "Follow"], ["Follow"]],
)
def test_activitypub_names_of_types(kind: Any) -> None:
    (one,) = found("activitypub", {**FOLLOW, "type": kind})
    assert (one.native, one.verb, one.target) == ("Follow", "follow", TEA)
    note = {"id": f"{FAR}/1", "type": ["Note", "x:Poem"], "content": "x", "inReplyTo": f"{TEA}/1"}
    said = {"type": ["Create"], "id": f"{FAR}/1#c", "actor": FAR, "object": note}
    assert [one.verb for one in found("activitypub", said)] == ["reply"]


def test_activitypub_what_is_no_type_is_refused() -> None:
    for kind in (None, [], ["x:Fan"], [7]):
        assert lines_of("activitypub", [{**FOLLOW, "type": kind}]) == ["refused wrong_shape"]


@pytest.mark.parametrize(
    ("thing", "target", "object_"),
    [
        (f"{TEA}/events/1", TEA, f"{TEA}/events/1"),
        ({"type": "Event", "id": "https://e.example/1", "attributedTo": TEA}, TEA, "1"),
        ("https://e.example/events/1", "https://e.example/events/1", ""),
        ({"type": "Group", "id": "https://e.example/g", "attributedTo": TEA}, "/g", ""),
        (TEA, TEA, ""),
    ],
)
@pytest.mark.parametrize("kind", ["Join", "Leave", "Undo"])
def test_activitypub_an_event_that_is_joined_is_its_owners(
    kind: str, thing: Any, target: str, object_: str
) -> None:
    act = {"type": "Join" if kind == "Undo" else kind, "id": "j", "actor": FAR, "object": thing}
    told = {"type": "Undo", "id": "u", "actor": FAR, "object": act} if kind == "Undo" else act
    ((one, _),) = outcomes_of("activitypub", [told], Accounts({"activitypub": {TEA: "tea"}}))
    assert isinstance(one, Finding)
    assert one.target.endswith(target)
    assert one.object.endswith(object_)
    assert bool(one.object) == bool(object_)


def test_activitypub_how_many_have_looked_names_nobody() -> None:
    counter = {"type": "InteractionCounter", "userInteractionCount": 5}
    look = {"type": "View", "id": "v", "actor": FAR, "object": f"{TEA}/1"}
    assert lines_of("activitypub", [{**look, "result": counter}]) == ["skip aggregate"]
    (one,) = found("activitypub", look)
    assert (one.verb, one.op) == ("view", "create")


def test_activitypub_a_slash_more_is_the_same_account() -> None:
    (one,) = found("activitypub", {"type": "Delete", "actor": FAR, "object": f"{FAR}/"})
    assert (one.op, one.actor) == ("erase", FAR)


@pytest.mark.parametrize(
    ("kind", "emoji", "sentiment"),
    [
        ("pleroma:emoji_reaction", {"emoji": "\u2615"}, None),
        ("emoji_reaction", {"emoji_reaction": {"name": "\U0001f621"}}, -1.0),
        ("reaction", {}, None),
    ],
)
def test_mastodon_emojis_of_akin_servers(
    kind: str, emoji: dict[str, Any], sentiment: float | None
) -> None:
    told = {"id": "9", "type": kind, "created_at": AT, "account": {"id": "5"}, **emoji}
    (one,) = found("mastodon", {**told, "status": {"id": "7", "account": {"id": "1"}}})
    assert (one.native, one.verb, one.actor) == ("notification:reaction", "like", "5")
    assert (one.target, one.object, one.sentiment) == ("1", "7", sentiment)


def test_mastodon_a_chat_of_pleroma_is_a_message() -> None:
    told = {"id": "9", "type": "pleroma:chat_mention", "created_at": AT, "account": {"id": "5"}}
    message = {"id": "3", "chat_id": "2", "account_id": "5", "content": "x", "created_at": AT}
    assert lines_of("mastodon", [{**told, "chat_message": message}]) == [
        "create inbound message chat:3"
    ]


@pytest.mark.parametrize("wrap", ["quote", "quoted_status", "pleroma"])
def test_mastodon_whatever_holds_the_quoted_status(wrap: str) -> None:
    quoted = {"id": "7", "account": {"id": "1"}}
    status: dict[str, Any] = {"id": "8", "account": {"id": "5"}, "content": "", "created_at": AT}
    status |= {
        "quote": {"quote": quoted},
        "quoted_status": {"quote": {"state": "accepted", "quoted_status": quoted}},
        "pleroma": {"pleroma": {"quote": quoted}},
    }[wrap]
    (one,) = found("mastodon", status)
    assert (one.verb, one.target, one.object) == ("quote", "1", "7")


def test_x_a_like_of_ones_own_post_is_nobodys() -> None:
    asked = {"user_id": "1", "direction": "outbound"}
    liked = {"id": "a", "liked_tweet_id": "9", "liked_tweet_author_id": "1"}
    told = {"event_uuid": "u", "event_type": "like.create", "filter": asked, "payload": liked}
    assert lines_of("x", [{"data": told}]) == ["skip self"]


def test_x_the_direction_may_be_a_qualifier() -> None:
    asked = {"user_id": "1", "qualifiers": {"direction": "inbound"}}
    liked = {"id": "a", "liked_tweet_id": "9", "liked_tweet_author_id": "3"}
    told = {"event_uuid": "u", "event_type": "like.create", "filter": asked, "payload": liked}
    (one,) = found("x", {"data": told})
    assert (one.actor, one.direction) == ("", "inbound")


@pytest.mark.parametrize("between", [":", "-"])
def test_x_a_chat_is_named_after_both(between: str) -> None:
    said = {"id": "a", "sender_id": "1", "conversation_id": f"2{between}1"}
    told = {"event_type": "chat.sent", "filter": {"user_id": "1"}, "payload": said}
    assert [one.target for one in found("x", {"data": told})] == ["2"]


def test_facebook_a_time_in_words() -> None:
    value = {"item": "comment", "verb": "add", "comment_id": "1_2", "from": {"id": "5"}}
    change = {"field": "feed", "value": {**value, "created_time": "2026-03-02T12:00:00+0100"}}
    told = {"object": "page", "entry": [{"id": "9", "time": 1, "changes": [change]}]}
    assert [one.at_us for one in found("facebook", told)] == [1_772_449_200_000_000]


@pytest.mark.parametrize("item", ["mention", "tag"])
def test_facebook_who_names_the_page_in_a_feed(item: str) -> None:
    value = {"item": item, "verb": "add", "post_id": "5_1", "from": {"id": "5"}}
    change = {"field": "feed", "value": {**value, "created_time": 1_772_449_200}}
    told = {"object": "page", "entry": [{"id": "9", "time": 1, "changes": [change]}]}
    assert [(one.native, one.verb) for one in found("facebook", told)] == [
        ("mention:add", "mention")
    ]


@pytest.mark.parametrize("user", [None, {"id": 5}])
def test_github_a_deleted_comment_of_a_deleted_user_is_not_the_moderators(user: Any) -> None:
    issue = {"id": 2, "user": {"id": 5}}
    told = {"action": "deleted", "comment": {"id": 1, "user": user}, "issue": issue}
    told |= {"sender": {"id": 9}, "repository": {"id": 3, "owner": {"id": 7}}}
    (one,) = found("github", told, {"X-GitHub-Event": "issue_comment"})
    assert (one.actor, one.target) == ("5" if user else "", "7")


def test_discourse_who_is_made_anonymous_is_forgotten() -> None:
    (one,) = found("discourse", {"user": {"id": 5}}, {"X-Discourse-Event": "user_anonymized"})
    assert (one.op, one.actor) == ("erase", "5")


@pytest.mark.parametrize(
    ("said", "account"),
    [
        ({"dest": "#tea", "subreddit": "tea"}, "tea"),
        ({"dest": "#tea"}, "#tea"),
        ({"dest": "tea_brand", "subreddit": "tea"}, "tea_brand"),
    ],
)
def test_reddit_a_message_to_all_moderators(said: dict[str, str], account: str) -> None:
    told = {"name": "t4_1", "author": "anna", "created_utc": 1_772_449_200.0, **said}
    assert [one.account for one in found("reddit", {"kind": "t4", "data": told})] == [account]


@pytest.mark.parametrize(
    ("event", "verb", "native"),
    [
        ("Completed Order", "purchase", "track(order completed)"),
        ("order_completed", "purchase", "track(order completed)"),
        ("Viewed Product", "view", "track(product viewed)"),
        ("Viewed Product Category", "view", "track(product list viewed)"),
        ("push-notification-received", "", "track(delivery)"),
        ("Live Chat Message Received", "", "track(delivery)"),
        ("Live Chat Message Sent", "message", "track(live chat message sent)"),
        ("Push Notification Tapped", "click", "track(push notification tapped)"),
        ("Order  Placed", "track", "track"),
    ],
)
def test_segment_names_of_events(event: str, verb: str, native: str) -> None:
    told = {"type": "track", "event": event, "messageId": "1", "userId": "u", "timestamp": AT}
    (one,) = found("segment", {**told, "properties": {"orderId": "5", "total": 9}})
    assert (one.verb, one.native) == (verb, native)
    assert one.id == {"purchase": "order:5", "": ""}.get(verb, "1")


@pytest.mark.parametrize(
    ("topic", "status", "line"),
    [
        ("create", "active", "create inbound subscribe contract:5"),
        ("update", "ACTIVE", "skip update"),
        ("update", "CANCELLED", "undo inbound subscribe contract:5 undoes contract:5"),
        ("cancel", "cancelled", "undo inbound subscribe contract:5 undoes contract:5"),
        ("expire", "expired", "undo inbound subscribe contract:5 undoes contract:5"),
    ],
)
def test_shopify_subscriptions(topic: str, status: str, line: str) -> None:
    headers = {"X-Shopify-Topic": f"subscription_contracts/{topic}"}
    told = {"id": 5, "customer_id": 73, "status": status, "currency_code": "USD"}
    assert lines_of("shopify", [told], headers=headers) == [line]


def test_shopify_a_dispute_is_of_whom_the_order_was() -> None:
    order = {"id": 8, "customer": {"id": 73}, "financial_status": "paid", "processed_at": AT}
    dispute = {"id": 5, "order_id": 8, "type": "chargeback", "initiated_at": AT}
    headers = {"X-Shopify-Topic": "disputes/create"}
    assert lines_of("shopify", [dispute], headers=headers) == ["skip no_person"]
    seen = Seen()
    (paid,) = found("shopify", order)
    (disputed,) = found("shopify", dispute, headers)
    interaction(paid, "shopify", NO_ACCOUNTS, RECEIVED_MS, seen)
    made = interaction(disputed, "shopify", NO_ACCOUNTS, RECEIVED_MS, seen)
    assert isinstance(made, dict)
    assert (made["person"], made["verb"]) == ("shopify:73", "complain")


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ({"post_type": "answer"}, ("reply", "answer:4", "")),
        ({"post_type": "question"}, ("message", "question:4", "")),
        ({"comment_id": 9, "post_type": "answer"}, ("reply", "comment:9", "answer:4")),
        ({"post_type": "answer", "revision_guid": "r"}, ("", "", "")),
        ({"timeline_type": "accepted_answer", "question_id": 4}, ("", "", "")),
        ({"item_type": "new_answer", "answer_id": 4}, ("", "", "")),
    ],
)
def test_stackexchange_other_lists(item: dict[str, Any], expected: tuple[str, str, str]) -> None:
    told = {"post_id": 4, "owner": {"user_id": 3}, "creation_date": 1_772_449_200, **item}
    for value in ({"items": [told]}, told):
        (one,) = found("stackexchange", value)
        assert (one.verb, one.id, one.in_reply_to) == expected


@pytest.mark.parametrize(("stars", "sentiment"), [("5", 1.0), ("2", -0.5), ("", None), ("9", None)])
def test_wordpress_reviews_of_products(stars: str, sentiment: float | None) -> None:
    told = {"comment_id": "1", "comment_type": "review", "comment_approved": "1"}
    told |= {"comment_author_email": "anna@far.example", "link": "https://tea.example/p/"}
    one = exported({**told, "comment_rating": stars})
    assert isinstance(one, Finding)
    assert (one.verb, one.actor, one.sentiment) == ("review", "anna@far.example", sentiment)


@pytest.mark.parametrize("made", ["urn:li:comment:(urn:li:activity:7,8)", "urn:li:share:9"])
def test_linkedin_an_act_that_also_mentions_is_one(made: str) -> None:
    kind = "COMMENT" if "comment" in made else "SHARE"
    known = {"organizationalEntity": "urn:li:organization:1", "generatedActivity": made}
    notes = [
        {**known, "action": action, "notificationId": n, "lastModifiedAt": 1_772_449_200_000}
        for n, action in enumerate((kind, f"{kind}_MENTION"))
    ]
    told = {"type": "ORGANIZATION_SOCIAL_ACTION_NOTIFICATIONS", "notifications": notes}
    one, two = found("linkedin", told)
    assert (one.id, two.verb) == (two.id, "mention")


@pytest.mark.parametrize(("group", "op"), [(11, "ignore"), (3, "ignore"), (41, "create")])
def test_discourse_nobody_joins_what_the_forum_keeps_by_itself(group: int, op: str) -> None:
    told = {"group_user": {"id": 1, "group_id": group, "user_id": 17}}
    headers = {"X-Discourse-Event": "user_added_to_group"}
    assert [one.op for one in found("discourse", told, headers)] == [op]


@pytest.mark.parametrize(("label", "automated"), [("Automated", True), ("X", False), (None, False)])
@pytest.mark.parametrize("wrapped", [True, False])
def test_x_an_account_that_says_a_machine_posts(
    label: str | None, automated: bool, wrapped: bool
) -> None:
    user = {"id": "5", "affiliation": {"description": label}}
    includes = {"users": [7, {"id": "1"}, {"data": user} if wrapped else user]}
    told = {"event_type": "post.mention.create", "filter": {"user_id": "1"}, "includes": includes}
    post = {"id": "9", "author_id": "5", "entities": {"mentions": [{"id": "1"}]}}
    (one,) = found("x", {"data": {**told, "payload": post}})
    assert (one.verb, one.automated) == ("mention", automated)
    pair = {"source": {"data": user}, "target": {"data": {"id": "1"}}}
    (two,) = found("x", {"data": {**told, "event_type": "follow.follow", "payload": pair}})
    assert (two.verb, two.automated) == ("follow", automated)


def intercom(topic: str, item: dict[str, Any]) -> dict[str, Any]:
    told = {"type": "notification_event", "app_id": "app", "id": "n1", "topic": topic}
    return {**told, "created_at": 1_772_449_205, "data": {"item": item}}


def test_intercom_who_reads_a_conversation_is_the_person() -> None:
    item = {"id": "c1", "created_at": 1_772_449_000, "contacts": {"contacts": [{"id": "u1"}]}}
    (one,) = found("intercom", intercom("conversation.read", item))
    assert (one.verb, one.actor, one.target, one.object) == ("view", "u1", "app", "c1")
    assert one.at_us == 1_772_449_205_000_000, "not when the conversation began"


@pytest.mark.parametrize(
    ("stat", "line"),
    [
        ("open", "create inbound view stat:7"),
        ("click", "create inbound click stat:7"),
        ("reaction", "create inbound like stat:7"),
        ("collected_email", "create inbound lead stat:7"),
        ("spam_complaint", "create inbound report stat:7"),
        ("unsubscribe", "undo inbound subscribe stat:7"),
        ("reply", "skip elsewhere"),
        ("receipt", "skip ignore"),
        ("hard_bounce", "skip ignore"),
    ],
)
def test_intercom_what_somebody_did_with_what_was_sent(stat: str, line: str) -> None:
    told = {"id": 7, "content_type": "email", "content_id": 3, "stat_type": stat}
    told |= {"content_title": "Spring"}
    item = {"type": "content_stat.email", "created_at": AT, "content_stat": told}
    delivery = intercom("content_stat.email", {**item, "contact": {"id": "u1"}})
    assert lines_of("intercom", [delivery]) == [line]
    (one,) = found("intercom", delivery)
    if one.op != "ignore":
        assert (one.actor, one.method, one.at_us) == ("u1", "Spring", 1_772_449_200_000_000)
        assert one.object == ("" if stat == "unsubscribe" else "3")
