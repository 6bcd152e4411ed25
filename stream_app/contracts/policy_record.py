"""A change of the policy as a record of the log, and as a line for `rapport replay`.

{"record": "policy", "version": "3f2a...", "policy": {"caps": {...}, "points": {...}, ...}}

`policy` is all of the policy file but `accounts` and `team`, defaults filled in. `version` is its
hash; a record where the two disagree is refused. Without `version`, what `policy` does not say is
as in the default one. A line of a replay of several partitions may say
with `partition` which of them it belongs to; without it, to all.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec

from stream_app.contracts.faults import not_json
from stream_app.contracts.policy import PolicyError, policy_of
from stream_app.contracts.times import parse_time
from stream_app.domain.policy import Policy
from stream_app.domain.rejects import Reason, Reject


class PolicyRecordV1(msgspec.Struct):
    """From here on this policy decides."""

    record: str
    policy: msgspec.Raw
    version: str | None = None
    partition: Annotated[int, msgspec.Meta(ge=0)] | None = None
    recorded_at: int | str | None = None


class PolicyChange(msgspec.Struct, frozen=True):
    """What a record says: the policy, for one partition or (None) all, and the record's time."""

    policy: Policy
    partition: int | None
    recorded_ms: int


_decode: Final = msgspec.json.Decoder(PolicyRecordV1).decode
_encode: Final = msgspec.json.Encoder().encode


def write_policy(policy: Policy) -> bytes:
    """The value of the record."""
    return _encode(PolicyRecordV1("policy", msgspec.Raw(policy.content), policy.version))


def policy_line(value: bytes, partition: int, recorded_ms: int) -> bytes:
    """A record of the log as a line for a replay; unchanged if it is none that can be read."""
    try:
        told: dict[str, Any] = msgspec.json.decode(value)
        return _encode({**told, "partition": partition, "recorded_at": recorded_ms})
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, TypeError):
        return value


def read_policy(value: bytes | None) -> PolicyChange | Reject:
    """The change of policy in the value of a record or line, or why it is refused."""
    try:
        told = _decode(value or b"")
        recorded_ms = 0 if told.recorded_at is None else parse_time(told.recorded_at)
    except msgspec.ValidationError as error:
        return Reject(Reason.WRONG_SHAPE, f"$: {error}")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Reject(Reason.NOT_JSON, not_json(error))
    except ValueError as error:
        return Reject(Reason.BAD_TIME, f"$.recorded_at: {error}")
    if told.record != "policy":
        return Reject(Reason.WRONG_SHAPE, "$.record: expected 'policy'")
    try:
        policy = policy_of(bytes(told.policy), filled=told.version is not None)
    except PolicyError as error:
        return Reject(Reason.WRONG_SHAPE, f"$.policy: {error}")
    if told.version not in (None, policy.version):
        return Reject(Reason.WRONG_SHAPE, "$.version: not that of the policy")
    return PolicyChange(policy, told.partition, recorded_ms)


def is_policy_line(line: bytes) -> bool:
    """Whether a line that is no interaction is meant to be a change of the policy."""
    return b'"policy"' in line and _says_policy(line)


class _Kind(msgspec.Struct):
    record: str | None = None


_decode_kind: Final = msgspec.json.Decoder(_Kind).decode


def _says_policy(line: bytes) -> bool:
    try:
        return _decode_kind(line).record == "policy"
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
