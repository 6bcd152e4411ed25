"""Whose act it is, and which of several acts: where two sides or two ids are easily mixed up."""

from __future__ import annotations

from typing import Any

import pytest

from stream_app.adapters.accounts import NO_ACCOUNTS, Accounts

from .support import found, lines_of, outcomes_of

AT = "2026-03-02T11:00:00Z"


# -- GitHub

REPOSITORY = {"id": 4, "owner": {"id": 1}}


def github(name: str, action: str, sender: int, **more: Any) -> list[str]:
    told = {"action": action, "sender": {"id": sender}, "repository": REPOSITORY, **more}
    return lines_of("github", [told], headers={"X-GitHub-Event": name})


COMMENTS = {
    "issue_comment": {"issue": {"id": 2}},
    "commit_comment": {},
    "discussion_comment": {"discussion": {"id": 2}},
    "pull_request_review_comment": {"pull_request": {"id": 2}},
}


def test_comments_of_each_kind_have_ids_of_their_own() -> None:
    comment = {"id": 9, "user": {"id": 7}, "created_at": AT}
    lines = [github(name, "created", 7, comment=comment, **on)[0] for name, on in COMMENTS.items()]
    assert lines[0] == "create inbound reply comment:9"
    assert len(set(lines)) == len(COMMENTS)


@pytest.mark.parametrize("sender", [7, 5, 1])
def test_whoever_deletes_a_comment_it_was_its_authors(sender: int) -> None:
    on = COMMENTS["issue_comment"]
    told = {"action": "deleted", "sender": {"id": sender}, "repository": REPOSITORY, **on}
    told["comment"] = {"id": 9, "user": {"id": 7}}
    ((_, made),) = outcomes_of("github", [told], headers={"X-GitHub-Event": "issue_comment"})
    assert isinstance(made, dict)
    assert (made["person"], made["op"], made["undoes"]) == ("github:7", "undo", "comment:9")


@pytest.mark.parametrize(
    ("author", "sender", "line"),
    [
        (1, 7, "create inbound endorse answer:9:1772449200000"),
        (8, 7, "skip peer"),
        (8, 1, "skip no_verb"),
        (7, 7, "skip self"),
    ],
)
def test_the_owners_answer_that_is_chosen_is_the_askers_praise(
    author: int, sender: int, line: str
) -> None:
    answer, discussion = {"id": 9, "user": {"id": author}}, {"id": 2, "answer_chosen_at": AT}
    assert github("discussion", "answered", sender, answer=answer, discussion=discussion) == [line]


THREADS = {
    "issue_comment": ("comment", "issue"),
    "pull_request_review": ("review", "pull_request"),
    "pull_request_review_comment": ("comment", "pull_request"),
    "discussion_comment": ("comment", "discussion"),
}


@pytest.mark.parametrize("name", THREADS)
@pytest.mark.parametrize(
    ("sender", "opener", "parties"),
    [
        (1, 7, ("1", "7", "outbound")),
        (1, 1, ("1", "1", "self")),
        (7, 7, ("7", "1", "inbound")),
        (8, 7, ("8", "1", "inbound")),
        (1, None, ("1", "1", "self")),
    ],
)
def test_the_owner_answers_whoever_opened_the_thread(
    name: str, sender: int, opener: int | None, parties: tuple[str, str, str]
) -> None:
    thing, on = THREADS[name]
    told = {"action": "created", "sender": {"id": sender}, "repository": REPOSITORY}
    told |= {thing: {"id": 9, "user": {"id": sender}, "submitted_at": AT}}
    told |= {on: {"id": 2, "user": opener and {"id": opener}}}
    (one,) = found("github", told, {"X-GitHub-Event": name})
    assert (one.actor, one.target, one.direction) == parties


@pytest.mark.parametrize(
    ("sender", "opener", "line"),
    [
        (8, 7, "create outbound reply comment:9"),
        (8, 8, "skip self"),
        (8, 1, "skip self"),
        (7, 8, "create inbound reply comment:9"),
    ],
)
def test_our_people_answer_whoever_opened_the_thread(sender: int, opener: int, line: str) -> None:
    told = {"action": "created", "sender": {"id": sender}, "repository": REPOSITORY}
    told |= {"comment": {"id": 9, "created_at": AT}, "issue": {"id": 2, "user": {"id": opener}}}
    ours = Accounts({"github": {"1": "tea", "8": "tea"}}, derive=False)
    assert lines_of("github", [told], ours, {"X-GitHub-Event": "issue_comment"}) == [line]


