"""Whole numbers of any size come back from what is stored."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_app.contracts import wide
from stream_app.domain.remembered import Purchase
from stream_app.domain.verbs import Kind

ODD = ("", "null", "true", "5", "-1", "1e5", "\x00", "é")


def bought(shares: dict[str, int], text: str) -> Purchase:
    """A purchase whose worth went to these methods."""
    some = Decimal("1.50")
    return Purchase(
        text, text, text, 1, 2, Kind.PLAIN, (text,), some, "EUR", None, some, False, None, 3, shares
    )


@given(st.dictionaries(st.sampled_from(ODD), st.integers(-(10**40), 10**40)), st.sampled_from(ODD))
def test_numbers_come_back_and_texts_stay_texts(shares: dict[str, int], text: str) -> None:
    purchase = bought(shares, text)
    assert wide.decoder(Purchase)(wide.encode(purchase)) == purchase


def test_what_fits_is_written_as_ever() -> None:
    for number in (0, -(1 << 63), (1 << 64) - 1):
        purchase = bought({"ads": number}, "k")
        assert wide.encode(purchase) == msgspec.msgpack.encode(purchase)


@pytest.mark.parametrize("content", [b"", b"\xc1", b"\x93\x01", msgspec.msgpack.encode(["k"])])
def test_other_bytes_are_refused(content: bytes) -> None:
    with pytest.raises(msgspec.MsgspecError):
        wide.decoder(Purchase)(content)
