"""Stripe events. One payment is told by several (`checkout.session.completed`,
`payment_intent.succeeded`, `charge.succeeded`, `invoice.paid`): its id is the payment intent's.
From the API of 2025-03-31 on an invoice names its payments only where they are expanded; of others
`payment_intent.succeeded` or `charge.succeeded` has to tell, so that nothing counts twice.

`data.object` of a refund is the original charge, whose `amount_refunded` is the sum of all refunds
so far; the event's own time is `created` at the top. Amounts are integers in minor units.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from stream_app.adapters import times
from stream_app.adapters.accounts import OWNER
from stream_app.adapters.base import Delivery, Event, Finding, Money, Outcome
from stream_app.adapters.fields import Node, amount, currency, whole

PLATFORM = "stripe"
_NO_MINOR = frozenset(
    "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF".split()  # noqa: SIM905
)
"""Not ISK and UGX: they have no minor units any more, but Stripe goes on with two digits. Nor HUF
and TWD: of those only payouts are whole."""
_THREE_MINOR = frozenset(("BHD", "JOD", "KWD", "OMR", "TND"))
_PAID = {
    # event: field of the amount
    "checkout.session.completed": "amount_total",
    "checkout.session.async_payment_succeeded": "amount_total",
    "payment_intent.succeeded": "amount_received",
    "charge.succeeded": "amount",
    "charge.captured": "amount_captured",
    "invoice.paid": "amount_paid",
    "invoice.payment_succeeded": "amount_paid",
}
_SUBSCRIBED = {
    "customer.subscription.created": "create",
    "customer.subscription.updated": "update",
    "customer.subscription.deleted": "undo",
}
_ENDED = frozenset(("canceled", "incomplete_expired"))
_NOTES = {
    "charge.succeeded": "an authorisation only is nothing: it is paid when captured",
    "invoice.paid": "from 2025-03-31 on by its payments; without them told by the payment",
}
_DIGITS = re.compile(r"[0-9]{1,18}")
_PAYMENTS_APART = "2025-03-31"
"""The API's version from which on invoices do not name their payment themselves."""

EVENTS = (
    *(Event(name, "purchase", note=_NOTES.get(name, "")) for name in _PAID),
    Event("charge.refunded", "purchase", "undo", "the value is this refund's alone"),
    *(Event(name, "subscribe", op) for name, op in _SUBSCRIBED.items()),
    Event("charge.dispute.created", "complain", note="the customer from the payment seen"),
    Event("customer.deleted", "", "erase"),
    Event("account.application.deauthorized", "", "revoke", "a connected account leaves the app"),
    Event("other", "", "ignore", "drafts, failures, payouts, nothing paid, what is new"),
)
_KNOWN = frozenset(event.native for event in EVENTS) - {"other"}


def read(delivery: Delivery) -> Iterator[Outcome]:
    """The finding of one event."""
    root = delivery.json()
    kind = root.id("type")
    if kind not in _KNOWN:
        yield _ignored(root, "no_act")
        return
    item = root.need("data").need("object")
    if kind in _PAID:
        yield from _paid(root, item, kind)
    elif kind == "charge.refunded":
        # What was only authorised is let go by a refund, too.
        held = item.raw("captured") is False
        yield _ignored(root, "nothing_paid") if held else _refunded(root, item)
    elif kind in _SUBSCRIBED:
        yield _subscribed(root, item, kind)
    elif kind == "charge.dispute.created":
        payment = _id(item, "payment_intent") or _id(item, "charge")
        yield _finding(root, item, kind, "complain", "create", item.id("id"), whose=payment)
    else:
        deleted = kind == "customer.deleted"
        own, op = (item.id("id"), "erase") if deleted else (root.text("account"), "revoke")
        at = times.seconds(root, "created")
        yield Finding(native=kind, op=op, actor=own, at_us=at, direction="none", id=own)


def _finding(
    root: Node,
    item: Node,
    kind: str,
    verb: str,
    op: str,
    own: str,
    **more: Money | str | bool | None,
) -> Finding:
    """A finding towards the account of the event (Connect), or the one that the topic is for."""
    fields: dict[str, object] = {
        "native": kind,
        "verb": verb,
        "op": op,
        "actor": _id(item, "customer"),
        "object": item.id("id"),
        "at_us": times.seconds(root, "created"),
        "account": root.text("account") or OWNER,
        "id": own,
        **more,
    }
    return Finding(**fields)  # type: ignore[arg-type]


