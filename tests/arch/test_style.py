"""Style that matters is a test: purity of the domain, sizes, exceptions that tell what to do."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.arch.sources import PACKAGE, ROOT, imports_of, python_files, tree_of

MODULE_LINES: Final = 400
FUNCTION_LINES: Final = 50
EXEMPT: Final[dict[str, str]] = {}
"""`path` or `path:function` -> the date and the reason."""

FILES: Final = python_files()
BANNED_MODULES: Final = {"time", "random", "asyncio", "threading", "socket", "os", "io", "pathlib"}
BANNED_FUNCTIONS: Final = {"print", "open", "input"}
BANNED_METHODS: Final = {"now", "utcnow", "today", "time", "read_text", "write_text"}


def names(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", python_files(PACKAGE / "domain"), ids=names)
def test_the_domain_is_pure(path: Path) -> None:
    wrong = [str(found) for found in imports_of(path) if found.module in BANNED_MODULES]
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.AsyncFunctionDef | ast.AsyncFor | ast.AsyncWith | ast.Await):
            wrong.append(f"{node.lineno}: async")
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name) and node.func.id in BANNED_FUNCTIONS:
                wrong.append(f"{node.lineno}: {node.func.id}()")
            if isinstance(node.func, ast.Attribute) and node.func.attr in BANNED_METHODS:
                wrong.append(f"{node.lineno}: .{node.func.attr}()")
    assert not wrong


@pytest.mark.parametrize("path", [*FILES, *python_files(ROOT / "tests")], ids=names)
def test_a_module_fits_in_the_head(path: Path) -> None:
    lines = len(path.read_text("utf-8").splitlines())
    assert lines <= MODULE_LINES or names(path) in EXEMPT, f"{lines} lines"


def test_fixtures_are_a_tests_own_or_the_sessions() -> None:
    """Tests are spread over the run: a fixture of a module would be made anew for each of them."""
    wrong = [
        f"{names(path)}:{node.value.lineno}"
        for path in python_files(ROOT / "tests")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.keyword) and node.arg == "scope"
        if ast.literal_eval(node.value) not in ("function", "session")
    ]
    assert not wrong


@pytest.mark.parametrize("path", FILES, ids=names)
def test_a_function_fits_on_a_screen(path: Path) -> None:
    wrong = {}
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            lines = node.end_lineno - node.lineno + 1
            if lines > FUNCTION_LINES and f"{names(path)}:{node.name}" not in EXEMPT:
                wrong[node.name] = lines
    assert not wrong


def exceptions() -> Iterator[tuple[Path, ast.ClassDef]]:
    """Every exception class of ours: named so, or derived from one."""
    classes = [
        (path, node)
        for path in FILES
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.ClassDef)
    ]
    known = {"Exception", "BaseException"}
    while True:
        found = [(path, node) for path, node in classes if _bases(node) & known]
        grown = known | {node.name for _, node in found}
        if grown == known:
            yield from found
            return
        known = grown


def _bases(node: ast.ClassDef) -> set[str]:
    named = {base.id for base in node.bases if isinstance(base, ast.Name)}
    named |= {base.attr for base in node.bases if isinstance(base, ast.Attribute)}
    builtin = {name for name in named if name.endswith(("Error", "Exception"))}
    return named | ({"Exception"} if builtin else set())


def test_every_exception_tells_the_operator_what_to_do() -> None:
    """But for those that never leave their module (`_Name`) and for control flow, which the linter
    would have named `...Error` had nobody said that it is none.
    """
    found = list(exceptions())
    assert len(found) >= 3
    wrong = [
        f"{names(path)}:{node.lineno} {node.name}"
        for path, node in found
        if node.name.endswith("Error")
        and not node.name.startswith("_")
        and "Do: " not in (ast.get_docstring(node) or "")
    ]
    assert not wrong


def test_an_exemption_is_still_needed() -> None:
    for name in EXEMPT:
        assert (ROOT / name.split(":")[0]).is_file(), name