def test_who_takes_the_authorisation_of_an_app_back_revokes() -> None:
    headers = {"X-GitHub-Event": "github_app_authorization"}
    (one,) = found("github", {"action": "revoked", "sender": {"id": 7}}, headers)
    assert (one.op, one.verb, one.actor, one.direction) == ("revoke", "", "7", "none")


@pytest.mark.parametrize(("action", "op"), [("added", "create"), ("removed", "undo")])
def test_a_team_is_a_membership_of_its_own(action: str, op: str) -> None:
    told = {"action": action, "scope": "team", "member": {"id": 7}, "sender": {"id": 1}}
    told |= {"team": {"id": 3}, "organization": {"id": 4}}
    (one,) = found("github", told, {"X-GitHub-Event": "membership", "X-GitHub-Delivery": "d1"})
    assert (one.verb, one.op, one.actor, one.target) == ("join", op, "7", "4")
    assert one.object == "3", "its id as it stands in the delivery"


def test_an_answer_chosen_again_is_praise_again() -> None:
    answer = {"id": 9, "user": {"id": 1}}
    made = []
    for at in (AT, None, "2026-03-02T12:00:00Z", None):
        told = {"action": "answered" if at else "unanswered", "sender": {"id": 7}}
        told |= {"repository": REPOSITORY, "discussion": {"id": 2, "answer_chosen_at": at}}
        made.append({**told, ("answer" if at else "old_answer"): answer})
    headers = {"X-GitHub-Event": "discussion", "X-GitHub-Delivery": "d1"}
    first, undone, again, _ = lines_of("github", made, headers=headers)
    assert first != again
    assert undone == "undo inbound endorse answer:9:d1 undoes answer:9:1772449200000"


# -- LinkedIn, Twitter


def test_a_lead_that_is_deleted_is_taken_back() -> None:
    lead = {"type": "LEAD_ACTION", "leadGenFormResponse": "urn:li:lead:1", "occurredAt": 1772449200}
    lead |= {"owner": {"organization": "urn:li:organization:1"}}
    (made,) = found("linkedin", {**lead, "leadAction": "CREATED"})
    (gone,) = found("linkedin", {**lead, "leadAction": "DELETED"})
    assert (made.op, made.id, gone.op, gone.undoes) == ("create", made.key, "delete", made.id)


def test_a_tweet_that_was_edited_is_no_second_act() -> None:
    tweet = {
        "id_str": "21",
        "user": {"id_str": "7"},
        "created_at": "Mon Mar 26 16:33:26 +0000 2018",
    }
    tweet |= {"entities": {"user_mentions": [{"id_str": "1"}]}}
    history = {"initial_tweet_id": "21", "edit_tweet_ids": ["21", "22"]}
    newer = {**tweet, "id_str": "22", "edit_history": history}
    said = [
        {"for_user_id": "1", "tweet_create_events": [{**tweet, "edit_history": history}]},
        {"for_user_id": "1", "tweet_create_events": [newer]},
    ]
    assert lines_of("twitter", said) == ["create inbound mention 21", "skip update"]


@pytest.mark.parametrize(
    ("state", "body", "counts"),
    [
        ("commented", None, False),
        ("commented", "Why so?", True),
        ("approved", None, True),
        ("changes_requested", "No", True),
    ],
)
def test_a_review_that_only_holds_comments_is_counted_there(
    state: str, body: str | None, counts: bool
) -> None:
    review = {"id": 1, "user": {"id": 5}, "state": state, "body": body}
    told = {"action": "submitted", "review": review, "pull_request": {"id": 2, "user": {"id": 6}}}
    told |= {"sender": {"id": 5}, "repository": {"id": 3, "owner": {"id": 7}}}
    line = lines_of("github", [told], headers={"X-GitHub-Event": "pull_request_review"})
    assert line == ["create inbound reply review:1" if counts else "skip elsewhere"]


# -- Intercom


def intercom(topic: str, **item: Any) -> dict[str, Any]:
    told = {"type": "notification_event", "app_id": "app", "id": "n1", "topic": topic}
    return {**told, "created_at": 1772449200, "data": {"item": item}}


def part(own: str, kind: str, author: str) -> dict[str, Any]:
    return {"id": own, "created_at": 1772449199, "author": {"type": kind, "id": author}}


