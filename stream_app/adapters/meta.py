"""The `messaging` events that Messenger, Instagram and Facebook Pages share.

They come in `messaging` of an entry, or one each as a change of a field of that name; their time is
in milliseconds there, and in seconds here, as a number or as text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from stream_app.adapters import times
from stream_app.adapters.base import Delivery, Event, Finding, Money, Outcome, each
from stream_app.adapters.fields import Malformed, Node, amount, currency
from stream_app.adapters.sentiments import NEGATIVE_SIGNS

EVENTS = (
    Event("messages", "message"),
    Event("messages(story_mention)", "mention", note="told of by a message"),
    Event("message_echoes", "message", note="sent by the account itself: outbound"),
    Event("messages(is_deleted)", "message", "delete"),
    Event("message_edits", "message", "update"),
    Event("message_reactions(react)", "like"),
    Event("message_reactions(unreact)", "like", "undo"),
    Event("message_reads", "view"),
    Event("messaging_postbacks", "click"),
    Event("messaging_referrals", "click", note="came by a link, an ad, a code"),
    Event("messaging_optins", "subscribe"),
    Event("messaging_optins(stop)", "subscribe", "undo"),
    Event("messaging_payments", "purchase"),
    Event("messaging_feedback", "review", note="sentiment from the score, on its scale"),
    Event("response_feedback", "review", note="a good or a bad response"),
    Event("messaging_customer_information", "lead", note="a form that asks who they are"),
    Event("messaging_other", "", "ignore", "deliveries, handovers, policy, account linking"),
)
NEGATIVE = frozenset(("sad", "angry", "dislike"))
"""Reactions that are no affinity."""
_SCALES = {"csat": (1, 5), "nps": (0, 10), "ces": (1, 7)}
_IGNORED = frozenset(
    [
        "delivery",
        "account_linking",
        "app_roles",
        "policy_enforcement",
        "policy-enforcement",
        "pass_thread_control",
        "take_thread_control",
        "request_thread_control",
        "pre_checkout",
        "checkout_update",
        "game_play",
        "message_context",
        "consent",
    ]
)


def entries(
    delivery: Delivery, read: Callable[[Node, str], Iterator[Outcome]]
) -> Iterator[Outcome]:
    """What `read` finds in each entry of a delivery, or of an array of them, as the documentation
    shows them; it gets the entry and the kind of object that it is of."""
    yield from each(delivery.parts(), lambda root: _entries(root, read))


def _entries(root: Node, read: Callable[[Node, str], Iterator[Outcome]]) -> Iterator[Outcome]:
    kind = root.id("object")
    if "entry" not in root:
        raise Malformed(root.at("entry"), "an array")
    yield from each(root.parts("entry"), lambda entry: read(entry, kind))


def is_messaging(change: Node) -> bool:
    """True for a change that is a messaging event, of whatever field: only those have a sender."""
    value = change.raw("value")
    return isinstance(value, dict) and "sender" in value


def message(event: Node, account: str) -> Iterator[Outcome]:
    """The finding of one messaging event, delivered to `account`."""
    for key, reader in _READERS.items():
        if key in event:
            yield reader(event, event.need(key), account)
            return
    if not event:
        raise Malformed(event.path, "a messaging event")
    yield _ignored(event)


def _ignored(event: Node) -> Finding:
    known = any(key in event for key in _IGNORED)
    return Finding(
        native="messaging_other",
        op="ignore",
        actor=_party(event, "sender"),
        target=_party(event, "recipient"),
        at_us=times.seconds_or_millis(event, "timestamp"),
        direction="none",
        reason="no_act" if known else "unknown_event",
    )


def _message(event: Node, part: Node, account: str) -> Finding:
    mid = part.id("mid")
    echo = part.flag("is_echo")
    deleted = part.flag("is_deleted")
    mention = not (echo or deleted) and _in_story(part)
    native = "messages(is_deleted)" if deleted else "message_echoes" if echo else "messages"
    return _finding(
        event,
        account,
        native=f"{native}(story_mention)" if mention else native,
        verb="mention" if mention else "message",
        op="delete" if deleted else "create",
        object_=mid,
        own=mid,
        outbound=echo,
        key=mid,
        undoes=mid if deleted else "",
        in_reply_to=part.child("reply_to").text("mid"),
    )


def _in_story(part: Node) -> bool:
    """True where a person named the account in a story of theirs."""
    kinds = (one.get("type") for one in part.list("attachments") if isinstance(one, dict))
    return "story_mention" in kinds


def _edit(event: Node, part: Node, account: str) -> Finding:
    mid = part.id("mid")
    return _finding(
        event, account, native="message_edits", verb="message", op="update", object_=mid, own=mid
    )


def _reaction(event: Node, part: Node, account: str) -> Finding:
    mid = part.id("mid")
    undo = part.text("action") == "unreact"
    person = _party(event, "sender")
    negative = part.text("reaction") in NEGATIVE or part.text("emoji")[:1] in NEGATIVE_SIGNS
    return _finding(
        event,
        account,
        native=f"message_reactions({'unreact' if undo else 'react'})",
        verb="like",
        op="undo" if undo else "create",
        object_=mid,
        own=f"like:{person}:{mid}:{event.text('timestamp')}",
        key=f"like:{person}:{mid}",
        sentiment=-1.0 if negative else None,
    )


def _read(event: Node, part: Node, account: str) -> Finding:
    mid = part.text("mid")
    mark = mid or part.text("watermark") or event.text("timestamp")
    own = f"read:{_party(event, 'sender')}:{mark}"
    return _finding(event, account, native="message_reads", verb="view", own=own)


def _postback(event: Node, part: Node, account: str) -> Finding:
    own = part.text("mid") or f"postback:{_party(event, 'sender')}:{event.text('timestamp')}"
    return _finding(
        event,
        account,
        native="messaging_postbacks",
        verb="click",
        object_=part.text("mid"),
        own=own,
    )


def _referral(event: Node, part: Node, account: str) -> Finding:
    return _finding(
        event,
        account,
        native="messaging_referrals",
        verb="click",
        object_=part.text("ad_id"),
        own=f"referral:{_party(event, 'sender')}:{event.text('timestamp')}",
    )


def _optin(event: Node, part: Node, account: str) -> Finding:
    stop = part.text("notification_messages_status").upper().startswith("STOP")
    return _finding(
        event,
        account,
        native=f"messaging_optins{'(stop)' if stop else ''}",
        verb="subscribe",
        op="undo" if stop else "create",
        own=f"optin:{_party(event, 'sender')}:{event.text('timestamp')}",
    )


def _payment(event: Node, part: Node, account: str) -> Finding:
    money = part.child("amount")
    value = None
    if money:
        value = Money(
            amount(money.raw("amount"), money.at("amount")),
            currency(money.raw("currency"), money.at("currency")),
        )
    charge = part.child("payment_credential").text("charge_id")
    own = charge or f"payment:{_party(event, 'sender')}:{event.text('timestamp')}"
    return _finding(
        event, account, native="messaging_payments", verb="purchase", own=own, value=value
    )


def _feedback(event: Node, part: Node, account: str) -> Finding:
    """A filled-in form is one review, by the first question of it that has a score."""
    asked = [
        (name, Node.of(answer, f"{questions.path}.{name}"))
        for questions in (screen.child("questions") for screen in part.nodes("feedback_screens"))
        for name, answer in questions.value.items()
    ]
    scored = [(name, _score(answer)) for name, answer in asked]
    name, sentiment = next((one for one in scored if one[1] is not None), ("", None))
    return _finding(
        event,
        account,
        native="messaging_feedback",
        verb="review",
        own=f"feedback:{_party(event, 'sender')}:{event.text('timestamp')}:{name}",
        sentiment=sentiment,
    )


def _response(event: Node, part: Node, account: str) -> Finding:
    """A thumb up or down on a message of the account's."""
    mid, said = part.text("mid"), part.text("feedback").lower()
    thumb = 1.0 if said.startswith("good") else -1.0 if said.startswith("bad") else None
    return _finding(
        event,
        account,
        native="response_feedback",
        verb="review",
        object_=mid,
        own=f"feedback:{_party(event, 'sender')}:{event.text('timestamp')}:{mid}",
        in_reply_to=mid,
        sentiment=thumb,
    )


