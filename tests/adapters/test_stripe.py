"""One payment, whatever Stripe says of it."""

from __future__ import annotations

from typing import Any

import pytest

from .support import found, lines_of

BASIL = {"api_version": "2025-03-31.basil"}


def event(kind: str, own: str, /, **item: Any) -> dict[str, Any]:
    item = {"customer": "cus_1", "currency": "eur", **item, "id": own}
    return {"id": "evt_1", "type": kind, "created": 1772449201, "data": {"object": item}}


def payment(**more: Any) -> dict[str, Any]:
    return event("payment_intent.succeeded", "pi_9", amount_received=1500, **more)


def charge(**more: Any) -> dict[str, Any]:
    told = {"payment_intent": "pi_9", "amount": 1500, "captured": True, **more}
    return event("charge.succeeded", "ch_5", **told)


def invoice(**more: Any) -> dict[str, Any]:
    return event("invoice.paid", "in_1", amount_paid=1500, **more)


def payments(*parts: tuple[str, int, str]) -> dict[str, Any]:
    data = [
        {
            "payment": {"type": "payment_intent", "payment_intent": own},
            "amount_paid": paid,
            "currency": "eur",
            "status": status,
        }
        for own, paid, status in parts
    ]
    return {"payments": {"object": "list", "data": data}}


ONCE = "create inbound purchase pi_9 value 15.00 EUR"


@pytest.mark.parametrize(
    "invoiced",
    [
        invoice(payment_intent="pi_9"),
        invoice(payment_intent={"id": "pi_9"}, charge="ch_5"),
        {**invoice(**payments(("pi_9", 1500, "paid"))), **BASIL},
        {**invoice(**payments(("pi_8", 0, "canceled"), ("pi_9", 1500, "paid"))), **BASIL},
    ],
)
def test_all_events_of_one_payment_have_one_id(invoiced: dict[str, Any]) -> None:
    told = [payment(invoice="in_1"), charge(invoice="in_1"), invoiced]
    assert lines_of("stripe", told) == [ONCE] * 3


def test_of_an_invoice_that_names_no_payment_the_payment_tells() -> None:
    assert lines_of("stripe", [{**invoice(), **BASIL}, payment()]) == ["skip elsewhere", ONCE]
    older = {**invoice(), "api_version": "2024-06-20"}
    assert lines_of("stripe", [older]) == ["create inbound purchase in_1 value 15.00 EUR"]


def test_a_charge_of_an_invoice_without_an_intent() -> None:
    told = [charge(payment_intent=None, invoice="in_1"), invoice(charge="ch_5")]
    assert lines_of("stripe", told) == ["create inbound purchase ch_5 value 15.00 EUR"] * 2


def test_an_invoice_paid_in_parts_is_so_many_payments() -> None:
    told = {**invoice(**payments(("pi_7", 500, "paid"), ("pi_9", 1000, "paid"))), **BASIL}
    assert lines_of("stripe", [told]) == [
        "create inbound purchase pi_7 value 5.00 EUR",
        "create inbound purchase pi_9 value 10.00 EUR",
    ]


@pytest.mark.parametrize(
    ("minor", "currency", "major"),
    [
        (50_000, "ugx", "500.00 UGX"),
        (500, "isk", "5.00 ISK"),
        (500, "huf", "5.00 HUF"),
        (500, "twd", "5.00 TWD"),
        (500, "jpy", "500 JPY"),
        (5_000, "kwd", "5.000 KWD"),
    ],
)
def test_minor_units_are_as_stripe_has_them(minor: int, currency: str, major: str) -> None:
    (line,) = lines_of("stripe", [charge(amount=minor, currency=currency)])
    assert line == f"create inbound purchase pi_9 value {major}"


def test_an_amount_may_be_a_text() -> None:
    assert lines_of("stripe", [charge(amount="1500")]) == [ONCE]


@pytest.mark.parametrize(
    "told",
    [
        {"type": "v2.core.account.updated", "created": "2026-03-02T11:00:00.123Z"},
        {"type": "charge.updated", "created": 1772449200, "data": {"object": {"id": "ch_5"}}},
        {"type": "what.is.new", "created": "1772449200", "data": None},
    ],
)
def test_events_that_are_no_act_need_no_object(told: dict[str, Any]) -> None:
    assert lines_of("stripe", [{"id": "evt_1", **told}]) == ["skip ignore"]


