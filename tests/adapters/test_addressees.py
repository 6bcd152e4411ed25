"""Whom a post is to, where it is to several: one post is one act."""

from __future__ import annotations

from typing import Any

import pytest

from stream_app.adapters.accounts import NO_ACCOUNTS, Accounts
from stream_app.adapters.base import Finding

from .support import lines_of, outcomes_of

AT = "2026-03-02T11:00:00Z"
AS = "https://www.w3.org/ns/activitystreams#Public"
ANNA, CARL = "https://a.example/users/anna", "https://c.example/users/carl"
TEA = "https://tea.example/users/tea"
OURS = Accounts({"activitypub": {TEA: "tea"}, "mastodon": {"1": "tea"}}, derive=False)


def told(platform: str, value: Any, accounts: Accounts = NO_ACCOUNTS) -> tuple[str, str, str]:
    """(verb, person, direction) of the one finding of a delivery."""
    ((found, _),) = outcomes_of(platform, [value], accounts)
    assert isinstance(found, Finding)
    return found.verb, found.target, found.direction


# -- X


def x_mention(**post: Any) -> dict[str, Any]:
    made = {"id": "90", "author_id": "5", "created_at": AT, **post}
    event = {"event_type": "post.mention.create", "filter": {"user_id": "1"}, "payload": made}
    return {"data": event}


def refers(kind: str, author: str = "") -> dict[str, Any]:
    return {"referenced_tweets": [{"type": kind, "id": "80"}], "in_reply_to_user_id": author}


@pytest.mark.parametrize(
    ("post", "expected"),
    [
        ({}, ("mention", "1", "inbound")),
        (refers("replied_to", "1"), ("reply", "1", "inbound")),
        (refers("replied_to", "7"), ("mention", "1", "inbound")),
        (refers("replied_to", "5"), ("mention", "1", "inbound")),
        (refers("quoted"), ("mention", "1", "inbound")),
        (refers("retweeted"), ("share", "1", "inbound")),
    ],
)
def test_x_a_mention_in_a_post_to_somebody_else(post: Any, expected: tuple[str, str, str]) -> None:
    assert told("x", x_mention(**post)) == expected


@pytest.mark.parametrize("account", ["1", ""])
@pytest.mark.parametrize(
    ("kind", "sender", "direction"), [("sent", "1", "outbound"), ("received", "5", "inbound")]
)
def test_x_whose_message_it_is(kind: str, sender: str, direction: str, account: str) -> None:
    said = {"sender_id": sender, "target": {"recipient_id": "6" if sender == "1" else "1"}}
    event = {"type": "message_create", "id": "90", "created_timestamp": "1772449200000"}
    payload = {"direct_message_events": [{**event, "message_create": said}]}
    data = {"event_type": f"dm.{kind}", "filter": {"user_id": account}, "payload": payload}
    assert told("x", {"data": data}) == ("message", said["target"]["recipient_id"], direction)


@pytest.mark.parametrize(
    ("kind", "author", "expected"),
    [
        ("quoted", "9", ("mention", "1", "inbound")),
        ("quoted", "1", ("quote", "1", "inbound")),
        ("retweeted", "9", ("share", "9", "peer")),
        ("retweeted", "1", ("share", "1", "inbound")),
    ],
)
def test_x_whose_the_quoted_post_is(kind: str, author: str, expected: tuple[str, str, str]) -> None:
    delivery = x_mention(**refers(kind))
    delivery["data"]["includes"] = {"tweets": [{"id": "80", "author_id": author}]}
    assert told("x", delivery) == expected


def test_x_a_thread_of_the_account_that_names_somebody() -> None:
    delivery = x_mention(**refers("replied_to", "5"), entities={"mentions": [{"id": "7"}]})
    delivery["data"] |= {"event_type": "post.create", "filter": {"user_id": "5"}}
    assert told("x", delivery) == ("mention", "7", "outbound")


def test_x_a_delivery_on_behalf_of_nobody() -> None:
    delivery = x_mention(**refers("quoted"), entities={"mentions": [{"id": "7"}]})
    delivery["data"]["filter"] = {}
    assert told("x", delivery) == ("mention", "7", "inbound")


# -- Mastodon


def status(author: str = "7", **more: Any) -> dict[str, Any]:
    made = {"id": "21", "account": {"id": author}, "content": "", "created_at": AT, **more}
    return {"event": "status.created", "object": made}


TO_SEVERAL = {"mentions": [{"id": "9"}, {"id": "1"}]}
TO_STRANGER = {"in_reply_to_id": "20", "in_reply_to_account_id": "9"}
THREAD = {"in_reply_to_id": "20", "in_reply_to_account_id": "7"}
QUOTES_STRANGER = {"quote": {"quoted_status": {"id": "20", "account": {"id": "9"}}}}
QUOTES_US = {"quote": {"quoted_status": {"id": "20", "account": {"id": "1"}}}}