def _information(event: Node, part: Node, account: str) -> Finding:
    own = f"lead:{_party(event, 'sender')}:{event.text('timestamp')}"
    return _finding(event, account, native="messaging_customer_information", verb="lead", own=own)


def _score(answer: Node) -> float | None:
    """-1 at the low end of a scale, +1 at its high end."""
    low, high = _SCALES.get(answer.text("type").lower(), (0, 0))
    scores = {str(score): score for score in range(low, high + 1) if low < high}
    score = scores.get(str(answer.raw("payload")))
    return None if score is None else (2 * score - low - high) / (high - low)


_READERS = {
    "message": _message,
    "message_edit": _edit,
    "reaction": _reaction,
    "read": _read,
    "payment": _payment,
    "postback": _postback,
    "optin": _optin,
    "referral": _referral,
    "messaging_feedback": _feedback,
    "response_feedback": _response,
    "messaging_customer_information": _information,
}


def _finding(
    event: Node,
    account: str,
    *,
    native: str,
    verb: str,
    own: str,
    op: str = "create",
    object_: str = "",
    outbound: bool = False,
    key: str = "",
    undoes: str = "",
    in_reply_to: str = "",
    sentiment: float | None = None,
    value: Money | None = None,
) -> Finding:
    actor, target = _party(event, "sender"), _party(event, "recipient")
    if outbound and target == account:
        # An echo is the account's own, whichever way round the parties are written.
        actor, target = target, actor
    outbound = outbound or actor == account
    to_self = event.flag("is_self") or event.child("message").flag("is_self")
    alone = to_self or (bool(actor) and actor == target)
    return Finding(
        native=native,
        verb=verb,
        op=op,
        actor=actor,
        target=target,
        object=object_,
        at_us=times.seconds_or_millis(event, "timestamp"),
        direction="self" if alone else "outbound" if outbound else "inbound",
        id=own,
        key=key,
        undoes=undoes,
        in_reply_to=in_reply_to,
        sentiment=sentiment,
        value=value,
    )


def _party(event: Node, role: str) -> str:
    """The id of a sender or recipient; an opted-in stranger has only a `user_ref`."""
    return event.child(role).first("id", "user_ref")
