"""The project's own files, and what their syntax trees say."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).parents[2]
PACKAGE: Final = ROOT / "stream_app"


class Import(NamedTuple):
    """`module` is imported at `line` of `path`."""

    path: Path
    line: int
    module: str


@cache
def tree_of(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(path.read_text("utf-8"), str(path))


def python_files(folder: Path = PACKAGE) -> list[Path]:
    """Every module under a folder."""
    return sorted(folder.rglob("*.py"))


def imports_of(path: Path) -> Iterator[Import]:
    """Everything a module imports, also inside functions and for type checking only."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from (Import(path, node.lineno, name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = _absolute(path, node)
            yield Import(path, node.lineno, module)
            base = ROOT.joinpath(*module.split("."))
            for name in node.names:
                if (base / name.name).is_dir() or (base / f"{name.name}.py").is_file():
                    yield Import(path, node.lineno, f"{module}.{name.name}")


def _absolute(path: Path, node: ast.ImportFrom) -> str:
    """The full name of the module that `from ... import` names."""
    if node.level == 0:
        return node.module or ""
    package = path.relative_to(ROOT).parent.parts
    return ".".join([*package[: len(package) - node.level + 1], *filter(None, [node.module])])


def tracked_files() -> list[Path]:
    """What git keeps or would keep."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout
    paths = [ROOT / name for name in listed.decode().split("\0") if name]
    return [path for path in paths if path.is_file()]
