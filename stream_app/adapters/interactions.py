"""From a finding to an `interaction/v1`: the one place where all platforms become alike."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from stream_app.adapters.accounts import Accounts
from stream_app.adapters.base import Finding, Refusal
from stream_app.adapters.seen import Act, Seen
from stream_app.adapters.texts import bounded
from stream_app.adapters.times import shown_ms
from stream_app.contracts.interaction import SLUG
from stream_app.domain.clock import YEAR_2000_MS, YEAR_10000_MS
from stream_app.domain.partition import FUTURE_MS
from stream_app.domain.rejects import Reason
from stream_app.domain.verbs import INBOUND_VERBS, OUTBOUND_VERBS

Interaction = dict[str, Any]

_INBOUND = frozenset(INBOUND_VERBS)
_OUTBOUND = frozenset(OUTBOUND_VERBS)
_SLUG = re.compile(SLUG)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_ANSWERS = frozenset(("reply", "quote", "message", "resolve"))
_NO_CONTROL = Refusal(reason=Reason.BAD_PERSON, path="actor", expected="no control characters")
_NO_ACT = frozenset(("update", "erase", "revoke", "moderate", "aggregate", "ignore"))


class Skip(msgspec.Struct, frozen=True):
    """Nothing comes of a finding; `reason` is counted. Closed list: the ops that are no acts,
    `elsewhere`, `self`, `peer`, `none`, `no_verb`, `no_account`, `no_person`, `unresolved`."""

    reason: str


def interaction(
    finding: Finding,
    platform: str,
    accounts: Accounts,
    received_ms: int | None,
    seen: Seen | None = None,
) -> Interaction | Skip | Refusal:
    """The interaction that a finding is, or why it is none.

    `received_ms`: the record's timestamp, for findings without a time and for the age of what is
    in `seen`. `seen` is read for removals and answers and gets the acts that later ones may name.
    """
    if finding.op in _NO_ACT:
        return Skip(finding.op)
    if finding.elsewhere:
        return Skip("elsewhere")
    now_ms = received_ms if received_ms is not None else (finding.at_us or 0) // 1_000
    act = _act(finding, platform, accounts, seen, now_ms)
    if not isinstance(act, Act):
        return act
    untimely = _untimely(finding, received_ms)
    if untimely is not None:
        return untimely
    made: Interaction = {
        "id": act.id,
        "brand": act.brand,
        "person": act.person,
        "platform": platform,
        "verb": act.verb,
        "direction": act.direction,
        "op": "undo" if finding.op in ("undo", "delete") else "create",
    }
    _add_time(made, finding, received_ms)
    _add_details(made, finding, act)
    if made["op"] == "create" and finding.key and seen is not None:
        seen.put(platform, finding.key, act, now_ms)
    return made


def _act(
    finding: Finding, platform: str, accounts: Accounts, seen: Seen | None, now_ms: int
) -> Act | Skip | Refusal:
    """Who did what to whom: by the delivery, and by what was seen where that knows better."""
    if finding.op != "create" and finding.key and seen is not None:
        known = seen.get(platform, finding.key, now_ms)
        if known is not None:
            return _by_memory(finding, known)
    if finding.whose and not finding.actor and seen is not None:
        known = seen.get(platform, finding.whose, now_ms)
        if known is not None:
            return _of_same(finding, known)
    if finding.direction == "self" and finding.in_reply_to and seen is not None:
        parent = seen.get(platform, finding.in_reply_to, now_ms)
        if parent is not None and parent.direction == "inbound":
            # Who goes on with what they said themselves is not the brand that it was said to.
            own = accounts.brand(platform, finding.actor) == parent.brand
            return _answer(finding, parent) if own else Skip("self")
    if finding.direction not in ("inbound", "outbound"):
        return Skip(finding.direction)
    return _stated(finding, platform, accounts)


def _by_memory(finding: Finding, known: Act) -> Act:
    """What was seen, under the id of this event.

    A restored act has an id of its own, so has a removal that is an act of its own (a refund of
    a part); one that only says that the act is gone has the id of that act.
    """
    if finding.op == "restore":
        return msgspec.structs.replace(known, id=bounded(finding.id))
    # A restored act is `<id>~<event>`: then what was seen is newer than what the delivery names.
    named = bounded(finding.undoes)
    newer = not named or known.id.startswith(f"{named}~")
    undone = known.id if newer else named
    own = undone if finding.id in (finding.undoes, finding.key) else bounded(finding.id)
    return msgspec.structs.replace(known, id=own, undoes=undone)


def _answer(finding: Finding, parent: Act) -> Act | Skip:
    """The brand acts under its own name on what a person did there: an act towards that person."""
    if finding.verb not in _OUTBOUND:
        return Skip("no_verb")
    return Act(
        id=bounded(finding.id),
        brand=parent.brand,
        person=parent.person,
        verb=finding.verb,
        direction="outbound",
        object=bounded(finding.object),
    )


def _of_same(finding: Finding, known: Act) -> Act:
    """An act of the person, and towards the brand, of one that was seen."""
    return Act(
        id=bounded(finding.id),
        brand=known.brand,
        person=known.person,
        verb=finding.verb,
        direction=known.direction,
        object=bounded(finding.object),
    )


def _stated(finding: Finding, platform: str, accounts: Accounts) -> Act | Skip | Refusal:
    inbound = finding.direction == "inbound"
    if finding.verb not in (_INBOUND if inbound else _OUTBOUND):
        return Skip("no_verb")
    account = finding.brand_account
    person = finding.actor if inbound else finding.target
    if not account:
        return Skip("unresolved" if finding.op != "create" else "no_account")
    if not person:
        return Skip("unresolved" if finding.op != "create" else "no_person")
    if not finding.id:
        return Refusal(reason=Reason.WRONG_SHAPE, path="id", expected="what makes it one act")
    if _CONTROL.search(person):
        return _NO_CONTROL
    brand = accounts.brand(platform, account)
    if brand is None:
        return Refusal(reason=Reason.UNKNOWN_ACCOUNT, path="account", expected="a listed account")
    return Act(
        id=bounded(finding.id),
        brand=brand,
        person=bounded(f"{platform}:{person}"),
        verb=finding.verb,
        direction=finding.direction,
        object=bounded(finding.object),
        undoes=bounded(finding.undoes) if finding.op != "create" else "",
    )


def erased(finding: Finding, platform: str) -> str | Skip | Refusal:
    """The person that an `erase` or a `revoke` is of, as interactions name them."""
    if not finding.actor:
        return Skip("no_person")
    if _CONTROL.search(finding.actor):
        return _NO_CONTROL
    return bounded(f"{platform}:{finding.actor}")


def _untimely(finding: Finding, received_ms: int | None) -> Refusal | None:
    """Why the log would not take the time of an act: then the delivery is refused, whole.

    An act without a time of its own has the receipt's, which may be out of range as well.
    """
    at_ms = received_ms if finding.at_us is None else finding.at_us // 1_000
    if at_ms is None:
        return None
    if not YEAR_2000_MS <= at_ms < YEAR_10000_MS:
        return Refusal(
            reason=Reason.BAD_TIME, path="time", expected="a time from the year 2000 to 9999"
        )
    if received_ms is not None and at_ms > received_ms + FUTURE_MS:
        return Refusal(
            reason=Reason.FROM_THE_FUTURE, path="time", expected="at most its record's + 5 min"
        )
    return None


def _add_time(made: Interaction, finding: Finding, received_ms: int | None) -> None:
    if finding.at_us is not None:
        made["occurred_at"] = shown_ms(finding.at_us)
        return
    made["time_source"] = "receipt"
    if received_ms is not None:
        made["occurred_at"] = shown_ms(received_ms * 1_000)


def _add_details(made: Interaction, finding: Finding, act: Act) -> None:
    if act.undoes:
        made["undoes"] = act.undoes
    if finding.in_reply_to and act.verb in _ANSWERS:
        made["in_reply_to"] = bounded(finding.in_reply_to)
    if act.object:
        made["object"] = act.object
    if finding.value is not None:
        made["value"] = {"amount": finding.value.amount, "currency": finding.value.currency}
    if finding.method:
        made["method"] = bounded(finding.method, 128)
    topics = [topic for topic in finding.topics if _SLUG.match(topic)]
    if topics:
        made["topics"] = topics[:16]
    if finding.sentiment is not None:
        made["sentiment"] = finding.sentiment
    for name in ("automated", "incentivised"):
        if getattr(finding, name):
            made[name] = True
