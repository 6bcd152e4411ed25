"""Six digits of a quality, to the bit as Python rounds."""

from __future__ import annotations

import math

from hypothesis import example, given
from hypothesis import strategies as st

from stream_app.domain.worth import rounded


@given(st.floats(0, 1))
@example(1.0)
@example(0.9999995)
@example(5e-7)
def test_as_round(value: float) -> None:
    assert rounded(value) == round(value, 6)


@given(st.integers(0, 999_999), st.integers(-3, 3))
def test_as_round_at_and_beside_the_middle(steps: int, ulps: int) -> None:
    value = (steps + 0.5) / 1e6
    for _ in range(abs(ulps)):
        value = math.nextafter(value, math.inf if ulps > 0 else 0.0)
    assert rounded(value) == round(value, 6)
