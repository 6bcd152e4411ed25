"""Kinds of deliveries that the platforms' documentation names, in the shapes that it shows."""

from __future__ import annotations

from typing import Any

import pytest

from .support import found, lines_of

AT = 1772449200
IN_WORDS = "2026-03-02T11:00:00Z"
WHO = {"sender": {"id": "9"}, "recipient": {"id": "1"}, "timestamp": AT * 1000}
ANNA = {"id": "9", "name": "Anna"}


def page(*changes: dict[str, Any], **entry: Any) -> dict[str, Any]:
    return {"object": "page", "entry": [{"id": "1", "time": AT, "changes": changes, **entry}]}


def change(field: str, **value: Any) -> dict[str, Any]:
    return {"field": field, "value": value}


# -- Meta


@pytest.mark.parametrize("item", ["like", "reaction"])
@pytest.mark.parametrize(
    ("field", "thing"),
    [
        ("ratings", "open_graph_story_id"),
        ("feed", "album_id"),
        ("feed", "event_id"),
        ("feed", "share_id"),
    ],
)
def test_a_like_of_whatever_thing_makes_no_fan(field: str, thing: str, item: str) -> None:
    like = {"item": item, "from": ANNA, "created_time": AT, thing: "77"}
    add, remove = (page(change(field, verb=verb, **like)) for verb in ("add", "remove"))
    own = f"like:9:77:{AT}"
    assert lines_of("facebook", [add, remove]) == [
        f"create inbound like {own}",
        f"undo inbound like {own} undoes {own}",
    ]
    assert found("facebook", add)[0].object == "77"


def test_the_page_answers_a_review() -> None:
    review = change(
        "ratings", item="rating", verb="add", reviewer_id="9", open_graph_story_id="77", rating=5
    )
    answer = change(
        "ratings",
        item="comment",
        verb="add",
        comment_id="77_1",
        open_graph_story_id="77",
        **{"from": {"id": "1"}},
    )
    assert lines_of("facebook", [page(review), page(answer)]) == [
        "create inbound review 77",
        "create outbound reply 77_1",
    ]


def test_a_comment_on_a_post_of_the_page_in_a_group() -> None:
    said = {"item": "comment", "comment_id": "6", "post_id": "5_7", "from": ANNA}
    told = [
        page(change("group_feed", verb=verb, group_id="5", **said)) for verb in ("add", "remove")
    ]
    assert lines_of("facebook", told) == [
        "create inbound reply 6",
        "undo inbound reply 6 undoes 6",
    ]


@pytest.mark.parametrize("platform", ["facebook", "instagram", "messenger"])
def test_deliveries_of_meta_in_an_array(platform: str) -> None:
    first, second = (
        {"object": "page", "entry": [{"id": "1", "messaging": [{**WHO, "message": {"mid": mid}}]}]}
        for mid in ("m_1", "m_2")
    )
    assert lines_of(platform, [[first, {"entry": []}, second]]) == [
        "create inbound message m_1",
        "refused wrong_shape",
        "create inbound message m_2",
    ]


@pytest.mark.parametrize("platform", ["facebook", "instagram", "messenger"])
def test_a_messaging_event_in_a_change_of_any_field(platform: str) -> None:
    thumb = {"feedback": "Good response", "mid": "m_1"}
    told = page(change("response_feedback", **WHO, response_feedback=thumb))
    assert [one.verb for one in found(platform, told)] == ["review"]


@pytest.mark.parametrize("platform", ["facebook", "messenger"])
def test_who_fills_in_a_form_about_themselves_is_a_lead(platform: str) -> None:
    filled = {"screens": [{"screen_id": "a", "responses": [{"key": "email", "value": "x"}]}]}
    told = page(messaging=[{**WHO, "messaging_customer_information": filled}])
    assert lines_of(platform, [told]) == [f"create inbound lead lead:9:{AT * 1000}"]


# -- GitHub


def github(event: str, **body: Any) -> list[str]:
    whole = {"sender": {"id": 2}, **body}
    headers = {"x-github-event": event, "x-github-delivery": "d"}
    return lines_of("github", [whole], headers=headers)