def _paid(root: Node, item: Node, kind: str) -> Iterator[Finding]:
    unpaid = item.text("payment_status") in ("unpaid", "no_payment_required")
    if kind.startswith("checkout.") and "amount_total" not in item and not unpaid and _named(item):
        # So the first versions of Checkout: what was paid is told by the payment.
        yield _finding(root, item, kind, "purchase", "create", _payment(item), elsewhere=True)
        return
    uncaptured = kind == "charge.succeeded" and item.raw("captured") is False
    parts = [] if unpaid or uncaptured else list(_parts(item, kind))
    if not parts:
        yield _ignored(root, "nothing_paid")
    # What a subscription costs is told by its invoices.
    elsewhere = kind.startswith("checkout.") and item.text("mode") == "subscription"
    if kind.startswith("invoice.") and root.text("api_version") >= _PAYMENTS_APART:
        elsewhere = not _payments(item)
    for own, value in parts:
        yield _finding(
            root, item, kind, "purchase", "create", own, value=value, key=own, elsewhere=elsewhere
        )


def _parts(item: Node, kind: str) -> Iterator[tuple[str, Money]]:
    """What was paid, by the payment's id: all at once, or an invoice by several payments."""
    payments = _payments(item) if kind.startswith("invoice.") else []
    if len(payments) > 1:
        paid = [(_named(one.child("payment")), _money(one, "amount_paid")) for one in payments]
    else:
        paid = [(_payment(item), _total(item, kind))]
    for own, value in paid:
        if value is not None and value.amount.strip("0."):
            yield own, value


def _total(item: Node, kind: str) -> Money | None:
    """What was paid at once; old versions of the API have no field for it."""
    if _PAID[kind] in item:
        return _money(item, _PAID[kind])
    if kind.startswith("invoice."):
        field = "amount_due" if "amount_due" in item else "total"
        return _money(item, field) if item.flag("paid") else None
    held, let_go = item.raw("amount"), item.raw("amount_refunded")
    if kind == "charge.captured" and whole(held):  # the rest of it is let go
        return _minor(held - (let_go if whole(let_go) else 0), item, "amount")
    return None


def _refunds(charge: Node) -> list[Node]:
    """The refunds of a charge, the newest first; in old versions a plain array, in any order."""
    plain = isinstance(charge.raw("refunds"), list)
    parts = charge.nodes("refunds") if plain else charge.child("refunds").nodes("data")

    def made(refund: Node) -> int:
        at = refund.raw("created")
        return at if whole(at) else 0

    return sorted(parts, key=made, reverse=True)


def _refunded(root: Node, item: Node) -> Finding:
    refunds = _refunds(item)
    before = root.need("data").child("previous_attributes").raw("amount_refunded")
    after = item.raw("amount_refunded")
    value: Money | None
    if whole(before) and whole(after) and after >= before:
        value = _minor(after - before, item, "amount_refunded")
    elif refunds:
        value = _money(refunds[0], "amount") or _money(item, "amount_refunded")
    else:
        value = _money(item, "amount_refunded")
    paid = _payment(item)
    own = (refunds[0].text("id") if refunds else "") or root.id("id")
    # No `key`: the refund is an act of its own, of part of the payment that it names.
    return _finding(
        root, item, "charge.refunded", "purchase", "undo", own, value=value, undoes=paid, key=paid
    )


def _subscribed(root: Node, item: Node, kind: str) -> Finding:
    own = item.id("id")
    if kind == "customer.subscription.updated" and item.text("status") in _ENDED:
        kind = "customer.subscription.deleted"
    op = _SUBSCRIBED[kind]
    undoes = own if op == "undo" else ""
    return _finding(root, item, kind, "subscribe", op, own, key=own, undoes=undoes)


def _payments(invoice: Node) -> list[Node]:
    """The payments of an invoice that came through, where they are expanded."""
    return [one for one in invoice.child("payments").nodes("data") if _came_through(one)]


def _came_through(payment: Node) -> bool:
    return payment.text("status") in ("", "paid") and bool(_named(payment.child("payment")))


def _payment(item: Node) -> str:
    """The id that all events of one payment share."""
    of_invoice = next((_named(one.child("payment")) for one in _payments(item)), "")
    return _named(item) or of_invoice or item.id("id")


def _named(item: Node) -> str:
    """The payment that a thing names: its intent, or the charge of one without."""
    return _id(item, "payment_intent") or _id(item, "charge")


def _id(node: Node, key: str) -> str:
    """An id, or the id of the object that was expanded in its place."""
    value = node.raw(key)
    return node.child(key).text("id") if isinstance(value, dict) else node.text(key)


def _money(item: Node, field: str) -> Money | None:
    said = item.raw(field)
    value = int(said) if isinstance(said, str) and _DIGITS.fullmatch(said) else said
    return _minor(value, item, field) if whole(value) else None


def _minor(value: int, item: Node, field: str) -> Money:
    code = currency(item.raw("currency"), item.at("currency"))
    digits = 0 if code in _NO_MINOR else 3 if code in _THREE_MINOR else 2
    return Money(amount(value, item.at(field), digits), code)


def _ignored(root: Node, reason: str) -> Finding:
    # Events of the second version of the API have their time in words.
    in_words = isinstance(said := root.raw("created"), str) and not _DIGITS.fullmatch(said)
    at = times.iso(root, "created") if in_words else times.seconds(root, "created")
    return Finding(native="other", op="ignore", at_us=at, direction="none", reason=reason)
