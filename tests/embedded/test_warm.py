"""A quick start is a gift: Kafka starts without it, and with a file that does not fit."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from stream_app.embedded import EmbeddedBroker, Silent
from stream_app.embedded.errors import BrokerDidNotStart
from stream_app.embedded.jars import ensure_jars
from stream_app.embedded.java import find_java
from stream_app.embedded.jvm import cache_file, format_folder, java_command
from stream_app.embedded.settings import jar_cache
from stream_app.embedded.warm import make
from tests.embedded.helpers import is_open


def java_of(home: Path, release: str | None) -> Path:
    """The path of a Java that says so of itself."""
    if release is not None:
        (home / "release").write_text(f'MODULES="java.base"\nJAVA_VERSION="{release}"\n', "utf-8")
    return home / "bin" / "java"


@pytest.mark.parametrize("release", ["17.0.9", "24.0.2", "strange", None])
def test_an_older_java_is_called_without_the_file(tmp_path: Path, release: str | None) -> None:
    java, jars = java_of(tmp_path, release), [tmp_path / "a.jar"]
    assert cache_file(java, jars) is None
    assert not make(java, jars)
    assert not [word for word in java_command(java, jars, tmp_path / "l", 99) if "AOT" in word]


def test_the_file_is_used_where_it_is(tmp_path: Path) -> None:
    java, jars = java_of(tmp_path, "25.0.2"), [tmp_path / "a.jar", tmp_path / "b.jar"]
    file = cache_file(java, jars)
    assert file == tmp_path / "java-25.0.2.aot"
    without = java_command(java, jars, tmp_path / "l", 99)
    assert not [word for word in without if "AOT" in word]
    file.touch()
    assert make(java, jars), "it is there, so nothing runs"
    assert f"-XX:AOTCache={file}" in java_command(java, jars, tmp_path / "l", 99)
    assert java_command(java, jars, tmp_path / "l", 99, warm=False) == without


TOOL = """
import sys
from pathlib import Path
data = Path(sys.argv[-1]).parent / "data"
data.mkdir()
(data / "meta.properties").write_text("node.id=1")
(data / "bootstrap.checkpoint").write_bytes(b"checkpoint")
"""


def test_kafka_is_asked_for_the_first_folder_only(tmp_path: Path) -> None:
    kept, log = tmp_path / "kept", tmp_path / "log"
    made = []
    for number, tool in enumerate((TOOL, "raise SystemExit('asked again')")):
        folder = tmp_path / str(number)
        folder.mkdir()
        command = [sys.executable, "-c", tool]
        format_folder(command, folder / "server.properties", folder / "data", kept, log)
        made.append({path.name: path.read_bytes() for path in (folder / "data").iterdir()})
    assert made == [{"meta.properties": b"node.id=1", "bootstrap.checkpoint": b"checkpoint"}] * 2
    assert {path.name for path in tmp_path.iterdir()} == {"0", "1", "kept", "log"}


def test_a_folder_is_formatted_though_nothing_can_be_kept(tmp_path: Path) -> None:
    kept, log, data = tmp_path / "is" / "away", tmp_path / "log", tmp_path / "data"
    format_folder([sys.executable, "-c", TOOL], tmp_path / "server.properties", data, kept, log)
    assert (data / "meta.properties").is_file()
    with pytest.raises(BrokerDidNotStart, match="refused to format"):
        format_folder([sys.executable, "-c", "1/0"], tmp_path / "properties", data, kept, log)


@pytest.mark.kafka
@pytest.mark.slow
def test_a_broken_file_is_no_obstacle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jars = ensure_jars(jar_cache(), Silent())
    folder = tmp_path / "cache" / jars[0].parent.name
    folder.mkdir(parents=True)
    for jar in jars:
        (folder / jar.name).symlink_to(jar)
    monkeypatch.setenv("RAPPORT_CACHE", str(tmp_path / "cache"))
    file = cache_file(find_java(), ensure_jars(jar_cache(), Silent()))
    if file is None:
        pytest.skip("this Java knows no such file")
    file.write_bytes(b"not what Java wrote" * 10_000)
    broker = EmbeddedBroker(home=tmp_path / "home")
    try:
        assert is_open(broker.start(Silent()))
    finally:
        broker.stop()
