"""Random histories: the core equals the naive rescan on every transition, refusal and duplicate."""

from __future__ import annotations

import pytest

from tests.domain.compare import core_outcome, outcome_of
from tests.oracle.histories import history
from tests.oracle.shared import history_rescanned
from tests.together import Once

CASES = [(seed, 1) for seed in range(1, 21)] + [(seed, 4) for seed in range(1, 6)]


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "partitions"), CASES)
def test_core_equals_rescan(once: Once, seed: int, partitions: int) -> None:
    core = core_outcome(history(seed), partitions)
    oracle = outcome_of(history_rescanned(once, seed, partitions))
    assert len(core["moves"]) > 300, "a history without moves proves nothing"
    for part in ("rejects", "duplicates", "moves"):
        assert core[part] == oracle[part]
