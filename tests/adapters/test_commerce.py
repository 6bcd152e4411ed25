"""What shops and sites tell: consent, refunds, money as it is written."""

from __future__ import annotations

from typing import Any

import pytest

from stream_app.adapters.base import Finding, Money

from .support import lines_of, outcomes_of

AT = "2026-03-02T11:00:00Z"
SHOP = {"X-Shopify-Shop-Domain": "tea.example"}


def shopify(topic: str, **more: str) -> dict[str, str]:
    return {**SHOP, "X-Shopify-Topic": topic, **more}


def back(status: str, paid: str = "10.00", kind: str = "refund") -> dict[str, str]:
    return {"kind": kind, "status": status, "amount": paid, "currency": "EUR"}


@pytest.mark.parametrize(
    ("transactions", "paid_back"),
    [
        ([back("success"), back("failure", "5.00")], "10.00"),
        ([back("success"), back("success", "5.00")], "15.00"),
        ([back("failure"), back("pending"), back("error")], None),
        ([back("success", kind="void")], None),
        ([], None),
    ],
)
def test_only_money_that_went_back_is_a_refund(
    transactions: list[Any], paid_back: str | None
) -> None:
    refund = {"id": 81, "order_id": 7, "created_at": AT, "transactions": transactions}
    ((told, _),) = outcomes_of("shopify", [refund], headers=shopify("refunds/create"))
    assert isinstance(told, Finding)
    assert told.op == ("undo" if paid_back else "ignore")
    assert told.value == (Money(paid_back, "EUR") if paid_back else None)


def consent(state: str, at: str | None = None) -> dict[str, Any]:
    told = {"state": state, "consent_updated_at": at}
    return {"customer_id": 3, "email_marketing_consent": told}


CONSENT = "customers_email_marketing_consent/update"


def test_a_consent_that_is_asked_for_takes_nothing_back() -> None:
    assert lines_of("shopify", [consent("pending", AT)], headers=shopify(CONSENT)) == [
        "skip ignore"
    ]


def test_consents_without_a_time_are_told_apart() -> None:
    lines = [
        line
        for event in ("e1", "e2", "e1")
        for line in lines_of(
            "shopify",
            [consent("not_subscribed"), consent("redacted")],
            headers=shopify(CONSENT, **{"X-Shopify-Event-Id": event}),
        )
    ]
    assert len(set(lines)) == 4
    assert lines[:2] == lines[4:]
    assert all(line.startswith("undo inbound subscribe") for line in lines)


# -- Segment


def track(event: str, own: str = "m1", **properties: Any) -> dict[str, Any]:
    told = {"type": "track", "messageId": own, "userId": "u1", "timestamp": AT, "event": event}
    return {**told, "properties": properties}


def found(message: dict[str, Any]) -> Finding:
    ((one, _made),) = outcomes_of("segment", [message])
    assert isinstance(one, Finding), one
    return one


@pytest.mark.parametrize(
    ("opens", "ends", "object_"),
    [
        (track("Subscribed", list_id="l1"), track("Unsubscribed", "m2", list_id="l1"), "l1"),
        (track("Subscribed"), track("Unsubscribed", "m2"), ""),
        (track("Signed Up"), track("Account Deleted", "m2"), ""),
    ],
)
def test_a_membership_ends_under_the_name_that_it_began(
    opens: dict[str, Any], ends: dict[str, Any], object_: str
) -> None:
    assert [found(one).object for one in (opens, ends)] == [object_, object_]
    assert [found(one).op for one in (opens, ends)] == ["create", "undo"]


def test_a_refund_names_its_order_even_if_that_was_not_seen() -> None:
    bought = track("Order Completed", order_id="o1", total=60, currency="EUR")
    refund = track("Order Refunded", "m2", order_id="o1", total=27.5, currency="EUR")
    undo = "undo inbound purchase m2 undoes order:o1 value 27.5 EUR"
    assert lines_of("segment", [refund]) == [undo]
    assert lines_of("segment", [bought, refund])[1] == undo


@pytest.mark.parametrize(
    ("event", "total", "amount"),
    [
        ("Order Completed", 59.980000000000004, "59.98"),
        ("Order Completed", 0.1 + 0.2, "0.3"),
        ("Order Completed", 59.98, "59.98"),
        ("Order Completed", "59.90", "59.90"),
        ("Order Completed", "$27.50", "27.50"),
        ("Order Completed", " $1,027.50 ", "1027.50"),
        ("Order Refunded", -27.5, "27.5"),
        ("Order Refunded", "-$27.50", "27.50"),
        ("Order Refunded", 27, "27"),
    ],
)
def test_money_as_sites_write_it(event: str, total: Any, amount: str) -> None:
    assert found(track(event, order_id="o1", total=total)).value == Money(amount, "USD")


def test_the_sign_of_a_currency_counts_where_none_is_named() -> None:
    assert found(track("Order Completed", total="\u20ac5")).value == Money("5", "EUR")
    assert found(track("Order Completed", total="$5", currency="AUD")).value == Money("5", "AUD")


@pytest.mark.parametrize("total", [-5, "-5", "five", "1e99", 1e25, "12.3.4", True])
def test_what_is_no_money_is_refused(total: Any) -> None:
    (line,) = lines_of("segment", [track("Order Completed", total=total)])
    assert line == "refused wrong_shape"


@pytest.mark.parametrize(
    ("rating", "sentiment"),
    [(5, 1.0), ("1", -1.0), (3.5, 0.25), (9, None), ("good", None), ("NaN", None), (None, None)],
)
def test_stars_of_a_review(rating: Any, sentiment: float | None) -> None:
    assert found(track("Product Reviewed", rating=rating)).sentiment == sentiment


@pytest.mark.parametrize(
    ("event", "properties"),
    [
        ("Email Opened", {"campaign_name": "spring"}),
        ("Email Link Clicked", {"campaign_name": "spring", "link_url": "x"}),
        ("Push Notification Tapped", {"campaign": {"name": "spring"}}),
    ],
)
def test_the_campaign_is_the_method(event: str, properties: dict[str, Any]) -> None:
    assert found(track(event, **properties)).method == "spring"


@pytest.mark.parametrize("event", ["Email Delivered", "Push Notification Received"])
def test_what_the_sender_did_is_no_act_of_the_person(event: str) -> None:
    assert lines_of("segment", [track(event, campaign_name="spring")]) == ["skip ignore"]
