"""Every kind of file: which acts are in our samples, with whose time and identity."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stream_app.adapters.accounts import NO_ACCOUNTS, Accounts
from stream_app.adapters.interactions import interaction
from stream_app.adapters.registry import read
from stream_app.backfill.errors import UnreadableFileError
from tests.backfill.support import SAMPLES, Result

FORUM = "https://forum.tea.example"
X_ACCOUNT = 1_717_200_000_000  # 2024-06-01


def test_bluesky_jetstream() -> None:
    got = Result(("bluesky", SAMPLES / "jetstream.jsonl"))
    follow = "at://did:plc:ann/app.bsky.graph.follow/f1"
    like = "at://did:plc:ann/app.bsky.feed.like/l1"
    assert got.lines() == [
        f"2026-03-02T12:00:00 bluesky:did:plc:ann follow bluesky-did-plc-tea {follow}",
        f"2026-03-03T12:00:00 bluesky:did:plc:ann like bluesky-did-plc-tea {like}",
        f"2026-03-03T13:00:00 bluesky:did:plc:ann like (undo) bluesky-did-plc-tea {like}",
    ]
    assert got.acts[2]["undoes"] == like
    assert [(line, reject.reason) for _, line, reject, _ in got.refused] == [(5, "wrong_shape")]


def test_bluesky_of_listed_accounts_only() -> None:
    ours = Accounts({"bluesky": {"did:plc:other": "other"}})
    got = Result(("bluesky", SAMPLES / "jetstream.jsonl"), accounts=ours)
    assert got.records == []
    assert got.tally.ignored["bluesky", "not_ours"] == 3
    assert got.tally.ignored["bluesky", "unresolved"] == 1  # a delete might be about us


def test_bluesky_raw_deliveries_keep_their_bytes() -> None:
    path = SAMPLES / "jetstream.jsonl"
    got = Result(("bluesky", path), raw=True)
    assert [record.value for record in got.records] == path.read_bytes().splitlines()[:3]
    assert {(record.to, record.key) for record in got.records} == {("raw", b"did:plc:ann")}


def test_gharchive() -> None:
    got = Result(("github", SAMPLES / "gharchive.jsonl"))
    assert got.lines() == [
        "2026-03-02T10:00:00 github:501 like github-900 star:501:77:1772445600000",
        "2026-03-02T11:00:00 github:501 message github-900 issue:31",
        "2026-03-02T11:01:00 github:41 reply github-900 comment:32",
        "2026-03-02T12:30:00 github:502 share github-900 fork:78",
        "2026-03-02T13:00:00 github:502 contribute github-carol push:abc123",
    ]
    assert [act.get("automated", False) for act in got.acts] == [False, False, True, False, False]


def test_a_star_of_the_archive_is_the_same_act_as_the_webhook() -> None:
    webhook: dict[str, Any] = {
        "action": "created",
        "starred_at": "2026-03-02T10:00:00Z",
        "sender": {"id": 501, "login": "ann", "type": "User"},
        "repository": {"id": 77, "owner": {"id": 900}},
    }
    [found] = read("github", json.dumps(webhook).encode(), {"X-GitHub-Event": "star"})
    live = interaction(found, "github", NO_ACCOUNTS, None)  # type: ignore[arg-type]
    assert Result(("github", SAMPLES / "gharchive.jsonl")).acts[0] == live


def test_wordpress_export() -> None:
    got = Result(("wordpress", SAMPLES / "site.xml"))
    assert got.lines() == [
        "2026-03-01T09:00:00 wordpress:ann@near.example reply"
        " wordpress-blog.tea.example 9#comment-4",
        "2026-03-02T15:00:00 wordpress:bob@far.example reply"
        " wordpress-blog.tea.example 12#comment-5",
    ]
    assert got.tally.ignored["wordpress", "moderate"] == 1


def test_an_export_in_pieces_is_the_adapters_own_reading_of_it() -> None:
    path = SAMPLES / "site.xml"
    whole = read("wordpress", path.read_bytes())
    acts = [interaction(found, "wordpress", NO_ACCOUNTS, None) for found in whole]  # type: ignore[arg-type]
    kept = [act for act in acts if isinstance(act, dict)]
    assert sorted(kept, key=lambda act: str(act["id"])) == sorted(
        Result(("wordpress", path)).acts, key=lambda act: str(act["id"])
    )


def test_stars_of_a_review_in_pieces_and_whole(tmp_path: Path) -> None:
    meta = "<wp:commentmeta><wp:meta_key>{}</wp:meta_key><wp:meta_value>{}</wp:meta_value>"
    metas = [meta.format(*pair) + "</wp:commentmeta>" for pair in (("rating", 2), ("verified", 1))]
    fields = {"id": 4, "author_email": "ann@near.example", "date_gmt": "2026-03-01 09:00:00"}
    fields |= {"approved": 1, "type": "review", "user_id": 0}
    texts = [f"<wp:comment_{name}>{text}</wp:comment_{name}>" for name, text in fields.items()]
    inside = f"<wp:comment>{''.join(texts + metas)}</wp:comment>"
    post = "<link>https://shop.tea.example/p/</link><wp:post_id>9</wp:post_id>"
    path = tmp_path / "site.xml"
    space = 'xmlns:wp="http://wordpress.org/export/1.2/"'
    path.write_text(f"<rss {space}><channel><item>{post}{inside}</item></channel></rss>", "utf-8")
    (whole,) = read("wordpress", path.read_bytes())
    (act,) = Result(("wordpress", path)).acts
    assert interaction(whole, "wordpress", NO_ACCOUNTS, None) == act  # type: ignore[arg-type]
    assert (act["verb"], act["sentiment"]) == ("review", -0.5)


@pytest.mark.parametrize(
    "evil",
    [
        b'<!DOCTYPE rss [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><rss>&b;</rss>',
        b'<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/hostname">]><rss>&x;</rss>',
        b'<!DOCTYPE rss SYSTEM "http://127.0.0.1:1/x.dtd"><rss/>',
    ],
)
def test_entities_are_refused_before_they_are_expanded(tmp_path: Path, evil: bytes) -> None:
    path = tmp_path / "evil.xml"
    path.write_bytes(evil)
    with pytest.raises(UnreadableFileError, match="document type"):
        Result(("wordpress", path))


def test_stumbleupon_in_all_its_shapes(tmp_path: Path) -> None:
    lines = (SAMPLES / "stumbles.jsonl").read_bytes()
    expected = Result(("stumbleupon", SAMPLES / "stumbles.jsonl")).acts
    assert [act["verb"] for act in expected] == ["like", "review"]
    items = [json.loads(line) for line in lines.splitlines()]
    bare = [{key: item[key] for key in item if key != "user"} for item in items]
    shapes = {
        "array.json": json.dumps(items, indent=2),
        "history.json": json.dumps({"user": "anna", "items": bare}, indent=2),
        "one-line.json": json.dumps({"items": bare, "user": "anna"}),
    }
    for name, text in shapes.items():
        (tmp_path / name).write_text(text, "utf-8")
        assert Result(("stumbleupon", tmp_path / name)).acts == expected, name


@pytest.mark.parametrize("platform", ["x", "twitter"])
def test_x_archive(platform: str) -> None:
    files = [(platform, path) for path in sorted((SAMPLES / "x").glob("*.js"))]
    got = Result(*files, undated_ms=X_ACCOUNT)
    ann, tea = f"{platform}:2000", f"{platform}-1000"
    assert got.lines() == [
        f"2023-02-18T12:33:11 {ann} reply (outbound) {tea} 1626922779105759235",
        f"2023-02-19T08:00:00 {ann} message {tea} 70",
        f"2023-02-19T08:05:00 {ann} message (outbound) {tea} 71",
        f"2024-06-01T00:00:00 {ann} follow {tea} follow:2000:1000:",
    ]
    assert got.tally.ignored[platform, "no_acts_in_this_file"] == 2  # account.js, like.js


def test_what_has_no_time_is_not_new_today() -> None:
    got = Result(("x", SAMPLES / "x" / "follower.js"))
    assert (got.records, got.tally.ignored["x", "undated"]) == ([], 1)


def test_a_persons_own_archive_is_inbound_where_the_brand_is_listed() -> None:
    ours = Accounts({"x": {"2000": "tea"}})
    got = Result(("x", SAMPLES / "x" / "tweets.js"), accounts=ours)
    assert got.lines() == ["2023-02-18T12:33:11 x:1000 reply tea 1626922779105759235"]


def test_an_archive_whose_owner_is_not_known(tmp_path: Path) -> None:
    path = tmp_path / "tweets.js"
    path.write_bytes((SAMPLES / "x" / "tweets.js").read_bytes())
    with pytest.raises(UnreadableFileError, match="--account ID"):
        Result(("x", path))
    assert len(Result(("x", path), account="1000").acts) == 1


def test_discourse_exports() -> None:
    folder = SAMPLES / "discourse"
    names = ("users.csv", "posts.json", "archive/user_archive.csv", "archive/likes.csv")
    got = Result(*(("discourse", folder / name) for name in names), account=FORUM)
    brand = "discourse-forum.tea.example"
    assert got.lines() == [
        f"2026-02-01T08:00:00 discourse:12 join {brand} join:12",
        f"2026-02-02T09:00:00 discourse:13 join {brand} join:13",
        f"2026-03-01T10:00:00 discourse:12 message {brand} topic:40",
        f"2026-03-01T11:00:00 discourse:13 reply {brand} post:102",
        f"2026-03-02T10:00:00 discourse:12 message {brand} topic:41",
        f"2026-03-02T10:30:00 discourse:12 reply {brand} post:41/3",
    ]
    reasons = {reason for _, reason in got.tally.ignored}
    assert reasons == {"deleted", "private", "no_acts_in_this_file"}


def test_discourse_needs_to_know_the_forum() -> None:
    with pytest.raises(UnreadableFileError, match="--account"):
        Result(("discourse", SAMPLES / "discourse" / "users.csv"))


def test_csv_by_mapping() -> None:
    folder = SAMPLES / "csv"
    got = Result(("csv", folder / "orders.csv"), mapping=folder / "orders.toml")
    assert got.acts[0] == {
        "id": "A-1",
        "brand": "tea",
        "person": "shop:ann",
        "platform": "shop",
        "verb": "purchase",
        "occurred_at": "2026-03-29T00:30:00.000Z",  # winter time
        "value": {"amount": "12.50", "currency": "EUR"},
    }
    assert got.acts[1]["occurred_at"] == "2026-03-29T01:30:00.000Z"  # summer time, an hour later
    [(name, line, reject, _)] = got.refused
    assert (Path(name).name, line, reject.reason) == ("orders.csv", 4, "bad_time")
