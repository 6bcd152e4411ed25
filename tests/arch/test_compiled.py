"""What is to be compiled is compiled: a core at half its speed would go unnoticed."""

from __future__ import annotations

import importlib

import pytest

import hatch_build


def test_the_core_is_compiled_where_it_can_be() -> None:
    if reason := hatch_build.why_not():
        pytest.skip(reason)
    names = [path.relative_to(hatch_build.ROOT) for path in hatch_build.sources()]
    assert len(names) > 30
    for name in names:
        module = importlib.import_module(".".join(name.with_suffix("").parts))
        assert str(module.__file__).endswith(".so"), f"{name}: see .venv/compile.log, make compile"
