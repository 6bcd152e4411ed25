"""Each layer imports only layers to its left.

domain < contracts < adapters < edge < config < bootstrap < cli
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import pytest

from tests.arch.sources import PACKAGE, Import, imports_of, python_files

BELOW_BOOTSTRAP: Final = (
    "errors",
    "domain",
    "contracts",
    "adapters",
    "engine",
    "observability",
    "edge",
    "config",
)
# layer: what of ours it may import besides itself
ALLOWED: Final[dict[str, set[str]]] = {
    "errors": set(),
    "domain": set(),
    "contracts": {"domain"},
    "adapters": {"domain", "contracts"},
    "replay": {"domain", "contracts"},
    "engine": {"contracts.partitioner"},
    "embedded": set(),
    "observability": {"domain"},
    "edge": {"errors", "domain", "contracts", "adapters", "engine", "observability"},
    "config": {"domain", "contracts", "edge.topics"},
    "backfill": {"errors", "domain", "contracts", "adapters", "edge.counts", "edge.topics"},
    "bootstrap": {*BELOW_BOOTSTRAP},
    "demo": {*BELOW_BOOTSTRAP, "bootstrap", "replay", "embedded", "cli.methods_table"},
    "cli": {*BELOW_BOOTSTRAP, "bootstrap", "replay", "embedded", "demo", "backfill", "__main__"},
    "__main__": {"cli"},
}
OBSERVABILITY_ENUMS: Final = {
    "stream_app.domain.rejects",
    "stream_app.domain.transitions",
    "stream_app.domain.verbs",
    "stream_app.domain.acts",
}
"""The modules of the domain whose enums are labels of metrics."""


def layer_of(path: Path) -> str:
    """`domain` for stream_app/domain/..., `replay` for stream_app/replay.py."""
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def ours(found: Import) -> str | None:
    """The imported module without `stream_app.`, if it is ours."""
    package, _, rest = found.module.partition(".")
    return rest if package == PACKAGE.name and rest else None


def may(layer: str, module: str) -> bool:
    """Whether a layer may import this module of ours."""
    if module.split(".")[0] == layer:
        return True
    return any(module == other or module.startswith(f"{other}.") for other in ALLOWED[layer])


@pytest.mark.parametrize("path", python_files(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_to_its_left(path: Path) -> None:
    layer = layer_of(path)
    if layer == "__init__":
        assert list(imports_of(path)) == []
        return
    assert layer in ALLOWED, f"a new layer: say in ALLOWED what {layer} may import"
    wrong = [
        f"{found.path}:{found.line} imports {found.module}"
        for found in imports_of(path)
        if (module := ours(found)) is not None and not may(layer, module)
    ]
    assert not wrong


def test_the_domain_needs_the_standard_library_msgspec_and_marks_for_the_compiler() -> None:
    allowed = {*sys.stdlib_module_names, "msgspec", "mypy_extensions", PACKAGE.name}
    wrong = [
        found
        for path in python_files(PACKAGE / "domain")
        for found in imports_of(path)
        if found.module.split(".")[0] not in allowed
    ]
    assert not wrong


def test_observability_knows_enums_of_the_domain_only() -> None:
    wrong = [
        found
        for path in python_files(PACKAGE / "observability")
        for found in imports_of(path)
        if found.module.startswith(f"{PACKAGE.name}.domain")
        and not any(found.module.startswith(module) for module in OBSERVABILITY_ENUMS)
    ]
    assert not wrong


def test_the_command_that_needs_no_kafka_imports_none() -> None:
    """`rapport replay` starts fast and works without a broker's client."""
    reached: set[str] = set()
    todo = ["cli.replay"]
    while todo:
        name = todo.pop()
        if name in reached:
            continue
        reached.add(name)
        base = PACKAGE.joinpath(*name.split("."))
        path = (
            base.with_suffix(".py") if base.with_suffix(".py").is_file() else base / "__init__.py"
        )
        if path.is_file():
            for found in imports_of(path):
                assert found.module.split(".")[0] not in ("faust", "aiokafka", "rocksdict"), found
                if (module := ours(found)) is not None:
                    todo.append(module)
    assert "domain.relationship" in reached
