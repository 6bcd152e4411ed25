"""One real broker for all processes of a session, and names that no two tests share."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import uuid
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

import stream_app
from stream_app.embedded import EmbeddedBroker, Silent, broker_address
from tests.together import Once, one_for_all

# How long an example takes says how busy the machine is.
settings.register_profile("ours", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ours")


def pytest_sessionstart() -> None:
    """Of a run in the background the shell has ^C ignored, and so would be all that it starts."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_configure() -> None:
    """Python prefers a compiled module to a newer source: say so instead of testing the old one."""
    package = Path(stream_app.__file__).parent
    for compiled in (*package.rglob("*.so"), *package.with_name("bench").glob("*.so")):
        source = compiled.with_name(f"{compiled.name.partition('.')[0]}.py")
        if not source.is_file() or source.stat().st_mtime > compiled.stat().st_mtime:
            how = "python hatch_build.py bench" if source.parent.name == "bench" else "make compile"
            pytest.exit(f"{source} is newer than its compiled form. Do: {how}", 2)


def pytest_collection() -> None:
    """What is imported and collected stays: the garbage collector need not look for it there."""
    gc.disable()


def pytest_collection_finish() -> None:
    """From here on it looks at what tests make, and at that only."""
    gc.enable()
    gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that asks for the broker is a Kafka test, marked or not. Chaos, the longest, begins.

    Then those that mostly wait, for Kafka, are spread among those that compute for long, so that
    the processes of a run (`pytest -n`) do both at any time; the many short ones fill up the end.
    So the tests of a module do not follow one another: what is dear to make is the session's.
    """
    for item in items:
        if "broker" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.kafka)
    kinds: dict[str, list[pytest.Item]] = {"chaos": [], "waits": [], "computes": [], "short": []}
    for item in items:
        kinds[_kind(item)].append(item)
    mixed = _spread(kinds["waits"], kinds["computes"])
    items[:] = [*kinds["chaos"], *mixed, *kinds["short"]]


def _kind(item: pytest.Item) -> str:
    marks = {mark.name for mark in item.iter_markers()}
    if "kafka" in marks:
        return "chaos" if item.path.parent.name == "chaos" else "waits"
    return "computes" if "slow" in marks else "short"


def _spread(*kinds: list[pytest.Item]) -> list[pytest.Item]:
    """Each kind in its order, evenly over the whole."""
    placed = [(at / len(kind), item) for kind in kinds for at, item in enumerate(kind)]
    return [item for _, item in sorted(placed, key=lambda place: place[0])]


@pytest.fixture(scope="session")
def session_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of this session, the same one for all its processes (`pytest -n`)."""
    folder = tmp_path_factory.getbasetemp()
    return folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder


@pytest.fixture(scope="session")
def once(session_folder: Path) -> Once:
    """Works out what many tests look at, once for all processes."""
    return Once(session_folder)


def in_memory(least_bytes: int = 8 << 30) -> Path | None:
    """A folder that is no disk, where there is one with room.

    The tests have thousands of partitions, and Kafka waits for the disk several times for each.
    """
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK) or shutil.disk_usage(memory).free < least_bytes:
        return None
    return memory / f"rapport-tests-{os.getuid()}"


@pytest.fixture(scope="session")
def broker(pytestconfig: pytest.Config, session_folder: Path) -> Iterator[str]:
    """Address of a real Kafka: the one `BROKER=host:port` names, else one for this session."""
    # The first start downloads: let its progress through, or the wait looks like a hang.
    capture = pytestconfig.pluginmanager.getplugin("capturemanager")
    assert capture is not None
    opened = one_for_all(session_folder / "broker", partial(broker_address, home=in_memory()))
    with capture.global_and_fixture_disabled():
        address = opened.__enter__()
    yield address
    opened.__exit__(None, None, None)


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator[EmbeddedBroker]:
    """One that may be stopped, killed and started again."""
    broker = EmbeddedBroker("own", home=tmp_path / "home", keep=True)
    broker.start(Silent())
    yield broker
    broker.stop()


@pytest.fixture
def topic_prefix() -> str:
    """A prefix for topics, groups and transactional ids of one test on the shared broker."""
    return f"t{uuid.uuid4().hex[:10]}-"