@pytest.mark.parametrize(
    ("more", "alone", "listed"),
    [
        (TO_SEVERAL, ("mention", "9", "inbound"), ("mention", "1", "inbound")),
        ({**TO_SEVERAL, **TO_STRANGER}, ("reply", "9", "inbound"), ("mention", "1", "inbound")),
        ({**TO_SEVERAL, **QUOTES_STRANGER}, ("quote", "9", "inbound"), ("mention", "1", "inbound")),
        ({**TO_STRANGER, **QUOTES_US}, ("reply", "9", "inbound"), ("quote", "1", "inbound")),
        ({**THREAD, **TO_SEVERAL}, ("mention", "9", "inbound"), ("mention", "1", "inbound")),
        (THREAD, ("reply", "7", "self"), ("reply", "7", "self")),
    ],
)
def test_mastodon_an_address_of_ours_comes_first(
    more: Any, alone: tuple[str, str, str], listed: tuple[str, str, str]
) -> None:
    assert told("mastodon", status(**more)) == alone
    assert told("mastodon", status(**more), OURS) == listed


def test_mastodon_our_own_status_is_to_whom_it_answers() -> None:
    ours = status("1", **TO_STRANGER, mentions=[{"id": "9"}, {"id": "1"}])
    assert told("mastodon", ours, OURS) == ("reply", "9", "outbound")


# -- ActivityPub


def note(*named: str, actor: str = ANNA, to: tuple[str, ...] = (AS,), **more: Any) -> Any:
    tags = [{"type": "Mention", "href": one} for one in named]
    item = {"id": f"{actor}/statuses/2", "type": "Note", "content": "hello", "tag": tags, **more}
    item |= {"attributedTo": actor, "to": list(to), "published": AT}
    return {"id": "https://x/1", "type": "Create", "actor": actor, "object": item, "published": AT}


def activity(kind: str, object_: Any, **more: Any) -> dict[str, Any]:
    return {"id": f"https://x/{kind}", "type": kind, "actor": ANNA, "object": object_, **more}


@pytest.mark.parametrize(
    ("said", "listed"),
    [
        (note(CARL, TEA), ("mention", TEA, "inbound")),
        (note(CARL, TEA, inReplyTo=f"{CARL}/statuses/1"), ("mention", TEA, "inbound")),
        (note(CARL, inReplyTo=f"{TEA}/statuses/1"), ("reply", TEA, "inbound")),
        (note(inReplyTo=f"{TEA}/statuses/1"), ("reply", TEA, "inbound")),
        (note(CARL, quote=f"{TEA}/statuses/1"), ("quote", TEA, "inbound")),
        (note(CARL, TEA, inReplyTo=f"{ANNA}/statuses/1"), ("mention", TEA, "inbound")),
        (note(inReplyTo=f"{ANNA}/statuses/1"), ("reply", ANNA, "self")),
        (note(TEA, CARL, actor=TEA, inReplyTo=f"{CARL}/1"), ("reply", CARL, "outbound")),
    ],
)
def test_activitypub_an_address_of_ours_comes_first(
    said: Any, listed: tuple[str, str, str]
) -> None:
    assert told("activitypub", said, OURS) == listed


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (note(to=(TEA,)), ("message", TEA, "inbound")),
        (note(to=(TEA, ANNA)), ("message", TEA, "inbound")),
        (note(to=(TEA, CARL)), ("post", "", "none")),
        (note(to=(TEA, AS)), ("post", "", "none")),
        (note(to=(f"{ANNA}/followers",)), ("post", "", "none")),
        (note(TEA, to=(TEA,)), ("mention", TEA, "inbound")),
    ],
)
def test_activitypub_a_note_for_one_person_alone_is_a_message(
    said: Any, expected: tuple[str, str, str]
) -> None:
    assert told("activitypub", said) == expected


HERS = {"id": "https://tea.example/objects/1", "type": "Note", "attributedTo": TEA}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (activity("Like", HERS), ("like", TEA, "inbound")),
        (activity("Announce", {**HERS, "actor": TEA}), ("share", TEA, "inbound")),
        (activity("Announce", {**HERS, "attributedTo": [{"id": TEA}]}), ("share", TEA, "inbound")),
        (activity("Undo", activity("Like", HERS)), ("like", TEA, "inbound")),
        (activity("Undo", activity("Like", HERS["id"], to=[TEA])), ("like", TEA, "inbound")),
        (activity("Undo", activity("Like", HERS["id"]), cc=[TEA]), ("like", TEA, "inbound")),
    ],
)
def test_activitypub_whose_the_object_is(said: Any, expected: tuple[str, str, str]) -> None:
    assert told("activitypub", said) == expected


def test_activitypub_an_undo_of_what_has_no_id_names_none() -> None:
    follow = {"type": "Follow", "actor": ANNA, "object": TEA}
    assert lines_of("activitypub", [activity("Undo", follow)]) == [
        "undo inbound follow https://x/Undo"
    ]


def test_activitypub_a_deletion_that_is_undone_brings_the_act_back() -> None:
    own = f"{ANNA}/statuses/2"
    delete = activity("Delete", {"id": own, "type": "Tombstone"})
    said = [note(TEA), delete, activity("Undo", delete), {**delete, "id": "https://x/again"}]
    assert lines_of("activitypub", said) == [
        f"create inbound mention {own}",
        f"undo inbound mention {own} undoes {own}",
        f"create inbound mention {own}~https://x/Undo",
        f"undo inbound mention {own}~https://x/Undo undoes {own}~https://x/Undo",
    ]
    assert lines_of("activitypub", [activity("Undo", delete)]) == ["skip none"]