CONTACTS = {"contacts": {"contacts": [{"id": "u1"}]}}


@pytest.mark.parametrize(
    ("topic", "parts", "line"),
    [
        (
            "conversation.user.replied",
            [part("p1", "user", "u1"), part("p2", "bot", "b1")],
            "create inbound message part:p1",
        ),
        (
            "conversation.admin.replied",
            [part("p1", "admin", "a1"), part("p2", "lead", "u1")],
            "create outbound message part:p1",
        ),
        (
            "conversation.user.replied",
            [part("p2", "bot", "b1")],
            "create inbound message conversation:c1",
        ),
    ],
)
def test_a_reply_is_the_newest_part_of_its_side(topic: str, parts: list[Any], line: str) -> None:
    held = {"conversation_parts": {"conversation_parts": parts}}
    source = {"source": {"author": {"type": "user", "id": "u1"}}}
    assert lines_of("intercom", [intercom(topic, id="c1", **held, **source, **CONTACTS)]) == [line]


def written(own: str, kind: str, author: str, body: str | None, said: str) -> dict[str, Any]:
    return {**part(own, kind, author), "body": body, "part_type": said}


PARTS = [
    written("p1", "admin", "a1", "<p>Hello</p>", "assignment"),
    written("p2", "admin", "a1", "<p>for us</p>", "note"),
    written("p3", "bot", "b1", "<p>We answer soon</p>", "comment"),
    written("p4", "admin", "a2", None, "close"),
    written("p5", "bot", "b1", None, "language_detection_details"),
]


@pytest.mark.parametrize(
    ("topic", "who"),
    [
        ("conversation.admin.replied", ("a1", "p1", False)),
        ("conversation.operator.replied", ("b1", "p3", True)),
    ],
)
def test_a_reply_is_a_part_that_says_something(topic: str, who: tuple[str, str, bool]) -> None:
    held = {"conversation_parts": {"conversation_parts": PARTS}}
    (one,) = found("intercom", intercom(topic, id="c1", **held, **CONTACTS))
    assert (one.actor, one.object, one.automated) == who
    assert (one.verb, one.target, one.direction) == ("message", "u1", "outbound")


@pytest.mark.parametrize(
    ("kind", "author", "line"),
    [
        ("lead", "u1", "undo inbound message part:p1 undoes part:p1"),
        ("admin", "a1", "undo outbound message part:p1 undoes part:p1"),
    ],
)
def test_a_part_that_is_redacted_is_taken_back(kind: str, author: str, line: str) -> None:
    held = {"conversation_parts": {"conversation_parts": [part("p1", kind, author)]}}
    told = intercom("conversation_part.redacted", id="c1", **held, **CONTACTS)
    assert lines_of("intercom", [told]) == [line]


def test_a_conversation_that_is_deleted_is_taken_back() -> None:
    source = {"source": {"author": {"type": "user", "id": "u1"}}}
    said = [
        intercom("conversation.user.created", id="c1", **source, **CONTACTS),
        intercom("conversation.deleted", conversation_id="c1"),
        intercom("conversation.deleted", conversation_id="c2"),
    ]
    assert lines_of("intercom", said) == [
        "create inbound message conversation:c1",
        "undo inbound message conversation:c1 undoes conversation:c1",
        "skip unresolved",
    ]


@pytest.mark.parametrize("topic", ["user.unsubscribed_from_sms", "contact.unsubscribed_from_sms"])
def test_texts_are_a_subscription_of_their_own(topic: str) -> None:
    (one,) = found("intercom", intercom(topic, id="u1"))
    assert (one.verb, one.op, one.actor, one.object) == ("subscribe", "undo", "u1", "sms")


@pytest.mark.parametrize(
    ("topic", "author", "line"),
    [
        ("ticket.contact.replied", ("user", "u1"), "create inbound message part:p1"),
        ("ticket.admin.replied", ("admin", "a1"), "create outbound message part:p1"),
    ],
)
def test_replies_in_tickets(topic: str, author: tuple[str, str], line: str) -> None:
    told = intercom(topic, ticket={"id": "t1", **CONTACTS}, ticket_part=part("p1", *author))
    ((_, made),) = outcomes_of("intercom", [told])
    assert isinstance(made, dict)
    assert lines_of("intercom", [told]) == [line]
    assert (made["person"], made["in_reply_to"]) == ("intercom:u1", "t1")


