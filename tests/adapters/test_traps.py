"""Where adapters go wrong: each trap once, in a few lines."""

from __future__ import annotations

import json
import timeit
from typing import Any

import pytest

from stream_app.adapters import times
from stream_app.adapters.accounts import NO_ACCOUNTS, Accounts, derived_brand
from stream_app.adapters.base import Finding, Outcome, Refusal
from stream_app.adapters.fields import Malformed, Node, amount
from stream_app.adapters.interactions import Skip, interaction
from stream_app.adapters.registry import PLATFORMS, UnknownPlatform, read
from stream_app.adapters.seen import DAY_MS, Act, Seen
from stream_app.adapters.texts import bounded
from stream_app.domain.rejects import Reason

from .support import RECEIVED_MS, SAMPLES, becomes, findings, made_of

BRAND = "did:plc:teabrandteabrandteabrand"
ANNA = "did:plc:annaannaannaannaannaanna"


def sample(name: str) -> Any:
    return json.loads((SAMPLES / name).read_text("utf-8"))


def say(platform: str, value: Any, accounts: Accounts = NO_ACCOUNTS) -> list[Outcome]:
    return read(platform, json.dumps(value).encode(), {}, accounts)


def refusal(platform: str, payload: bytes) -> Refusal:
    (outcome,) = read(platform, payload)
    assert isinstance(outcome, Refusal)
    return outcome


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", Reason.EMPTY),
        (b" \n", Reason.EMPTY),
        (b"{", Reason.NOT_JSON),
        (b'"\xff"', Reason.NOT_JSON),
        (b"[" * 100_000, Reason.NOT_JSON),
        (b'{"n":' + b"9" * 5_000 + b"}", Reason.NOT_JSON),
        (b"{}", Reason.WRONG_SHAPE),
        (b" " * 300_000, Reason.TOO_LARGE),
    ],
)
def test_a_delivery_that_cannot_be_read_is_refused(
    platform: str, payload: bytes, reason: Reason
) -> None:
    assert refusal(platform, payload).reason == reason


@pytest.mark.parametrize("platform", sorted(set(PLATFORMS) - {"email", "wordpress"}))
@pytest.mark.parametrize("payload", [b"[]", b"null", b"7", b'"text"'])
def test_what_is_no_object_is_refused(platform: str, payload: bytes) -> None:
    assert refusal(platform, payload).reason == Reason.WRONG_SHAPE


def test_xml_with_a_document_type_is_refused_unread() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><item>&b;</item>'
    assert refusal("wordpress", bomb).reason == Reason.NOT_JSON


def test_refunds_are_each_their_own_part_of_one_payment() -> None:
    names = ("checkout", "refund_of_a_part", "refund_of_the_rest")
    paid, part, rest = made_of([SAMPLES / f"stripe/{name}.json" for name in names])
    assert part["undoes"] == rest["undoes"] == paid["id"]
    assert part["id"] != rest["id"]
    assert (part["value"]["amount"], rest["value"]["amount"]) == ("50.00", "200.00")


def test_an_act_told_under_two_events_is_counted_once() -> None:
    star, *rest = made_of([SAMPLES / f"github/{name}.json" for name in ("star", "watch")])
    assert rest == []
    topic, post = made_of(
        [SAMPLES / f"discourse/{n}.json" for n in ("topic_created", "first_post")]
    )
    assert star["id"].startswith("star:")
    assert topic["id"] == post["id"]


def test_a_restored_act_is_another_one_and_can_be_taken_back_again() -> None:
    names = ("reply", "reply_destroyed", "reply_recovered", "reply_destroyed_again")
    made = list(made_of([SAMPLES / f"discourse/{name}.json" for name in names]))
    assert [one["op"] for one in made] == ["create", "undo", "create", "undo"]
    assert made[1]["undoes"] == made[0]["id"]
    assert made[3]["undoes"] == made[2]["id"] != made[0]["id"]


def test_the_clients_clock_is_corrected_by_the_servers() -> None:
    (found,) = findings(SAMPLES / "segment/page.json")
    assert times.shown(found.at_us) == "2026-03-02T10:59:55Z"


