"""Shopify webhooks: the topic is in the header `X-Shopify-Topic`, the shop in
`X-Shopify-Shop-Domain`; the shop is the brand.

An order is told when it is created, paid, edited, fulfilled: it is a purchase once, when paid.
Times carry the shop's offset; `processed_at` is when the customer bought.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from stream_app.adapters import times
from stream_app.adapters.accounts import OWNER
from stream_app.adapters.base import Delivery, Event, Finding, Money, Outcome
from stream_app.adapters.fields import Malformed, Node, amount, currency

PLATFORM = "shopify"
_ORDER_OPS = {
    "orders/paid": "create",
    "orders/create": "create",
    "orders/updated": "update",
    "orders/edited": "update",
    "orders/cancelled": "undo",
}
_CONTRACT_OPS = {
    "subscription_contracts/create": "create",
    "subscription_contracts/update": "update",
    "subscription_contracts/cancel": "undo",
    "subscription_contracts/expire": "undo",
}
_CONSENT = (
    "customers_email_marketing_consent/update",
    "customers_sms_marketing_consent/update",
    "customers_marketing_consent/update",
)

EVENTS = (
    *(
        Event(name, "purchase", op, "counted when paid" if name == "orders/create" else "")
        for name, op in _ORDER_OPS.items()
    ),
    Event("refunds/create", "purchase", "undo", "the customer from what was seen"),
    *(Event(name, "subscribe", op) for name, op in _CONTRACT_OPS.items()),
    Event("disputes/create", "complain", note="the customer from the order seen"),
    Event("customers/marketing_consent(given)", "subscribe"),
    Event("customers/marketing_consent(taken)", "subscribe", "undo"),
    Event("customers/redact", "", "erase"),
    Event("customers/delete", "", "erase"),
    Event("other", "", "ignore", "carts, products, fulfilment, consent pending, what is new"),
)


def read(delivery: Delivery) -> Iterator[Outcome]:
    """The finding of one webhook."""
    root = delivery.json()
    if not root:
        raise Malformed("$", "a webhook's payload")
    topic = delivery.header("x-shopify-topic")
    if not topic and "financial_status" in root:
        topic = "orders/paid" if root.text("financial_status") == "paid" else "orders/updated"
    shop = delivery.header("x-shopify-shop-domain") or OWNER
    if topic == "orders/edited" and "order_edit" in root:
        yield _edited(root.need("order_edit"), topic, shop)
    elif topic in _ORDER_OPS:
        yield _order(root, topic, shop)
    elif topic == "refunds/create":
        yield _refund(root, shop)
    elif topic in _CONTRACT_OPS:
        yield _contract(root, topic, shop)
    elif topic == "disputes/create":
        yield _dispute(root, topic, shop)
    elif topic in _CONSENT:
        yield _consent(root, shop, delivery)
    elif topic in ("customers/redact", "customers/delete"):
        own = root.child("customer").text("id") or root.id("id")
        yield Finding(native=topic, op="erase", actor=own, direction="none", id=own)
    else:
        yield _ignored("no_act")


def _ignored(reason: str) -> Finding:
    return Finding(native="other", op="ignore", direction="none", reason=reason)


def _order(order: Node, topic: str, shop: str) -> Finding:
    own, op = order.id("id"), _ORDER_OPS[topic]
    if op == "create":
        at = times.iso(order, "processed_at") or times.iso(order, "created_at")
    else:
        at = times.iso(order, "cancelled_at" if op == "undo" else "updated_at")
    key = f"order:{own}"
    return Finding(
        native=topic,
        verb="purchase",
        op=op,
        actor=order.child("customer").text("id"),
        object=own,
        at_us=at,
        account=shop,
        id=key,
        key=key,
        undoes=key if op == "undo" else "",
        value=_price(order) if op == "create" else None,
        elsewhere=topic == "orders/create",
    )


def _edited(edit: Node, topic: str, shop: str) -> Finding:
    """What changed of an order, without the order. `created_at` is when they began to edit it."""
    own = edit.id("order_id")
    return Finding(
        native=topic,
        verb="purchase",
        op=_ORDER_OPS[topic],
        object=own,
        at_us=times.iso(edit, "committed_at"),
        account=shop,
        id=f"order:{own}",
    )


def _price(order: Node) -> Money | None:
    """The price in the shop's own currency, as `currency` says; not the one presented."""
    if "total_price" not in order:
        return None
    return Money(
        amount(order.raw("total_price"), order.at("total_price")),
        currency(order.raw("currency"), order.at("currency")),
    )


def _refund(refund: Node, shop: str) -> Finding:
    order = refund.id("order_id")
    paid_back = [t for t in refund.nodes("transactions") if _paid_back(t)]
    if "transactions" in refund and not paid_back:
        return _ignored("nothing_paid")
    value = None
    if paid_back:
        parts = [Decimal(amount(t.raw("amount"), t.at("amount"))) for t in paid_back]
        code = currency(paid_back[0].raw("currency"), paid_back[0].at("currency"))
        value = Money(amount(sum(parts, Decimal(0)), refund.at("transactions")), code)
    return Finding(
        native="refunds/create",
        verb="purchase",
        op="undo",
        object=order,
        at_us=times.iso(refund, "processed_at") or times.iso(refund, "created_at"),
        account=shop,
        id=f"refund:{refund.id('id')}",
        key=f"order:{order}",
        value=value,
    )


def _paid_back(transaction: Node) -> bool:
    """True if that money went back: others failed, or wait."""
    return transaction.text("kind") == "refund" and transaction.text("status") in ("", "success")


def _contract(contract: Node, topic: str, shop: str) -> Finding:
    """A subscription to goods. One that an update says is over has ended, too."""
    own, op = contract.id("id"), _CONTRACT_OPS[topic]
    over = contract.text("status").lower() in ("cancelled", "expired")
    if op == "update" and over:
        op, topic = "undo", "subscription_contracts/cancel"
    key = f"contract:{own}"
    return Finding(
        native=topic,
        verb="subscribe",
        op=op,
        actor=contract.text("customer_id"),
        object=own,
        account=shop,
        id=key,
        key=key,
        undoes=key if op == "undo" else "",
    )


def _dispute(dispute: Node, topic: str, shop: str) -> Finding:
    own = dispute.id("id")
    return Finding(
        native=topic,
        verb="complain",
        object=own,
        at_us=times.iso(dispute, "initiated_at"),
        account=shop,
        id=f"dispute:{own}",
        whose=f"order:{dispute.text('order_id')}",
    )


def _consent(root: Node, shop: str, delivery: Delivery) -> Finding:
    consent = root.child("email_marketing_consent") or root.child("sms_marketing_consent") or root
    state = consent.text("state")
    if state == "pending":  # asked twice, and not answered yet
        return _ignored("no_act")
    given = state == "subscribed"
    actor = root.text("customer_id") or root.id("id")
    at = times.iso(consent, "consent_updated_at")
    kind = "sms" if "sms_marketing_consent" in root else "email"
    # Where it was never given it has no time: then the event itself tells it from another one.
    event = delivery.header("x-shopify-event-id") or delivery.header("x-shopify-webhook-id")
    stamp = consent.text("consent_updated_at") or ":".join(filter(None, (state, event)))
    return Finding(
        native=f"customers/marketing_consent({'given' if given else 'taken'})",
        verb="subscribe",
        op="create" if given else "undo",
        actor=actor,
        object=kind,
        at_us=at,
        account=shop,
        id=f"consent:{kind}:{actor}:{stamp}",
    )
