"""A method report of 50,000 random events, counted once more from the raw events."""

from __future__ import annotations

import json
import random
from collections import Counter
from decimal import Decimal
from typing import Any

import pytest

from stream_app.contracts.policy import parse_policy
from stream_app.contracts.times import parse_time
from tests.methods.compare import replayed
from tests.methods.recount import DAY, STAGES, Fields, Recount, Row

FIRST = 19_500
DAYS = 260
EVENTS = 50_000
METHODS = ("ads", "care", "giveaway", "", "")
VERBS = ("view", "click", "like", "reply", "share", "impression", "purchase", "message")
POLICY = """
[credit]
model = "last"
[money]
hourly_rate = "47.50"
[money.rates]
USD = { 2020-01-01 = "0.8775" }
"""


def log(seed: int) -> list[Fields]:
    """Events by arrival: late ones, repeats, undos and refunds, before and after their act."""
    dice = random.Random(seed)
    arriving: list[tuple[int, int, Fields]] = []

    def send(told: Fields, at: int, delay: int) -> None:
        record = {**told, "occurred_at": at, "recorded_at": at + delay}
        arriving.append((at + delay, len(arriving), record))

    for number in range(EVENTS * 10 // 12):
        at = FIRST * DAY + dice.randrange(DAYS * DAY)
        verb = dice.choice(VERBS)
        told: Fields = {"id": f"a{number}", "brand": "acme", "platform": "x", "verb": verb}
        told["person"] = f"p{dice.randrange(dice.randrange(1, 600))}"
        if dice.random() < 0.15 and verb in ("reply", "like", "message"):
            told["direction"] = "outbound"
        if method := dice.choice(METHODS):
            told["method"] = method
        if dice.random() < 0.05:
            told["automated"] = True
        if verb == "purchase" and dice.random() < 0.9:
            told["value"] = money(dice, dice.choice(("EUR", "USD")))
        late = dice.random()
        delay = dice.randrange(DAY) if late > 0.1 else dice.randrange(20 * DAY)
        delay = dice.randrange(60 * DAY, 120 * DAY) if late < 0.02 else delay
        send(told, at, delay)
        if dice.random() < 0.03:
            send(told, at, delay + 5)
        if dice.random() < 0.17:
            undo(dice, told, at, delay, send)
    return [told for _, _, told in sorted(arriving, key=lambda entry: entry[:2])][:EVENTS]


def undo(dice: random.Random, told: Fields, at: int, delay: int, send: Any) -> None:
    kept = ("brand", "person", "platform", "verb", "direction")
    back = {name: told[name] for name in kept if name in told}
    back |= {"op": "undo", "undoes": told["id"]}
    times = dice.choice((1, 1, 2, 3)) if "value" in told else 1
    after = -dice.randrange(DAY) if dice.random() < 0.1 else dice.randrange(40 * DAY)
    times = 1 if after < 0 else times
    for part in range(times):
        if "value" in told and dice.random() < 0.7:
            amount = Decimal(told["value"]["amount"]) * dice.choice((20, 33, 50, 110)) / 100
            back["value"] = {**told["value"], "amount": str(amount.quantize(Decimal("0.01")))}
        send({**back, "id": f"{told['id']}-u{part}"}, at + delay + after + part * DAY, 0)


def money(dice: random.Random, currency: str) -> Fields:
    return {"amount": str(Decimal(dice.randrange(1, 30_000)) / 100), "currency": currency}


def spent(seed: int) -> list[Fields]:
    """Costs, weeks late, some taken back."""
    dice = random.Random(seed)
    costs: list[Fields] = []
    for number in range(600):
        at = FIRST * DAY + dice.randrange(DAYS * DAY)
        recorded = at + dice.randrange(110 * DAY)
        cost: Fields = {"id": f"c{number}", "brand": "acme", "method": dice.choice(METHODS[:3])}
        cost |= {"occurred_at": at, "recorded_at": recorded}
        if dice.random() < 0.7:
            cost["amount"] = money(dice, dice.choice(("EUR", "USD")))
        if "amount" not in cost or dice.random() < 0.3:
            cost["minutes"] = dice.randrange(500)
        costs.append(cost)
        if dice.random() < 0.2:
            later = recorded + dice.randrange(100 * DAY)
            back = {**cost, "id": f"u{number}", "op": "undo", "undoes": cost["id"]}
            costs.append(back | {"occurred_at": later, "recorded_at": later})
    return costs


def columns(row: Row) -> Fields:
    """As the report has them, people aside."""

    def whole(count: Counter[str], stage: str) -> int:
        return count[stage] * 1_000_000

    return {
        "touches": row.touches,
        "cost": None if not row.costs and not row.cost else f"{Decimal(row.cost) / 100:.2f}",
        "value": None if not row.values and not row.value else f"{Decimal(row.value) / 100:.2f}",
        "quality": sum(row.qualities) / len(row.qualities) if row.qualities else None,
        "advances": {
            stage: {"won": whole(row.won, stage), "regained": whole(row.regained, stage)}
            for stage in STAGES[1:]
        },
        "survival": {
            stage: {"decided": whole(row.decided, stage), "survived": whole(row.survived, stage)}
            for stage in STAGES[1:]
        },
    }


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_a_report_of_fifty_thousand_events(seed: int) -> None:
    events, costs = log(seed), spent(seed)
    lines, bills = ([json.dumps(told).encode() for told in part] for part in (events, costs))
    until_ms = (FIRST + DAYS + 300) * DAY
    moves, rows, refused = replayed(lines, bills, policy=parse_policy(POLICY), until_ms=until_ms)
    assert refused == []
    recount = Recount([{**move, "at_ms": parse_time(move["at"])} for move in moves])
    for event in events:
        recount.take(event)
    recount.spend(costs)
    found = {
        (row["method"], parse_time(row["day"] + "T00:00:00Z") // DAY): row
        for row in rows
        if row["period"] == "day"
    }
    assert found.keys() == recount.rows.keys()
    for key, mine in recount.rows.items():
        row, expected = found[key], columns(mine)
        quality = expected.pop("quality")
        assert {name: row[name] for name in expected} == expected, key
        assert row["quality"] == (None if quality is None else pytest.approx(quality, abs=2e-6))
        assert abs(row["people"] - len(mine.people)) <= 0.02 * len(mine.people)
    seen = Counter(name for row in rows for name in ("cost", "value", "quality") if row[name])
    assert min(seen.values()) > 100