def test_a_refusal_says_where_and_what_was_expected() -> None:
    like = sample("bluesky/like.json")
    like["commit"]["record"]["subject"] = {"uri": 7.5}
    (outcome,) = say("bluesky", like)
    assert outcome == Refusal(
        reason=Reason.WRONG_SHAPE,
        path="$.commit.record.subject.uri",
        expected="a string or an integer",
    )


def test_one_malformed_item_does_not_stop_its_neighbours() -> None:
    batch = sample("facebook/batch.json")
    del batch["entry"][0]["changes"][0]["value"]["item"]
    refused, like, message = say("facebook", batch)
    assert isinstance(refused, Refusal)
    assert refused.path == "$.entry[0].changes[0].value.item"
    assert isinstance(like, Finding)
    assert isinstance(message, Finding)


def test_what_is_no_item_does_not_stop_its_neighbours() -> None:
    batch = sample("facebook/batch.json")
    batch["entry"].insert(0, 7)
    batch["entry"][1]["changes"].insert(1, None)
    outcomes = say("facebook", batch)
    assert [type(outcome) for outcome in outcomes] == [Refusal, Finding, Refusal, Finding, Finding]


def test_unknown_platforms_are_an_error_of_the_caller() -> None:
    with pytest.raises(UnknownPlatform):
        read("myspace", b"{}")


def test_ids_past_2_to_the_53_survive() -> None:
    huge = 2**70 + 1
    payload = f'{{"object":"page","entry":[{{"id":{huge},"time":1,"changes":[{{"field":"feed",'
    payload += f'"value":{{"item":"like","verb":"add","user_id":{2**53 + 1}}}}}]}}]}}'
    (found,) = read("facebook", payload.encode())
    assert isinstance(found, Finding)
    assert (found.actor, found.target) == (str(2**53 + 1), str(huge))


def test_of_a_rounded_number_and_a_string_the_string_is_right() -> None:
    event = sample("twitter/follow.json")["follow_events"][0]
    assert str(event["target"]["id"]) != event["target"]["id_str"]
    (found,) = findings(SAMPLES / "twitter/follow.json")
    assert found.target == event["target"]["id_str"]


def test_a_second_like_is_a_second_act_and_each_removal_takes_its_own() -> None:
    names = ("reaction_add", "reaction_remove", "reaction_again", "reaction_remove")
    seen, lines = Seen(), []
    for name in names:
        (found,) = findings(SAMPLES / f"facebook/{name}.json")
        lines.append(becomes(interaction(found, "facebook", NO_ACCOUNTS, RECEIVED_MS, seen)))
    assert lines[0] != lines[2]
    assert lines[1] == lines[3], "a removal sent again must not take back the second like"


def test_a_removal_before_its_act_still_names_it() -> None:
    (removed,) = findings(SAMPLES / "facebook/reaction_remove.json")
    (added,) = findings(SAMPLES / "facebook/reaction_add.json")
    undo = interaction(removed, "facebook", NO_ACCOUNTS, RECEIVED_MS, Seen())
    act = interaction(added, "facebook", NO_ACCOUNTS, RECEIVED_MS, Seen())
    assert isinstance(undo, dict)
    assert isinstance(act, dict)
    assert undo["undoes"] == act["id"]


def test_a_removal_that_names_only_an_unseen_object_is_counted_not_guessed() -> None:
    (found,) = findings(SAMPLES / "bluesky/unfollow.json")
    made = interaction(found, "bluesky", NO_ACCOUNTS, RECEIVED_MS, Seen())
    assert made == Skip("unresolved")


def test_a_time_that_is_not_there_is_the_receipt_time() -> None:
    (found,) = findings(SAMPLES / "facebook/reaction_remove.json")
    assert (found.at_us, found.time_source) == (None, "receipt")
    made = interaction(found, "facebook", NO_ACCOUNTS, 1_772_460_000_123)
    assert isinstance(made, dict)
    assert (made["occurred_at"], made["time_source"]) == ("2026-03-02T14:00:00.123Z", "receipt")


