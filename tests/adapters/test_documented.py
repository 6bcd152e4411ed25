"""Kinds of deliveries that the platforms' documentation names, in the shapes that it shows."""

from __future__ import annotations

from typing import Any

import pytest

from .support import found, lines_of

AT = 1772449200
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