@pytest.mark.parametrize(
    ("action", "line"),
    [
        ("changed", "skip update"),
        ("cancelled", "skip update"),
        ("pending_change", "skip ignore"),
        ("pending_change_cancelled", "skip ignore"),
    ],
)
def test_a_plan_that_is_cancelled_is_a_change_of_it(action: str, line: str) -> None:
    deal = {"account": {"id": 9}, "billing_cycle": "yearly", "plan": {}}
    dated = "2026-03-02T00:00:00+00:00"
    told = github(
        "marketplace_purchase", action=action, effective_date=dated, marketplace_purchase=deal
    )
    assert told == [line]


@pytest.mark.parametrize(
    ("event", "body", "line"),
    [
        (
            "membership",
            {"action": "removed", "member": None, "team": {"id": 6}, "organization": {"id": 8}},
            "skip unresolved",
        ),
        (
            "organization",
            {"action": "member_added", "membership": {"user": None}, "organization": {"id": 8}},
            "skip no_person",
        ),
        (
            "org_block",
            {"action": "blocked", "blocked_user": None, "organization": {"id": 8}},
            "skip no_person",
        ),
        (
            "sponsorship",
            {"action": "created", "sponsorship": {"sponsor": None, "sponsorable": {"id": 8}}},
            "skip no_person",
        ),
    ],
)
def test_an_account_that_is_gone_is_nobody(event: str, body: dict[str, Any], line: str) -> None:
    assert github(event, **body) == [line]


# -- the others


@pytest.mark.parametrize(
    ("topic", "verb"),
    [
        ("contact.lead.signed_up", "join"),
        ("contact.added_email", "lead"),
        ("contact.lead.added_email", "lead"),
    ],
)
def test_intercom_what_a_lead_does(topic: str, verb: str) -> None:
    item = {"type": "contact", "id": "c1"}
    told = {"topic": topic, "id": "n1", "app_id": "a", "created_at": AT, "data": {"item": item}}
    assert lines_of("intercom", [told]) == [f"create inbound {verb} n1"]
    assert found("intercom", told)[0].object == ""


def test_linkedin_notifications_that_were_asked_for() -> None:
    note = {
        "notificationId": 5,
        "action": "SHARE",
        "organizationalEntity": "urn:li:organization:1",
        "generatedActivity": "urn:li:share:7",
        "lastModifiedAt": AT * 1000,
    }
    pushed, pulled = {"notifications": [note]}, {"elements": [note], "paging": {"start": 0}}
    assert found("linkedin", pulled) == found("linkedin", pushed)


@pytest.mark.parametrize("kind", ["track", "page", "screen", "group"])
def test_segment_a_message_without_an_id_is_told_by_who_what_and_when(kind: str) -> None:
    told = {"type": kind, "userId": "u", "timestamp": IN_WORDS, "event": "Tasted", "groupId": "g"}
    again, later = dict(told), {**told, "timestamp": "2026-03-02T11:00:01Z"}
    first, same, other = (found("segment", one)[0].id for one in (told, again, later))
    assert first == same != other


def test_segment_a_message_without_an_id_and_a_time_is_refused() -> None:
    assert lines_of("segment", [{"type": "track", "userId": "u", "event": "Tasted"}]) == [
        "refused wrong_shape"
    ]


def test_segment_who_is_removed_from_an_account_leaves_the_group() -> None:
    base = {"userId": "u", "timestamp": IN_WORDS}
    of_group = {**base, "type": "track", "context": {"groupId": "g"}}
    told = [
        {**base, "type": "group", "messageId": "1", "groupId": "g"},
        {**of_group, "messageId": "2", "event": "Account Added User"},
        {**of_group, "messageId": "3", "event": "Account Removed User"},
    ]
    acts = [one for message in told for one in found("segment", message)]
    assert [(one.verb, one.op, one.object) for one in acts] == [
        ("join", "create", "g"),
        ("join", "create", "g"),
        ("join", "undo", "g"),
    ]


@pytest.mark.parametrize(
    ("more", "at_us"), [({}, None), ({"committed_at": IN_WORDS}, AT * 1_000_000)]
)
def test_shopify_an_edit_comes_without_its_order(more: dict[str, str], at_us: int | None) -> None:
    edit = {"id": 5, "order_id": 11, "created_at": "2026-03-01T11:00:00Z", "app_id": None, **more}
    (one,) = found("shopify", {"order_edit": edit}, {"x-shopify-topic": "orders/edited"})
    assert (one.native, one.op, one.object, one.at_us) == ("orders/edited", "update", "11", at_us)
