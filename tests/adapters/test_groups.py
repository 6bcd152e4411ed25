"""Groups of ActivityPub: posts in them, those whom they shut out, what their moderators do."""

from __future__ import annotations

from typing import Any

import pytest

from stream_app.adapters.accounts import NO_ACCOUNTS

from .support import found, lines_of, outcomes_of

PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
ANNA, CARL, MOD = (f"https://a.example/u/{name}" for name in ("anna", "carl", "mod"))
TEA = "https://g.example/c/tea"
POST = "https://a.example/post/1"
AT = "2026-03-02T11:00:00Z"


def activity(kind: str, thing: Any, actor: str = ANNA, **more: Any) -> dict[str, Any]:
    own = f"https://a.example/activities/{kind.lower()}/1"
    return {"type": kind, "id": own, "actor": actor, "object": thing, **more}


def page(kind: str = "Page", **more: Any) -> dict[str, Any]:
    return {"type": kind, "id": POST, "attributedTo": ANNA, "published": AT, **more}


@pytest.mark.parametrize(
    ("told", "target", "direction"),
    [
        (activity("Create", page(), to=[TEA, PUBLIC]), TEA, "inbound"),
        (activity("Create", page(), to=[PUBLIC], cc=[TEA]), TEA, "inbound"),
        (activity("Create", page("Note"), to=[PUBLIC], audience=TEA), TEA, "inbound"),
        (activity("Create", page("Note", audience=[TEA]), to=[PUBLIC, TEA]), TEA, "inbound"),
        (activity("Create", page("Note"), to=[PUBLIC], audience=f"{ANNA}/followers"), "", "none"),
        (activity("Create", page("Note"), to=[PUBLIC], audience=PUBLIC), "", "none"),
        (activity("Create", page(), to=[PUBLIC]), "", "none"),
    ],
)
def test_a_post_in_a_group_is_towards_the_group(told: Any, target: str, direction: str) -> None:
    (one,) = found("activitypub", told)
    assert (one.verb, one.target, one.direction) == ("post", target, direction)


def test_who_is_named_may_stand_beside_the_object() -> None:
    note = page("Note", content="hello", inReplyTo="https://c.example/post/2", cc=[TEA])
    tags = [{"type": "Mention", "href": "https://c.example/u/zed"}]
    (one,) = found("activitypub", activity("Create", note, cc=[TEA], tag=tags))
    assert (one.verb, one.target) == ("reply", "https://c.example/u/zed")


def test_a_group_shuts_a_person_out_and_lets_them_in_again() -> None:
    ban = activity("Block", CARL, MOD, target=TEA, removeData=True)
    said = [ban, activity("Undo", ban, MOD)]
    made = [made for _, made in outcomes_of("activitypub", said)]
    tea, carl = NO_ACCOUNTS.brand("activitypub", TEA), f"activitypub:{CARL}"
    for one, op in zip(made, ("create", "undo"), strict=True):
        assert isinstance(one, dict)
        assert (one["op"], one["verb"], one["direction"]) == (op, "block", "outbound")
        assert (one["brand"], one["person"]) == (tea, carl)


def test_one_who_blocks_another_is_themself() -> None:
    (one,) = found("activitypub", activity("Block", TEA))
    assert (one.actor, one.target, one.direction, one.account) == (ANNA, TEA, "inbound", "")


@pytest.mark.parametrize("kind", ["Add", "Remove", "Lock", "Warn", "Resolve"])
def test_what_moderators_do_is_no_act(kind: str) -> None:
    done = activity(kind, POST, MOD)
    said = [done, activity("Undo", done, MOD)]
    assert lines_of("activitypub", said) == ["skip moderate"] * 2
    for one in said:
        assert [(act.actor, act.object) for act in found("activitypub", one)] == [(MOD, POST)]


