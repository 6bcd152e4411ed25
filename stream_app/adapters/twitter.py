"""Twitter v1.1 Account Activity: tweets, likes, follows, blocks, direct messages, revocations.

Ids come as numbers that JavaScript has rounded and as strings; only the strings are right. One
delivery is on behalf of `for_user_id`, which is the brand's account where it is a party at all.
"""

from __future__ import annotations

from collections.abc import Iterator

from stream_app.adapters import times
from stream_app.adapters.base import Delivery, Event, Finding, Outcome, Refusal, each, side
from stream_app.adapters.fields import Malformed, Node

PLATFORM = "twitter"

EVENTS = (
    Event("tweet_create_events(reply)", "reply"),
    Event("tweet_create_events(quote)", "quote", note="the embedded original does not count"),
    Event("tweet_create_events(retweet)", "share", note="nor does the retweeted one, or its time"),
    Event("tweet_create_events(mention)", "mention"),
    Event("tweet_create_events", "post", note="the account's own, addressed to nobody"),
    Event("tweet_create_events(edit)", "post", "update", "a newer version of an older tweet"),
    Event("tweet_delete_events", "post", "delete", "what it was, from what was seen"),
    Event("favorite_events", "like"),
    Event("follow_events(follow)", "follow"),
    Event("follow_events(unfollow)", "follow", "undo"),
    Event("block_events(block)", "block"),
    Event("block_events(unblock)", "block", "undo"),
    Event("mute_events", "", "ignore", "a mute is private; the muted one never learns of it"),
    Event("direct_message_events", "message"),
    Event("direct_message_events(other)", "", "ignore", "joins, leaves, renames, reactions"),
    Event("direct_message_mark_read_events", "view"),
    Event("direct_message_indicate_typing_events", "", "ignore"),
    Event("user_event.revoke", "", "revoke"),
    Event("other", "", "ignore", "replay status, spaces, what is new"),
)
_NOT_EVENTS = frozenset(
    ("for_user_id", "users", "apps", "user_has_blocked", "is_blocked_by", "user_event")
)


def read(delivery: Delivery) -> Iterator[Outcome]:
    """All events of a delivery, in the order of its fields."""
    root = delivery.json()
    account = root.text("for_user_id")
    if not root:
        raise Malformed("$", "an event of the Account Activity API")
    if "user_event" in root:
        yield from _user_event(root.need("user_event"))
    for key in root.value:
        if key in _NOT_EVENTS:
            continue
        reader = _READERS.get(key)
        if reader is None:
            yield _ignored("other", "unknown_event")
            continue
        try:
            yield from each(root.parts(key), lambda item, r=reader: r(item, account))  # type: ignore[misc]
        except Malformed as fault:
            yield Refusal.of(fault)


def _tweet(tweet: Node, account: str) -> Finding:
    own = _id(tweet)
    actor = _id(tweet.need("user"))
    verb, target, object_ = _chosen(list(_addressed(tweet, own)), tweet, actor, account)
    name = {"share": "retweet", "post": ""}.get(verb, verb)
    first = tweet.child("edit_history").text("initial_tweet_id")
    edited = first not in ("", own)
    if edited:
        name = "edit"
    # A quote is dated in whole seconds, as the reference table of these deliveries has it.
    precise = times.millis(tweet, "timestamp_ms") if verb != "quote" else None
    return Finding(
        native=f"tweet_create_events({name})" if name else "tweet_create_events",
        verb="post" if edited else verb,
        op="update" if edited else "create",
        actor=actor,
        target=target,
        object=own if edited else object_,
        at_us=_first_time(precise, tweet, own),
        direction=_tweet_direction(actor, target, account),
        id=own,
        key=own,
        in_reply_to=tweet.text("in_reply_to_status_id_str") if verb == "reply" else "",
    )


def _addressed(tweet: Node, own: str) -> Iterator[tuple[str, str, str]]:
    """Whom a tweet is to, the most direct first: (verb, person, object)."""
    original = tweet.child("retweeted_status")
    if original:
        yield "share", _id(original.need("user")), _id(original)
        return  # "RT @author: ..." mentions the author, and whoever the original mentions
    reply_to = tweet.first("in_reply_to_user_id_str", "in_reply_to_user_id")
    if reply_to and tweet.first("in_reply_to_status_id_str", "in_reply_to_status_id"):
        yield "reply", reply_to, own
    if tweet.first("quoted_status_id_str", "quoted_status_id"):
        quoted = tweet.child("quoted_status")  # absent when the quoted tweet is gone
        person = _id(quoted.child("user")) if "user" in quoted else ""
        yield "quote", person, tweet.first("quoted_status_id_str", "quoted_status_id")
    if reply_to:
        yield "mention", reply_to, own
    for part in (tweet.child("extended_tweet"), tweet):
        for mention in part.child("entities").nodes("user_mentions"):
            yield "mention", _id(mention), own


def _chosen(
    meant: list[tuple[str, str, str]], tweet: Node, actor: str, account: str
) -> tuple[str, str, str]:
    """The address that counts: one tweet is one act."""
    if actor == account:
        others = [address for address in meant if address[1] not in ("", actor)]
        return (others or meant or [("post", "", _id(tweet))])[0]
    for address in meant:
        if address[1] == account:
            return address
    for verb, person, object_ in meant:
        if verb == "quote" and not person:
            return verb, account, object_
        if verb != "mention":
            return verb, person, object_
    # Delivered to the account, and to nobody's tweet: it is named in a part that was cut off.
    return "mention", account or (meant[0][1] if meant else ""), _id(tweet)


