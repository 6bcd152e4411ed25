"""Erasures and consents of one brand and of all, in the service: the last word counts."""

from __future__ import annotations

import itertools
import random
from pathlib import Path

from tests.domain.test_consent import SAID
from tests.edge.lanes import Lanes

NOW = 1_790_000_000_000


def test_the_last_word_counts(tmp_path: Path) -> None:
    world = Lanes(tmp_path, 3, random.Random(1))
    world.now_ms = NOW
    said = list(itertools.product(SAID, SAID, SAID, (True, False)))
    for number, case in enumerate(said):
        if case[-1]:
            world.act(f"p{number}", "before", NOW)
    world.run()
    for step in range(3):
        for number, case in enumerate(said):
            kind, brand = case[step]
            world.erase(f"p{number}", brand, consent=kind == "consent")
        world.run()
    for number in range(len(said)):
        world.act(f"p{number}", "behind", NOW + 1)
    world.run()
    views = world.views()
    for number, case in enumerate(said):
        erased = [kind == "erasure" for kind, _ in case[:3]]
        view = views.get(f"p{number}")
        assert (view is None) is erased[-1], case
        if view is not None:
            assert (view["epoch"] > 0) is any(erased), case
    world.close()