@pytest.mark.parametrize(
    ("thing", "target", "object_"),
    [
        (POST, "", POST),
        (CARL, CARL, ""),
        ([CARL], CARL, ""),
        ([CARL, f"{CARL}/statuses/9"], CARL, f"{CARL}/statuses/9"),
        ([{"id": f"{CARL}/statuses/9"}, {"id": CARL}], CARL, f"{CARL}/statuses/9"),
    ],
)
def test_a_report_of_a_person_or_of_a_thing(thing: Any, target: str, object_: str) -> None:
    (one,) = found("activitypub", activity("Flag", thing))
    assert (one.target, one.object, one.direction) == (target, object_, "peer")


@pytest.mark.parametrize(("server", "time"), [("Friendica 'x' 2026.01", None), ("Other", AT)])
def test_friendica_dates_removals_by_what_they_remove(server: str, time: str | None) -> None:
    by: dict[str, Any] = {"instrument": {"type": "Service", "name": server}, "published": AT}
    told = [
        activity("Delete", {"type": "Tombstone", "id": POST}, **by),
        activity("Undo", activity("Like", POST), **by),
    ]
    for one in (*found("activitypub", told[0]), *found("activitypub", told[1])):
        assert (one.at_us is None) == (time is None)


@pytest.mark.parametrize(
    ("by", "whose", "op", "gone"),
    [
        (ANNA, ANNA, "erase", ANNA),
        (MOD, ANNA, "erase", ANNA),
        ("https://z.example/u/zed", ANNA, "delete", "https://z.example/u/zed"),
    ],
)
def test_whoever_deletes_an_account_it_is_its_owner_who_is_gone(
    by: str, whose: str, op: str, gone: str
) -> None:
    (one,) = found("activitypub", activity("Delete", {"type": "Person", "id": whose}, by))
    assert (one.op, one.actor) == (op, gone)


@pytest.mark.parametrize(
    ("kind", "sign", "sentiment"),
    [
        ("EmojiReact", "\U0001f621", -1.0),
        ("Like", "\U0001f44e", -1.0),
        ("EmojiReact", "\U0001f44c", None),
        ("Like", None, None),
        ("Like", {"x": 1}, None),
    ],
)
def test_an_angry_sign_is_no_affinity(kind: str, sign: Any, sentiment: float | None) -> None:
    (one,) = found("activitypub", activity(kind, POST, content=sign))
    assert (one.verb, one.sentiment) == ("like", sentiment)


def test_an_object_may_be_its_address_alone() -> None:
    tags = [{"type": "Mention", "href": CARL}]
    for told, verb, target in (
        (activity("Create", POST, to=[PUBLIC]), "post", ""),
        (activity("Create", POST, to=[PUBLIC], tag=tags), "mention", CARL),
    ):
        (one,) = found("activitypub", {**told, "published": AT})
        assert (one.verb, one.op, one.target, one.id) == (verb, "create", target, POST)
    assert lines_of("activitypub", [activity("Create", "")]) == ["refused wrong_shape"]


def test_a_like_without_an_id_is_one_act() -> None:
    told = {**activity("Like", f"{TEA}/post/1", to=[TEA]), "id": None}
    one, again = lines_of("activitypub", [told, told])
    assert one == again
    assert one.startswith("create inbound like ")


@pytest.mark.parametrize(
    ("actor", "more", "op"),
    [
        (ANNA, {}, "delete"),
        (ANNA, {"summary": "Anna deleted a post"}, "delete"),
        (ANNA.replace("https://a", "http://A"), {}, "delete"),
        (MOD, {"summary": "spam", "audience": TEA}, "moderate"),
        ("https://g.example/u/mod", {"cc": [TEA]}, "moderate"),
    ],
)
def test_what_a_moderator_deletes_was_done_all_the_same(
    actor: str, more: dict[str, Any], op: str
) -> None:
    told = activity("Delete", POST, actor, **more)
    assert [one.op for one in found("activitypub", told)] == [op]
    back = activity("Undo", told, actor)
    undone = {"delete": "restore"}.get(op, op)
    assert [one.op for one in found("activitypub", back)] == [undone]