def _tweet_direction(actor: str, target: str, account: str) -> str:
    if actor == target:
        return "self"
    if actor == account:
        return "outbound"
    return "inbound" if target == account or not account else "peer"


def _favorite(event: Node, account: str) -> Finding:
    status = event.need("favorited_status")
    actor, target = _id(event.need("user")), _id(status.need("user"))
    at = _first_time(times.millis(event, "timestamp_ms"), event, "")
    stamp = event.text("id") if at is None else str(at // 1_000)
    return Finding(
        native="favorite_events",
        verb="like",
        actor=actor,
        target=target,
        object=_id(status),
        at_us=at,
        direction=side(actor, target, account),
        id=f"like:{actor}:{_id(status)}:{stamp}",
        in_reply_to=_id(status),
    )


def _relation(event: Node, account: str, verb: str) -> Finding:
    kind = event.id("type")
    known = {verb: "create", f"un{verb}": "undo"}
    if kind not in known:
        return _ignored("other", "unknown_type")
    actor, target = _id(event.need("source")), _id(event.need("target"))
    at = times.millis(event, "created_timestamp")
    return Finding(
        native=f"{verb}_events({kind})",
        verb=verb,
        op=known[kind],
        actor=actor,
        target=target,
        at_us=at,
        direction=side(actor, target, account),
        id=f"{verb}:{actor}:{target}:{_stamp(at)}",
    )


def _follow(event: Node, account: str) -> Finding:
    return _relation(event, account, "follow")


def _block(event: Node, account: str) -> Finding:
    return _relation(event, account, "block")


def _mute(event: Node, account: str) -> Finding:
    actor, target = _id(event.need("source")), _id(event.need("target"))
    at = times.millis(event, "created_timestamp")
    return _ignored("mute_events", "private", actor, target, at)


def direct_message(event: Node, account: str) -> Finding:
    if event.id("type") != "message_create":
        return _ignored("direct_message_events(other)", "no_message")
    message = event.need("message_create")
    actor, target = message.id("sender_id"), message.need("target").id("recipient_id")
    own = event.id("id")
    return Finding(
        native="direct_message_events",
        verb="message",
        actor=actor,
        target=target,
        object=own,
        at_us=_first_time(times.millis(event, "created_timestamp"), Node({}, ""), own),
        direction=side(actor, target, account),
        id=own,
        key=own,
    )


def mark_read(event: Node, account: str) -> Finding:
    actor, target = event.id("sender_id"), event.need("target").id("recipient_id")
    read_up_to = event.text("last_read_event_id")
    at = times.millis(event, "created_timestamp")
    return Finding(
        native="direct_message_mark_read_events",
        verb="view",
        actor=actor,
        target=target,
        object=read_up_to,
        at_us=at,
        direction=side(actor, target, account),
        id=f"read:{actor}:{target}:{read_up_to or _stamp(at)}",
    )


def _typing(event: Node, account: str) -> Finding:
    actor, target = event.id("sender_id"), event.need("target").id("recipient_id")
    at = times.millis(event, "created_timestamp")
    return _ignored("direct_message_indicate_typing_events", "typing", actor, target, at)


def _delete(event: Node, account: str) -> Finding:
    status = event.need("status")
    actor, own = status.text("user_id"), status.id("id")
    return Finding(
        native="tweet_delete_events",
        verb="post",
        op="delete",
        actor=actor,
        object=own,
        at_us=times.millis(event, "timestamp_ms"),
        direction="outbound" if actor == account else "inbound",
        id=own,
        key=own,
        undoes=own,
    )


def _user_event(event: Node) -> Iterator[Finding]:
    for key in event.value:
        if key != "revoke":
            yield _ignored("other", "unknown_event")
            continue
        revoke = event.need("revoke")
        actor = revoke.need("source").id("user_id")
        yield Finding(
            native="user_event.revoke",
            op="revoke",
            actor=actor,
            at_us=times.iso(revoke, "date_time"),
            direction="none",
            id=actor,
        )


_READERS = {
    "tweet_create_events": _tweet,
    "tweet_delete_events": _delete,
    "favorite_events": _favorite,
    "follow_events": _follow,
    "unfollow_events": _follow,
    "block_events": _block,
    "unblock_events": _block,
    "mute_events": _mute,
    "unmute_events": _mute,
    "direct_message_events": direct_message,
    "direct_message_mark_read_events": mark_read,
    "direct_message_indicate_typing_events": _typing,
}


def _ignored(
    native: str, reason: str, actor: str = "", target: str = "", at_us: int | None = None
) -> Finding:
    return Finding(
        native=native,
        op="ignore",
        actor=actor,
        target=target,
        at_us=at_us,
        direction="none",
        reason=reason,
    )


def _id(node: Node) -> str:
    """The exact id: the number beside it may be rounded."""
    return node.first("id_str", "id") or node.id("id_str")


def _first_time(at_us: int | None, node: Node, own: str) -> int | None:
    """The precise time, else the one in words, else the one inside the id."""
    if at_us is not None:
        return at_us
    if node.raw("created_at"):
        return times.ruby(node.raw("created_at"), node.at("created_at"))
    return times.snowflake(own)


def _stamp(at_us: int | None) -> str:
    return "" if at_us is None else str(at_us // 1_000)
