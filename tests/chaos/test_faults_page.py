"""docs/faults.md names tests and kinds of chaos: all of them exist, and no number is left out."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from chaos.plan import Kind

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "faults.md").read_text("utf-8")
NUMBERS = [1, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 15, 17, 18, 19, 21, 23, 24, 25, 26, 27, 29, 30]
NUMBERS += [31, 34]


def names_of_tests() -> set[str]:
    """Names of all tests."""
    return {
        node.name
        for path in (ROOT / "tests").rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
    }


def test_every_test_that_is_named_exists() -> None:
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    assert len(named) > 25
    assert named - names_of_tests() == set()


def test_every_kind_of_chaos_has_its_place() -> None:
    assert set(re.findall(r"chaos: (\w+)", PAGE)) - {"kind"} == {kind.value for kind in Kind}


def test_no_number_is_left_out_and_every_row_is_covered() -> None:
    rows = [line.split("|") for line in PAGE.splitlines() if re.match(r"\| \d+ \|", line)]
    assert [int(row[1]) for row in rows] == NUMBERS
    assert all("test_" in row[4] or "chaos:" in row[4] for row in rows)