@pytest.mark.parametrize(
    ("topic", "op"), [("granular.subscribe", "create"), ("granular.unsubscribe", "undo")]
)
def test_each_type_of_subscription_is_a_membership(topic: str, op: str) -> None:
    types = {"type": "list", "data": [{"id": "7"}, {"id": "8"}]}
    told = intercom(topic, contact={"id": "u1"}, subscription_types=types)
    one, two = found("intercom", told)
    assert [(f.verb, f.op, f.actor, f.object) for f in (one, two)] == [
        ("subscribe", op, "u1", "7"),
        ("subscribe", op, "u1", "8"),
    ]
    assert one.id != two.id


# -- our own acts in places of ours

LISTED = {
    "reddit": {"t2_tea": "tea", "t5_tea": "tea"},
    "wordpress": {"5": "tea", "tea.example": "tea"},
    "discourse": {"5": "tea", "https://tea.example": "tea"},
    "stackexchange": {"5": "tea", "*": "tea"},
}


def reddit(own: str, author: str, parent: str) -> dict[str, Any]:
    data = {"name": own, "author_fullname": author, "subreddit_id": "t5_tea", "body": "hello"}
    return {"kind": "t1", "data": {**data, "parent_id": parent, "created_utc": 1772449200}}


def wordpress(own: int, author: int, parent: int) -> dict[str, Any]:
    link = {"link": f"https://tea.example/p/#comment-{own}", "status": "approved"}
    told = {"id": own, "post": 3, "author": author, "parent": parent, **link}
    return {**told, "type": "comment", "date_gmt": "2026-03-02T11:00:00"}


def discourse(own: int, author: int, number: int) -> dict[str, Any]:
    said = {"id": own, "user_id": author, "topic_id": 8, "post_number": number, "created_at": AT}
    return {"post": said}


@pytest.mark.parametrize(
    ("platform", "theirs", "ours", "line"),
    [
        ("reddit", reddit("t1_a", "t2_x", "t3_p"), reddit("t1_b", "t2_tea", "t1_a"), "t1_b"),
        ("wordpress", wordpress(6, 9, 0), wordpress(7, 5, 6), "3#comment-7"),
        ("discourse", discourse(60, 9, 1), discourse(61, 5, 2), "post:61"),
    ],
)
def test_our_own_act_in_a_place_of_ours_is_towards_whom_it_answers(
    platform: str, theirs: Any, ours: Any, line: str
) -> None:
    headers = {"X-Discourse-Event": "post_created", "X-Discourse-Instance": "https://tea.example"}
    accounts = Accounts({platform: LISTED[platform]}, derive=False)
    said = lines_of(platform, [theirs, ours], accounts, headers)
    assert said[1] == f"create outbound reply {line}"
    assert lines_of(platform, [ours], accounts, headers) == ["skip self"]
    unlisted = lines_of(platform, [theirs, ours], NO_ACCOUNTS, headers)
    assert unlisted[1] == f"create inbound reply {line}"


def test_our_own_answer_on_discourse_may_be_to_a_post_within_a_topic() -> None:
    accounts = Accounts({"discourse": LISTED["discourse"]}, derive=False)
    headers = {"X-Discourse-Event": "post_created", "X-Discourse-Instance": "https://tea.example"}
    begun, theirs, ours = discourse(60, 4, 1), discourse(61, 9, 2), discourse(62, 5, 3)
    ours["post"]["reply_to_post_number"] = 2
    told = outcomes_of("discourse", [begun, theirs, ours], accounts, headers)
    (*_, made) = (made for _, made in told)
    assert isinstance(made, dict)
    assert (made["direction"], made["person"], made["id"]) == ("outbound", "discourse:9", "post:62")


def test_our_own_answer_and_question_on_stackexchange() -> None:
    accounts = Accounts({"stackexchange": LISTED["stackexchange"]}, derive=False)
    answer = {"answer_id": 12, "question_id": 11, "creation_date": 1772449300}
    asked = {"question_id": 11, "creation_date": 1772449200, "owner": {"user_id": 3}}
    asked["answers"] = [{**answer, "owner": {"user_id": 5}}]
    assert lines_of("stackexchange", [asked], accounts) == [
        "create inbound message question:11",
        "create outbound reply answer:12",
    ]
    ours = {"question_id": 13, "creation_date": 1772449200, "owner": {"user_id": 5}}
    assert lines_of("stackexchange", [ours], accounts) == ["skip self"]