def test_finer_digits_are_cut_off_in_the_interaction() -> None:
    (found,) = findings(SAMPLES / "bluesky/repost.json")
    assert times.shown(found.at_us) == "2026-03-02T11:02:00.498765Z"
    made = interaction(found, "bluesky", NO_ACCOUNTS, RECEIVED_MS)
    assert isinstance(made, dict)
    assert made["occurred_at"] == "2026-03-02T11:02:00.498Z"


def test_listed_accounts_turn_the_brands_own_acts_outbound() -> None:
    ours = Accounts({"bluesky": {BRAND: "tea"}})
    (found,) = findings(SAMPLES / "bluesky/reply_of_brand.json", ours)
    made = interaction(found, "bluesky", ours, RECEIVED_MS)
    assert isinstance(made, dict)
    assert (made["brand"], made["person"]) == ("tea", f"bluesky:{ANNA}")
    assert made["direction"] == "outbound"


def test_two_accounts_of_ours_have_no_relationship() -> None:
    ours = Accounts({"bluesky": {BRAND: "tea", ANNA: "tea"}})
    (found,) = findings(SAMPLES / "bluesky/like.json", ours)
    assert interaction(found, "bluesky", ours, RECEIVED_MS) == Skip("self")


def test_a_reply_to_a_stranger_that_names_us_is_a_mention_of_us() -> None:
    post = sample("bluesky/reply.json")
    carl = "did:plc:carlcarlcarlcarlcarlcarl"
    post["commit"]["record"]["reply"]["parent"]["uri"] = f"at://{carl}/app.bsky.feed.post/3k"
    post["commit"]["record"]["facets"] = sample("bluesky/mention.json")["commit"]["record"][
        "facets"
    ]
    (alone,) = say("bluesky", post)
    (known,) = say("bluesky", post, Accounts({"bluesky": {BRAND: "tea"}}))
    assert isinstance(alone, Finding)
    assert isinstance(known, Finding)
    assert (alone.verb, alone.target) == ("reply", carl)
    assert (known.verb, known.target, known.direction) == ("mention", BRAND, "inbound")


def test_the_firehose_is_dropped_unread_where_it_is_not_ours() -> None:
    ours = Accounts({"bluesky": {"did:plc:someoneelsesomeoneelsexx": "tea"}}, derive=False)
    payload = (SAMPLES / "bluesky/like.json").read_bytes()
    (found,) = read("bluesky", payload, {}, ours)
    assert isinstance(found, Finding)
    assert found.native == "not_ours"
    rounds = 2_000
    best = min(timeit.repeat(lambda: read("bluesky", payload, {}, ours), number=rounds, repeat=5))
    assert best / rounds < 25e-6, "the budget is 5 us; this allows for a busy machine"


def test_the_firehose_keeps_removals_and_the_end_of_accounts() -> None:
    ours = Accounts({"bluesky": {BRAND: "tea"}})
    for name, op in (("unlike", "undo"), ("account_deleted", "erase")):
        (found,) = findings(SAMPLES / f"bluesky/{name}.json", ours)
        assert found.op == op


def test_without_derive_an_unknown_account_is_refused() -> None:
    listed = Accounts({"twitter": {"1": "tea"}}, derive=False)
    (found,) = findings(SAMPLES / "twitter/follow.json", listed)
    made = interaction(found, "twitter", listed, RECEIVED_MS)
    assert isinstance(made, Refusal)
    assert made.reason == Reason.UNKNOWN_ACCOUNT


def test_control_characters_in_a_person_are_refused() -> None:
    event = sample("twitter/follow.json")
    event["follow_events"][0]["source"]["id_str"] = "17\x0017"
    (found,) = say("twitter", event)
    assert isinstance(found, Finding)
    made = interaction(found, "twitter", NO_ACCOUNTS, RECEIVED_MS)
    assert isinstance(made, Refusal)
    assert made.reason == Reason.BAD_PERSON


@pytest.mark.parametrize(
    ("account", "brand"),
    [
        ("282326505", "twitter-282326505"),
        ("did:plc:abc", "twitter-did-plc-abc"),
        ("*", "twitter"),
    ],
)
def test_derived_brands_of_plain_ids(account: str, brand: str) -> None:
    assert derived_brand("twitter", account) == brand


