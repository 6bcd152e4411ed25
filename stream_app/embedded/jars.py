"""Kafka's jars: downloaded once into a cache, each checked against the committed lock."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from stream_app.embedded.errors import (
    BrokerError,
    ChecksumMismatch,
    DownloaderMissing,
    DownloadFailed,
)
from stream_app.embedded.progress import Progress

LOCK_FILE = Path(__file__).with_name("kafka.lock.json")
LOCK_FORMAT = 1
_PARALLEL_DOWNLOADS = 8
_TIMEOUT_S = 60


@dataclass(frozen=True, slots=True)
class Jar:
    """One file of the lock: Maven coordinate, SHA-256 (hex) and size in bytes."""

    group: str
    artifact: str
    version: str
    sha256: str
    size_bytes: int

    @property
    def file_name(self) -> str:
        """Name in the cache; unique in the lock."""
        return f"{self.artifact}-{self.version}.jar"


@dataclass(frozen=True, slots=True)
class Lock:
    """The jars of one Kafka version."""

    kafka: str
    jars: tuple[Jar, ...]


# Gets a jar into the folder and returns the file; calls back with each count of new bytes.
Fetch = Callable[[Jar, Path, Callable[[int], None]], Path]


def read_lock(path: Path = LOCK_FILE) -> Lock:
    """The committed lock; BrokerError if it has a format that this release does not know."""
    document = json.loads(path.read_text(encoding="utf-8"))
    if document["format"] != LOCK_FORMAT:
        raise BrokerError(f"{path.name} has format {document['format']}, expected {LOCK_FORMAT}")
    return Lock(document["kafka"], tuple(Jar(**jar) for jar in document["jars"]))


def sha256_of(file: Path) -> str:
    """SHA-256 of a file's content, in hex."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def ensure_jars(
    cache: Path, progress: Progress, lock: Lock | None = None, fetch: Fetch | None = None
) -> list[Path]:
    """Paths of all jars of the lock, complete and checked; downloads those that are missing.

    A cached jar with a wrong checksum is thrown away and downloaded again; a download with a
    wrong checksum raises ChecksumMismatch and leaves nothing behind.
    """
    lock = lock or read_lock()
    folder = cache / f"kafka-{lock.kafka}"
    missing = [jar for jar in lock.jars if not _is_intact(folder / jar.file_name, jar)]
    if missing:
        folder.mkdir(parents=True, exist_ok=True)
        _download(missing, folder, progress, fetch or _fetch_with_jgo())
    return [folder / jar.file_name for jar in lock.jars]


def _is_intact(file: Path, jar: Jar) -> bool:
    """Whether the cached file is the one that the lock names."""
    try:
        return file.stat().st_size == jar.size_bytes and sha256_of(file) == jar.sha256
    except FileNotFoundError:
        return False


def _download(jars: list[Jar], folder: Path, progress: Progress, fetch: Fetch) -> None:
    """Fetch the jars in parallel into a scratch folder, move each over once it is checked."""
    total = sum(jar.size_bytes for jar in jars)
    done = 0
    guard = threading.Lock()

    def arrived(count: int) -> None:
        nonlocal done
        with guard:
            done += count
            progress.downloading(done, total)

    # Two processes may fill one cache at once: each has its own scratch folder, and the move
    # into place is atomic.
    with (
        progress.download(len(jars), total),
        tempfile.TemporaryDirectory(dir=folder, prefix=".partial-") as scratch,
        ThreadPoolExecutor(_PARALLEL_DOWNLOADS, thread_name_prefix="jars") as pool,
    ):
        futures = [pool.submit(_get, jar, folder, Path(scratch), arrived, fetch) for jar in jars]
        try:
            for future in futures:
                future.result()
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _get(
    jar: Jar, folder: Path, scratch: Path, arrived: Callable[[int], None], fetch: Fetch
) -> None:
    try:
        file = fetch(jar, scratch, arrived)
    except (OSError, RuntimeError) as error:
        # The library's message holds the address tried; ours says what to do.
        raise DownloadFailed(
            f"could not download {jar.file_name}: {type(error).__name__}. "
            "Check the network or proxy, then run the same command again; "
            "what has arrived is kept."
        ) from error
    actual = sha256_of(file)
    if actual != jar.sha256:
        file.unlink()
        raise ChecksumMismatch(
            f"{jar.file_name} has SHA-256 {actual}, the lock says {jar.sha256}; thrown away. "
            "Run the command again; if it repeats, something on the way changes files."
        )
    file.replace(folder / jar.file_name)


def _fetch_with_jgo() -> Fetch:
    """A `Fetch` on jgo's pure-Python Maven client, with the user's mirrors if they set any."""
    if importlib.util.find_spec("jgo") is None:
        raise DownloaderMissing(
            "the embedded broker's jars are not in the cache and the downloader is not "
            "installed. Run: pip install 'rapport-stream[broker]'"
        )
    from jgo.config import GlobalSettings
    from jgo.maven import MavenContext, PythonResolver

    mirrors: dict[str, str] = GlobalSettings.load().repositories

    def fetch(jar: Jar, folder: Path, arrived: Callable[[int], None]) -> Path:
        @contextlib.contextmanager
        def reporting(_name: str, _size_bytes: int) -> Iterator[Callable[[int], None]]:
            yield arrived

        context = MavenContext(
            resolver=PythonResolver(progress_callback=reporting),
            repo_cache=folder,
            timeout=_TIMEOUT_S,
        )
        context.remote_repos.update(mirrors)
        project = context.project(jar.group, jar.artifact)
        file = context.resolver.download(project.at_version(jar.version).artifact())
        assert file is not None
        return Path(file)

    return fetch
