"""The closed list of reasons to refuse a record."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Reason(StrEnum):
    """Why a record was refused. A label of metrics: closed, small and free of personal data."""

    NOT_JSON = "not_json"
    EMPTY = "empty"
    WRONG_SHAPE = "wrong_shape"
    TOO_LARGE = "too_large"
    UNKNOWN_VERB = "unknown_verb"
    BAD_BRAND = "bad_brand"
    BAD_PERSON = "bad_person"
    BAD_TIME = "bad_time"
    FROM_THE_FUTURE = "from_the_future"
    TOO_OLD = "too_old"
    UNKNOWN_ACCOUNT = "unknown_account"
    PROCESSING_FAILED = "processing_failed"


class Reject(msgspec.Struct, frozen=True):
    """A refusal: bad input is a value, not an exception.

    `detail` says where and what was expected; it never repeats a value of the record.
    """

    reason: Reason
    detail: str = ""
