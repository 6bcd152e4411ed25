"""GitHub webhooks: the event's name is in the header `X-GitHub-Event`, its id in
`X-GitHub-Delivery`; the body alone does not tell.

The repository's owner is the brand; what the owner says in somebody's thread is towards whoever
opened it. A star is delivered as `star` and as `watch`, with the time in the first only, so only
the first counts. A release is delivered up to three times; `published` counts. An issue that was
moved here was counted where it was opened.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from decimal import Decimal

import msgspec

from stream_app.adapters import times
from stream_app.adapters.accounts import OWNER
from stream_app.adapters.base import Delivery, Event, Finding, Money, Outcome
from stream_app.adapters.fields import Malformed, Node, amount, whole

PLATFORM = "github"

_THREADS = {
    # event: (verb, field of the thing, field of what it is on)
    "issues": ("message", "issue", ""),
    "issue_comment": ("reply", "comment", "issue"),
    "commit_comment": ("reply", "comment", ""),
    "discussion": ("message", "discussion", ""),
    "discussion_comment": ("reply", "comment", "discussion"),
    "pull_request": ("contribute", "pull_request", ""),
    "pull_request_review": ("reply", "review", "pull_request"),
    "pull_request_review_comment": ("reply", "comment", "pull_request"),
}
_COMMENTS = {
    # Comments of each kind are numbered on their own. Those on issues keep the plain name.
    "commit_comment": "commit_comment",
    "discussion_comment": "discussion_comment",
    "pull_request_review_comment": "review_comment",
}
_NEW = frozenset(("opened", "created", "submitted"))

EVENTS = (
    Event("star.created", "like"),
    Event("star.deleted", "like", "undo", "has no time"),
    Event("watch.started", "like", note="the same act as star.created, counted there"),
    Event("fork", "share"),
    *(
        Event(f"{name}.{suffix}", verb, op)
        for name, (verb, _, _) in _THREADS.items()
        for suffix, op in (("new", "create"), ("edited", "update"), ("deleted", "delete"))
    ),
    Event("issues.transferred_in", "message", note="counted where it was opened"),
    Event("discussion.answered", "endorse", note="towards the answer's author"),
    Event("discussion.unanswered", "endorse", "undo"),
    Event("push", "contribute"),
    Event("gollum", "contribute", note="pages of the wiki"),
    Event("release.published", "post", note="the brand's own work"),
    Event("release.edited", "post", "update"),
    Event("release.deleted", "post", "delete"),
    Event("member.added", "join"),
    Event("member.removed", "join", "undo"),
    Event("organization.member_added", "join"),
    Event("organization.member_removed", "join", "undo"),
    Event("membership.added", "join", note="a team: a membership of its own"),
    Event("membership.removed", "join", "undo"),
    Event("github_app_authorization.revoked", "", "revoke"),
    Event("org_block.blocked", "block"),
    Event("org_block.unblocked", "block", "undo"),
    Event("sponsorship.created", "purchase"),
    Event("sponsorship.edited", "purchase", "update", "and tier changes, and cancellations"),
    Event("marketplace_purchase.purchased", "purchase"),
    Event("marketplace_purchase.changed", "purchase", "update", "and cancellations"),
    Event("other", "", "ignore", "builds, labels, assignments, settings, what is new"),
)


def read(delivery: Delivery) -> Iterator[Outcome]:
    """The finding of one webhook."""
    root = delivery.json()
    name = delivery.header("x-github-event") or _guessed(root)
    if not root:
        raise Malformed("$", "a webhook's payload")
    reader = _READERS.get(name)
    found = reader(root, name, delivery) if reader else None
    found = found or _ignored(root)
    yield msgspec.structs.replace(found, automated=True) if _by_bot(root) else found


def _guessed(root: Node) -> str:
    """The event of a payload that came without its headers, for the plainest ones."""
    for field, name in (
        ("starred_at", "star"),
        ("forkee", "fork"),
        ("comment", "issue_comment"),
        ("review", "pull_request_review"),
        ("pull_request", "pull_request"),
        ("issue", "issues"),
        ("release", "release"),
        ("sponsorship", "sponsorship"),
        ("marketplace_purchase", "marketplace_purchase"),
        ("pusher", "push"),
        ("member", "member"),
    ):
        if field in root:
            return name
    return "watch" if root.text("action") == "started" else ""


def _by_bot(root: Node) -> bool:
    return root.child("sender").text("type") == "Bot"


def _sender(root: Node) -> str:
    return root.need("sender").id("id")


def _owner(root: Node) -> str:
    """The account that the repository, or else the hook, belongs to."""
    owner = root.child("repository").child("owner").text("id")
    return owner or root.child("organization").text("id")


def _direction(actor: str, target: str) -> str:
    return "self" if actor and actor == target else "inbound"


def _act(
    root: Node,
    native: str,
    verb: str,
    own: str,
    *,
    op: str = "create",
    actor: str | None = None,
    opener: str = "",
    ours: Container[str] = (),
    object_: str = "",
    at_us: int | None = None,
    key: str = "",
    in_reply_to: str = "",
    elsewhere: bool = False,
) -> Finding:
    """An act of `actor` (the sender) towards the owner; of ours, too, towards the `opener`."""
    actor = _sender(root) if actor is None else actor
    owner = _owner(root)
    by_us = actor == owner or actor in ours
    answers = by_us and opener not in ("", owner) and opener not in ours
    return Finding(
        native=native,
        verb=verb,
        op=op,
        actor=actor,
        target=opener if answers else owner,
        object=object_,
        at_us=at_us,
        direction="outbound" if answers else _direction(actor, owner),
        account="" if owner else OWNER,
        id=own,
        key=key,
        undoes=key if op == "delete" else "",
        in_reply_to=in_reply_to,
        elsewhere=elsewhere,
    )


def _star(root: Node, name: str, delivery: Delivery) -> Finding | None:
    action = root.id("action")
    if action not in ("created", "deleted"):
        return None
    repository = root.need("repository").id("id")
    key = f"star:{_sender(root)}:{repository}"
    deleted = action == "deleted"
    at = None if deleted else times.iso(root, "starred_at")
    stamp = delivery.header("x-github-delivery") if at is None else str(at // 1_000)
    return _act(
        root,
        f"star.{action}",
        "like",
        f"{key}:{stamp}",
        op="undo" if deleted else "create",
        at_us=at,
        key=key,
    )


def _watch(root: Node, name: str, delivery: Delivery) -> Finding | None:
    if root.id("action") != "started":
        return None
    own = f"star:{_sender(root)}:{root.need('repository').id('id')}"
    return _act(root, "watch.started", "like", own, elsewhere=True)


def _fork(root: Node, name: str, delivery: Delivery) -> Finding:
    forkee = root.need("forkee")
    own = forkee.id("id")
    return _act(
        root, "fork", "share", f"fork:{own}", object_=own, at_us=times.iso(forkee, "created_at")
    )


def _thread(root: Node, name: str, delivery: Delivery) -> Finding | None:
    verb, field, on = _THREADS[name]
    action = root.id("action")
    if name == "discussion" and action in ("answered", "unanswered"):
        return _answered(root, action, delivery)
    ops = {"edited": "update", "deleted": "delete", **dict.fromkeys(_NEW, "create")}
    op = ops.get(action)
    if op is None:
        return None
    thing = root.need(field)
    own = thing.id("id")
    moved = name == "issues" and "old_issue" in root.child("changes")
    suffix = "new" if op == "create" else action
    begun = "submitted_at" if name == "pull_request_review" else "created_at"
    dated = {"create": begun, "update": "updated_at"}.get(op)
    key = f"{_COMMENTS.get(name, field)}:{own}"
    return _act(
        root,
        f"{name}.{'transferred_in' if moved else suffix}",
        verb,
        key,
        op=op,
        # Whoever deletes it, the act that is gone is its author's, also where that one is gone.
        actor=thing.child("user").text("id") if op == "delete" else None,
        opener=root.need(on).child("user").text("id") if on else "",
        ours=delivery.accounts.of(PLATFORM),
        object_=own,
        at_us=times.iso(thing, dated) if dated else None,
        key=key,
        in_reply_to=f"{on}:{root.need(on).id('id')}" if on else "",
        # A review that says nothing is only what holds its comments, which are told as well.
        elsewhere=moved or (thing.text("state"), thing.text("body")) == ("commented", ""),
    )


def _answered(root: Node, action: str, delivery: Delivery) -> Finding:
    undo = action == "unanswered"
    answer = root.child("old_answer") if undo else root.need("answer")
    own = answer.text("id")
    actor, target = _sender(root), answer.child("user").text("id")
    at = None if undo else times.iso(root.need("discussion"), "answer_chosen_at")
    key = f"answer:{own}"
    towards = {actor: "outbound", target: "inbound"}.get(_owner(root), "peer")
    return Finding(
        native=f"discussion.{action}",
        verb="endorse",
        op="undo" if undo else "create",
        actor=actor,
        target=target,
        object=own,
        at_us=at,
        direction="self" if actor == target else towards,
        # Chosen again after it was not any more, it is another act.
        id=f"{key}:{delivery.header('x-github-delivery') if at is None else at // 1_000}",
        key=key,
    )


def _push(root: Node, name: str, delivery: Delivery) -> Finding | None:
    head = root.child("head_commit")
    if not head:  # a branch or a tag was deleted
        return None
    own = head.id("id")
    return _act(root, "push", "contribute", f"push:{own}", at_us=times.iso(head, "timestamp"))


def _gollum(root: Node, name: str, delivery: Delivery) -> Finding:
    pages = list(root.nodes("pages"))
    own = pages[0].text("sha") if pages else delivery.header("x-github-delivery")
    return _act(root, "gollum", "contribute", f"wiki:{own}")


def _release(root: Node, name: str, delivery: Delivery) -> Finding | None:
    action = root.id("action")
    op = {"published": "create", "edited": "update", "deleted": "delete"}.get(action)
    if op is None:
        return None
    release = root.need("release")
    own = release.id("id")
    return Finding(
        native=f"release.{action}",
        verb="post",
        op=op,
        actor=_owner(root) or _sender(root),
        object=own,
        at_us=times.iso(release, "published_at") if op == "create" else None,
        direction="outbound",
        id=f"release:{own}",
    )


def _member(root: Node, name: str, delivery: Delivery) -> Finding | None:
    action = root.id("action").removeprefix("member_")
    if action not in ("added", "removed"):
        return None
    of_organization = name == "organization"
    person = root.need("membership").child("user") if of_organization else root.child("member")
    actor, op = person.text("id"), "undo" if action == "removed" else "create"
    native = f"{name}.{'member_' if of_organization else ''}{action}"
    team = root.need("team").id("id") if name == "membership" else ""
    own = f"join:{actor}:{delivery.header('x-github-delivery')}"
    return _act(root, native, "join", own, op=op, actor=actor, object_=team)


def _authorization(root: Node, name: str, delivery: Delivery) -> Finding | None:
    if root.id("action") != "revoked":
        return None
    actor = _sender(root)
    return Finding(native=f"{name}.revoked", op="revoke", actor=actor, direction="none", id=actor)


def _org_block(root: Node, name: str, delivery: Delivery) -> Finding | None:
    action = root.id("action")
    if action not in ("blocked", "unblocked"):
        return None
    actor = root.need("organization").id("id")
    target = root.child("blocked_user").text("id")
    return Finding(
        native=f"org_block.{action}",
        verb="block",
        op="undo" if action == "unblocked" else "create",
        actor=actor,
        target=target,
        direction="outbound",
        id=f"block:{target}:{delivery.header('x-github-delivery')}",
    )


def _sponsorship(root: Node, name: str, delivery: Delivery) -> Finding:
    created = root.id("action") == "created"
    deal = root.need("sponsorship")
    actor, target = deal.child("sponsor").text("id"), deal.child("sponsorable").text("id")
    tier = deal.child("tier")
    return Finding(
        native=f"sponsorship.{'created' if created else 'edited'}",
        verb="purchase",
        op="create" if created else "update",
        actor=actor,
        target=target,
        at_us=times.iso(deal, "created_at") if created else None,
        direction=_direction(actor, target),
        id=f"sponsorship:{actor}:{target}:{deal.text('created_at')}",
        value=_cents(tier, "monthly_price_in_cents", 1),
    )


def _purchase(root: Node, name: str, delivery: Delivery) -> Finding | None:
    action = root.id("action")
    bought = action == "purchased"
    if action not in ("purchased", "changed", "cancelled"):
        return None
    deal = root.need("marketplace_purchase")
    actor = deal.need("account").id("id")
    cycle = "yearly" if deal.text("billing_cycle") == "yearly" else "monthly"
    units = deal.raw("unit_count")
    count = units if isinstance(units, int) and units > 0 else 1
    return Finding(
        native=f"marketplace_purchase.{'purchased' if bought else 'changed'}",
        verb="purchase",
        op="create" if bought else "update",
        actor=actor,
        at_us=times.iso(root, "effective_date"),
        account=OWNER,
        id=f"marketplace:{actor}:{root.text('effective_date')}",
        value=_cents(deal.child("plan"), f"{cycle}_price_in_cents", count),
    )


def _cents(node: Node, field: str, count: int) -> Money | None:
    """A price in US cents, times `count`; GitHub states no other currency."""
    cents = node.raw(field)
    if not whole(cents):
        return None
    price = Decimal(amount(cents, node.at(field), 2))
    return Money(amount(price * count, node.at(field)), "USD")


def _ignored(root: Node) -> Finding:
    actor = root.child("sender").text("id")
    return Finding(native="other", op="ignore", actor=actor, direction="none", reason="no_act")


_Reader = Callable[[Node, str, Delivery], Finding | None]
_READERS: dict[str, _Reader] = {
    **dict.fromkeys(_THREADS, _thread),
    "star": _star,
    "watch": _watch,
    "fork": _fork,
    "push": _push,
    "gollum": _gollum,
    "release": _release,
    "member": _member,
    "organization": _member,
    "membership": _member,
    "github_app_authorization": _authorization,
    "org_block": _org_block,
    "sponsorship": _sponsorship,
    "marketplace_purchase": _purchase,
}
