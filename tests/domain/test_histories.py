"""Random histories: the core equals the naive rescan on every transition, refusal and duplicate."""

from __future__ import annotations

import pytest

from tests.domain.compare import core_outcome, oracle_outcome
from tests.oracle.histories import history

CASES = [(seed, 1) for seed in range(1, 21)] + [(seed, 4) for seed in range(1, 6)]


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "partitions"), CASES)
def test_core_equals_rescan(seed: int, partitions: int) -> None:
    lines = history(seed)
    core, oracle = core_outcome(lines, partitions), oracle_outcome(lines, partitions)
    assert len(core["moves"]) > 300, "a history without moves proves nothing"
    for part in ("rejects", "duplicates", "moves"):
        assert core[part] == oracle[part]