def test_a_connected_account_that_leaves_the_app_revokes() -> None:
    app = {**event("account.application.deauthorized", "ca_1"), "account": "acct_7"}
    (one,) = found("stripe", app)
    assert (one.op, one.verb, one.actor, one.direction) == ("revoke", "", "acct_7", "none")


def test_an_authorisation_is_paid_when_it_is_captured() -> None:
    captured = event(
        "charge.captured", "ch_5", payment_intent="pi_9", amount=9900, amount_captured=1500
    )
    told = [charge(captured=False, amount=9900), captured]
    assert lines_of("stripe", told) == ["skip ignore", ONCE]


def test_an_authorisation_that_is_let_go_is_no_refund() -> None:
    freed = event("charge.refunded", "ch_5", payment_intent="pi_9", amount_refunded=1500)
    freed["data"]["object"]["captured"] = False
    assert lines_of("stripe", [freed]) == ["skip ignore"]
    freed["data"]["object"]["captured"] = True
    assert lines_of("stripe", [freed])[0].startswith("undo inbound purchase")


@pytest.mark.parametrize(
    "named", [{"payment_intent": "pi_9", "charge": "ch_5"}, {"charge": "ch_6"}]
)
def test_a_dispute_is_of_whom_the_payment_was(named: dict[str, str]) -> None:
    alone = event("charge.succeeded", "ch_6", amount=1500)
    dispute = event("charge.dispute.created", "dp_1", customer=None, amount=1500, **named)
    assert lines_of("stripe", [payment(), alone, dispute])[2] == "create inbound complain dp_1"
    assert lines_of("stripe", [dispute]) == ["skip no_person"]


@pytest.mark.parametrize(
    ("told", "value"),
    [
        ({"paid": True, "amount_due": 1000, "total": 1200, "charge": "pi_9"}, "10.00"),
        ({"paid": True, "total": 1200, "charge": "pi_9"}, "12.00"),
        ({"paid": False, "amount_due": 1000, "charge": "pi_9"}, ""),
        ({"paid": True, "amount_due": 0, "total": 1200, "charge": "pi_9"}, ""),
    ],
)
def test_an_invoice_of_before_it_said_what_was_paid(told: dict[str, Any], value: str) -> None:
    line = lines_of("stripe", [event("invoice.payment_succeeded", "in_1", **told)])
    assert line == [f"create inbound purchase pi_9 value {value} EUR" if value else "skip ignore"]


@pytest.mark.parametrize(("let_go", "value"), [(0, "15.00"), (500, "10.00"), (None, "15.00")])
def test_a_capture_of_before_it_said_how_much(let_go: int | None, value: str) -> None:
    told = event("charge.captured", "ch_5", amount=1500, amount_refunded=let_go, captured=True)
    assert lines_of("stripe", [told]) == [f"create inbound purchase ch_5 value {value} EUR"]


def test_a_checkout_of_before_it_had_a_total_is_told_by_its_payment() -> None:
    begun = event("checkout.session.completed", "cs_1", payment_intent="pi_9", mode="payment")
    assert lines_of("stripe", [begun, payment()]) == ["skip elsewhere", ONCE]
    (one,) = found("stripe", begun)
    assert (one.verb, one.op, one.actor, one.object) == ("purchase", "create", "cus_1", "cs_1")
    saved = event("checkout.session.completed", "cs_2", mode="setup", setup_intent="seti_1")
    assert lines_of("stripe", [saved]) == ["skip ignore"]


def test_refunds_may_be_a_plain_array_in_any_order() -> None:
    parts = [{"id": f"re_{n}", "amount": 100 * n, "currency": "eur", "created": n} for n in (1, 2)]
    back = event("charge.refunded", "ch_5", amount=1500, amount_refunded=300)
    for refunds in (parts, parts[::-1], {"object": "list", "data": parts}):
        back["data"]["object"]["refunds"] = refunds
        assert lines_of("stripe", [back]) == [
            "undo inbound purchase re_2 undoes ch_5 value 2.00 EUR"
        ]


def test_an_app_that_is_let_go_without_saying_by_whom_is_no_fault() -> None:
    told = event("account.application.deauthorized", "ca_1")
    (one,) = found("stripe", told)
    assert (one.op, one.actor) == ("revoke", "")


@pytest.mark.parametrize("status", ["canceled", "incomplete_expired", "past_due"])
def test_a_subscription_that_an_update_says_is_over_has_ended(status: str) -> None:
    told = event("customer.subscription.updated", "sub_1", status=status)
    over = "undo inbound subscribe sub_1 undoes sub_1"
    assert lines_of("stripe", [told]) == ["skip update" if status == "past_due" else over]
