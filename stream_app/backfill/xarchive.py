"""The archive that X (Twitter before) gives an account's owner: `window.YTD.<kind>.part0 = [...]`.

Each file becomes the webhooks that the same acts would have been. The owner is in `account.js`,
which is looked for beside each file, or said by --account. Follows and blocks have no time there.
Likes name no author, `following` is no act towards a person: nothing comes of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final

from stream_app.adapters import times
from stream_app.adapters.base import Finding, Outcome, Refusal, oriented
from stream_app.adapters.fields import Malformed, Node
from stream_app.adapters.registry import read
from stream_app.backfill.arrays import Text, members, packed
from stream_app.backfill.errors import UnreadableFileError
from stream_app.backfill.files import name_of, opened
from stream_app.backfill.found import Found, Options, Passed

_ASSIGNMENT: Final = re.compile(r"\s*window\.YTD\.(\w+)\.part\d+\s*=\s*")
_BEGIN: Final = 4_096
Webhook = tuple[str, dict[str, Any]]
"""Field of the delivery, and one event in it."""


def xarchive(file: BinaryIO, path: Path, platform: str, options: Options) -> Iterator[Found]:
    """The acts in one file of an archive; a file of a kind that holds none is passed over."""
    text, kind = _begun(file, name_of(path))
    if kind is None:
        return
    events = _KINDS.get(kind)
    if events is None:
        yield Found(1, Passed("no_acts_in_this_file"), b"")
        return
    account = options.account or _account(path)
    if not account:
        what = "whose archive is it? Do: give --account ID, or keep account.js beside the file"
        raise UnreadableFileError(text.name, what)
    for line, value, raw in members(text):
        for outcome in _found(value, events, account):
            if isinstance(outcome, Finding):
                outcome = oriented(outcome, platform, options.accounts)
            yield Found(line, outcome, raw)


def _begun(file: BinaryIO, name: str) -> tuple[Text, str | None]:
    """A file behind its assignment, and its kind; None if it is empty."""
    text = Text(file, name)
    while len(text.held) < _BEGIN and text.more(_BEGIN):
        pass
    if not text.held.strip():
        return text, None
    match = _ASSIGNMENT.match(text.held)
    if match is None:
        raise UnreadableFileError(f"{name}:1", "expected window.YTD.<kind>.part<n> = [")
    text.drop(match.end())
    return text, match[1]


def _account(path: Path) -> str:
    """The owner's id in the `account.js` beside a file; "" if there is none."""
    beside = path.with_name("account.js")
    if str(path) == "-" or not beside.is_file():
        return ""
    with opened(beside) as file:
        text, kind = _begun(file, beside.name)
        if kind != "account":
            return ""
        for _, value, _raw in members(text):
            try:
                return Node.of(value).need("account").id("accountId")
            except Malformed as fault:
                raise UnreadableFileError(beside.name, str(fault)) from fault
    return ""


def _found(
    value: Any, events: Callable[[Node, str], Iterator[Webhook]], account: str
) -> Iterator[Outcome]:
    """What a member of a file is, through the adapter of the older API, whose objects these are."""
    try:
        for field, event in events(Node.of(value), account):
            delivery = {"for_user_id": account, field: [event]}
            yield from read("twitter", packed(delivery))
    except Malformed as fault:
        yield Refusal.of(fault)


def _tweet(member: Node, account: str) -> Iterator[Webhook]:
    tweet = member.child("tweet") or member  # before 2019 there was no `tweet` around it
    yield "tweet_create_events", {**tweet.value, "user": {"id_str": account}}


def _messages(member: Node, account: str) -> Iterator[Webhook]:
    for item in member.need("dmConversation").nodes("messages"):
        message = item.child("messageCreate")
        if not message or not message.text("recipientId"):
            continue  # joins, leaves and names; messages of groups are to nobody
        at = times.iso(message, "createdAt")
        yield (
            "direct_message_events",
            {
                "type": "message_create",
                "id": message.id("id"),
                "created_timestamp": None if at is None else str(at // 1_000),
                "message_create": {
                    "sender_id": message.id("senderId"),
                    "target": {"recipient_id": message.id("recipientId")},
                },
            },
        )


def _follower(member: Node, account: str) -> Iterator[Webhook]:
    person = member.need("follower").id("accountId")
    event = {"type": "follow", "source": {"id_str": person}, "target": {"id_str": account}}
    yield "follow_events", event


def _block(member: Node, account: str) -> Iterator[Webhook]:
    person = member.need("blocking").id("accountId")
    event = {"type": "block", "source": {"id_str": account}, "target": {"id_str": person}}
    yield "block_events", event


_KINDS: Final[dict[str, Callable[[Node, str], Iterator[Webhook]]]] = {
    "tweet": _tweet,
    "tweets": _tweet,
    "community_tweet": _tweet,
    "direct_message": _messages,
    "direct_messages": _messages,
    "follower": _follower,
    "block": _block,
}
