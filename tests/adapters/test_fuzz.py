"""Mutated deliveries: an adapter refuses or finds, it never raises, and what it makes is valid."""

from __future__ import annotations

import json
import random
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stream_app.adapters.accounts import NO_ACCOUNTS
from stream_app.adapters.base import DIRECTIONS, OPS, Finding, Refusal
from stream_app.adapters.interactions import interaction
from stream_app.adapters.registry import PLATFORMS, read
from stream_app.adapters.seen import Seen
from stream_app.cli.normalize import parse_headers
from stream_app.contracts.policy import default_policy
from stream_app.contracts.reading import read_interaction
from stream_app.domain.rejects import Reason, Reject

from .support import RECEIVED_MS, samples

JUNK: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    2**53 + 1,
    2**64,
    10**40,
    1.5,
    "",
    " ",
    "\x00",
    "x" * 300,
    "2026-13-40T99:99:99Z",
    "at://",
    "did:plc:x",
    "1e999999",
    [],
    [[]],
    [None],
    {},
    {"id": {}},
    [{}],
]


def check(platform: str, payload: bytes, headers: dict[str, str], seen: Seen) -> None:
    """Whatever the delivery is, what comes out is well formed."""
    for outcome in read(platform, payload, headers):
        if isinstance(outcome, Refusal):
            assert outcome.reason in set(Reason)
            continue
        assert isinstance(outcome, Finding)
        assert outcome.op in OPS
        assert outcome.direction in DIRECTIONS
        made = interaction(outcome, platform, NO_ACCOUNTS, RECEIVED_MS, seen)
        if isinstance(made, dict):
            got = read_interaction(msgspec.json.encode(made), RECEIVED_MS, default_policy())
            assert not isinstance(got, Reject) or got.reason == Reason.BAD_TIME, (got, made)


def mutated(value: Any, dice: random.Random) -> Any:
    """The delivery with one part dropped, doubled or replaced, somewhere inside."""
    if isinstance(value, dict) and value:
        key = dice.choice(sorted(value))
        changed = dict(value)
        match dice.randrange(6):
            case 0:
                del changed[key]
            case 1:
                changed[key] = dice.choice(JUNK)
            case _:
                changed[key] = mutated(value[key], dice)
        return changed
    if isinstance(value, list) and value:
        at = dice.randrange(len(value))
        if dice.randrange(6) == 0:
            return value[:at] + value[at:] + value[at:]
        return [*value[:at], mutated(value[at], dice), *value[at + 1 :]]
    return dice.choice(JUNK)


@pytest.mark.parametrize("platform", PLATFORMS)
@settings(
    max_examples=150, deadline=2_000, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(dice=st.randoms(use_true_random=False), times=st.integers(1, 4))
def test_mutated_deliveries(platform: str, dice: random.Random, times: int) -> None:
    seen = Seen(limit=50)
    known = samples(platform)
    for path in dice.sample(known, min(3, len(known))):
        beside = path.with_suffix(".headers")
        headers = parse_headers(beside.read_text("utf-8")) if beside.is_file() else {}
        if path.suffix != ".json":
            continue
        value = json.loads(path.read_text("utf-8"))
        for _ in range(times):
            value = mutated(value, dice)
        check(platform, json.dumps(value).encode(), headers, seen)


@pytest.mark.parametrize("platform", PLATFORMS)
@settings(max_examples=100, deadline=2_000)
@given(data=st.data())
def test_damaged_bytes(platform: str, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(samples(platform)))
    payload = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(payload) - 1))
        payload[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(payload)))
    check(platform, bytes(payload[:cut] if cut % 3 == 0 else payload), {}, Seen(limit=50))


@pytest.mark.parametrize("platform", PLATFORMS)
@settings(max_examples=60, deadline=2_000)
@given(payload=st.binary(max_size=200))
def test_noise(platform: str, payload: bytes) -> None:
    check(platform, payload, {}, Seen(limit=50))
