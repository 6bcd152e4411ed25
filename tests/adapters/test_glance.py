"""A look at the bytes of a firehose never says what reading would not say."""

from __future__ import annotations

import random

import orjson
import pytest

from stream_app.adapters.accounts import Accounts
from stream_app.adapters.base import Finding
from stream_app.adapters.interactions import Skip, interaction
from stream_app.adapters.registry import glance, read
from stream_app.adapters.seen import Act, Seen

US = "did:plc:oursoursoursoursoursours"
THEM = "did:plc:themthemthemthemthemthem"
OTHER = "did:plc:otherotherotherotherothe"
LISTED = Accounts({"bluesky": {US: "acme"}}, derive=False)
MANY = Accounts({"bluesky": {US: "acme", **{f"did:plc:{n}": "b" for n in range(40)}}})
TIME_US = 1_783_175_888_112_407
NOW_MS = TIME_US // 1_000


def commit(operation: str, collection: str, record: object = None, did: str = THEM) -> bytes:
    told: dict[str, object] = {"rev": "3mptbyp63ihkz", "operation": operation}
    told |= {"collection": collection, "rkey": "3m3q"}
    if record is not None:
        told["record"] = record
    return orjson.dumps({"did": did, "time_us": TIME_US, "kind": "commit", "commit": told})


def news(kind: str, **fields: object) -> bytes:
    told = {"did": THEM, "time_us": TIME_US, "kind": kind, kind: {"did": THEM, "seq": 5} | fields}
    return orjson.dumps(told)


LIKE, POST = "app.bsky.feed.like", "app.bsky.feed.post"
ON_US = {"subject": {"uri": f"at://{US}/{POST}/1", "cid": "c"}}
ON_OTHER = {"subject": {"uri": f"at://{OTHER}/{POST}/1", "cid": "c"}}
STRANGE = [
    commit("create", LIKE, ON_OTHER),
    commit("create", POST, {"text": "hello", "createdAt": "2026-01-01T00:00:00Z"}),
    commit("delete", LIKE),
    commit("delete", POST),
    commit("delete", "app.bsky.actor.profile"),
    news("identity", handle="them.example", time="2026-01-01T00:00:00Z"),
    news("account", active=True, time="2026-01-01T00:00:00Z"),
]
TO_BE_READ = [
    commit("create", LIKE, ON_US),
    commit("create", LIKE, ON_OTHER, did=US),
    news("account", active=False, status="deleted"),
    news("account", active=False, status="takendown"),
    news("identity", handle="hándle.example"),
    commit("delete", LIKE).replace(b"3m3q", b"3m\\u0033q"),
    commit("delete", LIKE).replace(b'"rev"', b'"rkey":"4","rev"'),
    commit("delete", LIKE)[:-1],
    b"",
    b"[]",
    b'{"kind": "commit"}',
]


@pytest.mark.parametrize("accounts", [LISTED, MANY])
def test_what_is_told_at_a_look(accounts: Accounts) -> None:
    quick = glance("bluesky", accounts)
    assert quick is not None
    removals = [
        f"at://{THEM}/{LIKE}/3m3q",
        f"at://{THEM}/{POST}/3m3q",
        f"at://{THEM}/app.bsky.actor.profile/3m3q",
    ]
    assert [quick.look(one) for one in STRANGE] == ["", "", *removals, "", ""]
    spaced = [one.replace(b'":', b'": ').replace(b',"', b', "') for one in STRANGE]
    assert [quick.look(one) for one in spaced] == ["", "", *removals, "", ""]
    newer = [one.replace(b'"kind":', b'"cursor":12,"kind":', 1) for one in STRANGE]
    assert [quick.look(one) for one in newer] == ["", "", *removals, "", ""]
    assert [quick.look(one) for one in TO_BE_READ] == [None] * len(TO_BE_READ)
    assert quick.look(b'{"record":1}' + b" " * (256 * 1024)) is None


def test_with_no_account_listed_all_but_removals_are_read() -> None:
    quick = glance("bluesky", Accounts())
    assert quick is not None
    told = [quick.look(one) is not None for one in STRANGE]
    assert told == [False, False, True, True, True, False, False]


def test_other_platforms_are_read() -> None:
    assert glance("twitter", LISTED) is None


def comes_to(payload: bytes, accounts: Accounts) -> list[object]:
    """What reading makes of a delivery, with nothing seen before."""
    return [
        interaction(one, "bluesky", accounts, NOW_MS, Seen()) if isinstance(one, Finding) else one
        for one in read("bluesky", payload, None, accounts)
    ]


@pytest.mark.parametrize("accounts", [LISTED, MANY, Accounts()])
def test_a_look_never_disagrees_with_reading(accounts: Accounts) -> None:
    """20,000 mutated events: what is told at a look comes to nothing when it is read."""
    quick = glance("bluesky", accounts)
    assert quick is not None
    dice, told = random.Random(3), 0
    for _ in range(20_000):
        payload = bytearray(dice.choice(STRANGE + TO_BE_READ))
        for _ in range(dice.choice((0, 1, 1, 2, 3))):
            if payload:
                at = dice.randrange(len(payload))
                if dice.random() < 0.5:
                    payload[at] = dice.choice(b'"{}[]:,\\ \x00\xff0a')
                elif dice.random() < 0.5:
                    del payload[at : at + dice.randint(1, 8)]
                else:
                    payload[at:at] = payload[: dice.randint(0, 12)]
        if quick.look(bytes(payload)) is not None:
            told += 1
            [outcome] = comes_to(bytes(payload), accounts)
            assert isinstance(outcome, Skip), bytes(payload)
    assert told > 1_000


def test_what_was_seen_is_read() -> None:
    """The act that a removal names stands in the table: the look gives the key to find it by."""
    seen = Seen()
    [like] = read("bluesky", commit("create", LIKE, ON_US), None, LISTED)
    assert isinstance(like, Finding)
    interaction(like, "bluesky", LISTED, NOW_MS, seen)
    quick = glance("bluesky", LISTED)
    assert quick is not None
    key = quick.look(commit("delete", LIKE))
    assert key is not None
    assert isinstance(seen.get("bluesky", key, NOW_MS), Act)