def test_derived_brands_of_other_ids_stay_apart() -> None:
    ids = ["Tea", "tea", "t/ea", "t ea", "x" * 70, "x" * 71, "https://a.example/u", "a.example/u"]
    slugs = [derived_brand("activitypub", one) for one in ids]
    assert len(set(slugs)) == len(ids)
    assert all(len(slug) <= 64 for slug in slugs)


def test_what_was_seen_is_bounded_expires_and_can_be_forgotten() -> None:
    act = Act("a", "tea", "bluesky:anna", "like", "inbound")
    seen = Seen(limit=2, keep_ms=DAY_MS)
    for n, key in enumerate(("one", "two", "three")):
        seen.put("bluesky", key, act, n)
    assert [key for key in ("one", "two", "three") if seen.get("bluesky", key, 3)] == [
        "two",
        "three",
    ]
    assert seen.get("bluesky", "two", 1 + DAY_MS) is not None
    assert seen.get("bluesky", "two", 2 + DAY_MS) is None
    assert seen.forget("bluesky:anna") == 2
    assert len(seen) == 0


def test_what_was_seen_survives_a_save() -> None:
    seen = Seen()
    act = Act("a", "tea", "bluesky:anna", "like", "inbound", "post", "")
    seen.put("bluesky", "one", act, 1)
    again = Seen.load(seen.dump())
    assert again.get("bluesky", "one", 2) == act
    assert again.dump() == seen.dump()


def test_long_texts_stay_apart_when_cut() -> None:
    one, two = "a" * 300 + "1", "a" * 300 + "2"
    assert len(bounded(one)) == 200
    assert bounded(one) != bounded(two)


@pytest.mark.parametrize(
    ("value", "unit_us", "shown"),
    [
        (1_517_588_749, 1_000_000, "2018-02-02T16:25:49Z"),
        ("1517588749178", 1_000, "2018-02-02T16:25:49.178Z"),
        (1_517_588_749_178_901, 1, "2018-02-02T16:25:49.178901Z"),
        ("1517588749.178", 1_000_000, "2018-02-02T16:25:49.178Z"),
        (0, 1, "1970-01-01T00:00:00Z"),
    ],
)
def test_numbers_since_the_epoch(value: Any, unit_us: int, shown: str) -> None:
    assert times.shown(times.epoch(value, "$", unit_us)) == shown


@pytest.mark.parametrize(
    "value", ["", "soon", True, None, [], "1e999999", "NaN", 10**30, -(10**30)]
)
def test_what_is_no_number_since_the_epoch(value: Any) -> None:
    with pytest.raises(Malformed):
        times.epoch(value, "$", 1_000_000)


def test_times_in_words() -> None:
    at = times.ruby("Mon Mar 26 16:33:26 +0200 2018", "$")
    assert times.shown(at) == "2018-03-26T14:33:26Z"
    assert times.shown(times.rfc3339("2018-03-26T16:33:26.1239999+02:00", "$")) == (
        "2018-03-26T14:33:26.123999Z"
    )
    for wrong in ("Mon Foo 26 16:33:26 +0000 2018", "Mon Feb 31 16:33:26 +0000 2018", 7):
        with pytest.raises(Malformed):
            times.ruby(wrong, "$")
    assert times.shown(times.rfc3339("2018-03-26t16:33:26z", "$")) == "2018-03-26T16:33:26Z"
    leap = times.rfc3339("2016-12-31T23:59:60.5Z", "$")
    assert times.shown(leap) == "2017-01-01T00:00:00.500Z"
    for wrong in (
        "2018-03-26T16:33:26",
        "2018-03-26T16:60Z",
        "2018-03-26T16:60:00Z",
        "yesterday",
        7,
    ):
        with pytest.raises(Malformed):
            times.rfc3339(wrong, "$")


def test_amounts_are_exact_decimals() -> None:
    node = Node.of({"a": 1})
    assert amount("600.00", node.at("a")) == "600.00"
    assert amount(25_000, node.at("a"), 2) == "250.00"
    for wrong in ("-1", "", "NaN", "1E+40", True, None):
        with pytest.raises(Malformed):
            amount(wrong, node.at("a"))
