"""A policy as a record: what is written is read, and nothing else gets through."""

from __future__ import annotations

import orjson
import pytest

from stream_app.contracts.policy import default_policy, parse_policy, policy_of
from stream_app.contracts.policy_record import (
    is_policy_line,
    policy_line,
    read_policy,
    write_policy,
)
from stream_app.domain.rejects import Reason, Reject

TEXT = """
[caps]
per_day = 9
[money.rates]
USD = { 2026-01-01 = "0.93" }
[brands.acme.stages.affinity]
enter = ["affinity over 90 days >= 20"]
[accounts.twitter]
1 = "acme"
[team]
acme = ["anna"]
"""
RECORDED_MS = 1_800_000_000_000


def test_what_is_written_is_read_but_for_accounts_and_team() -> None:
    policy = parse_policy(TEXT)
    value = write_policy(policy)
    assert b"anna" not in value
    read = read_policy(policy_line(value, 3, RECORDED_MS))
    assert not isinstance(read, Reject)
    assert (read.partition, read.recorded_ms) == (3, RECORDED_MS)
    assert read.policy.version == policy.version
    assert read.policy.content == policy.content
    assert (read.policy.default, read.policy.brands) == (policy.default, policy.brands)
    assert read.policy.accounts == default_policy().accounts


def test_a_version_is_kept_where_a_later_release_knows_more() -> None:
    """An older release's record lacks a setting: the default one is taken, the version stays."""
    old = orjson.loads(default_policy().content)
    del old["credit"]
    content = orjson.dumps(old)
    assert policy_of(content).default == default_policy().default
    assert policy_of(content).version != default_policy().version
    assert policy_of(content).content == content


def test_a_line_by_hand_needs_only_what_differs() -> None:
    read = read_policy(b'{"record": "policy", "policy": {"caps": {"per_day": 9}}}')
    assert not isinstance(read, Reject)
    assert read.policy == parse_policy("[caps]\nper_day = 9\n")


@pytest.mark.parametrize(
    ("value", "reason", "said"),
    [
        (None, Reason.NOT_JSON, ""),
        (b"{", Reason.NOT_JSON, ""),
        (b"\xff", Reason.NOT_JSON, ""),
        (b'{"policy":' + b"[" * 100_000, Reason.NOT_JSON, ""),
        (b"[]", Reason.WRONG_SHAPE, "Expected `object`"),
        (b'{"record": "policy"}', Reason.WRONG_SHAPE, "policy"),
        (b'{"record": "police", "policy": {}}', Reason.WRONG_SHAPE, "$.record"),
        (b'{"record": "policy", "policy": []}', Reason.WRONG_SHAPE, "not an object"),
        (b'{"record": "policy", "policy": {"team": {}}}', Reason.WRONG_SHAPE, "team: unknown"),
        (b'{"record": "policy", "policy": {"caps": 1}}', Reason.WRONG_SHAPE, "caps: expected"),
        (b'{"record": "policy", "policy": {}, "version": "1"}', Reason.WRONG_SHAPE, "$.version"),
        (b'{"record": "policy", "policy": {}, "partition": -1}', Reason.WRONG_SHAPE, "partition"),
        (b'{"record": "policy", "policy": {}, "recorded_at": "x"}', Reason.BAD_TIME, "recorded_at"),
        (
            b'{"record": "policy", "policy": {"brands": {"a b": {}}}}',
            Reason.WRONG_SHAPE,
            "a brand is a slug",
        ),
        (
            b'{"record": "policy", "policy": {"points": {"reply": [1, 2, 99999999999999999999]}}}',
            Reason.WRONG_SHAPE,
            "points.reply",
        ),
    ],
)
def test_what_is_none_is_refused(value: bytes | None, reason: Reason, said: str) -> None:
    read = read_policy(value)
    assert isinstance(read, Reject)
    assert read.reason is reason
    assert said in read.detail


def test_an_interaction_that_speaks_of_a_policy_is_no_policy() -> None:
    assert is_policy_line(b'{"record": "policy"}')
    assert not is_policy_line(b'{"record": "link", "note": "policy"}')
    assert not is_policy_line(b'{"id": "policy"}')
    assert not is_policy_line(b'"policy"')
    assert not is_policy_line(b'{"record": ["policy"]}')
