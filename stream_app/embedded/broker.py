"""A real Apache Kafka, one KRaft node, as a child that cannot outlive this process."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from stream_app.embedded import state, supervisor
from stream_app.embedded.errors import (
    BrokerAlreadyRunning,
    BrokerDidNotStart,
    BrokerError,
    FolderUnusable,
)
from stream_app.embedded.jars import ensure_jars
from stream_app.embedded.java import find_java
from stream_app.embedded.jvm import SERVES, format_folder, formatted_folder, java_command
from stream_app.embedded.progress import Progress, on_stderr
from stream_app.embedded.settings import (
    DEFAULT_HEAP_MB,
    HOST,
    LOG4J,
    free_ports,
    is_free,
    jar_cache,
    rapport_home,
    server_properties,
)

START_TIMEOUT_S = 90.0
_ATTEMPTS = 3  # somebody may take a port between our look and Kafka's start
_PORT_TAKEN = "already in use"
_PRIVATE = "run-"
_SWEEP_AFTER_S = 3600.0


class EmbeddedBroker:
    """Kafka on a free local port; a context manager.

    Without a `name` its data is private to this run and removed in the end. With one, the data
    is in `<home>/broker/<name>`, is wiped at the next start unless that says `keep`, and a
    second broker of the same name is refused. The broker ends with `stop()`, with the `with`
    block, or by itself when this process is gone, even by `kill -9`. With `keep`, `stop()` and
    `start()` again go on with the same data at the same address, also after Kafka was killed.
    """

    def __init__(
        self,
        name: str | None = None,
        *,
        home: Path | None = None,
        keep: bool = False,
        heap_mb: int = DEFAULT_HEAP_MB,
        port: int | None = None,
    ) -> None:
        """Nothing is started or written yet. `port`: None for a free one.

        `keep` needs a `name`: data without a name cannot be found again.
        """
        if keep and name is None:
            raise ValueError("keep=True needs a name, so that the data can be found again")
        self.name = name
        self.keep = keep
        self.heap_mb = heap_mb
        self._home = home
        self._port = port
        self._folder: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._state: state.State | None = None

    @property
    def address(self) -> str:
        """`host:port` for clients; BrokerError before `start()`."""
        return self._running().address

    @property
    def details(self) -> state.State:
        """All that is known of the running broker; BrokerError before `start()`."""
        return self._running()

    def is_alive(self) -> bool:
        """Whether Kafka runs: False before the start, after the stop and after its own end."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Process id of Kafka itself, for tests that pause or kill it."""
        return self._running().kafka_pid

    @property
    def log_file(self) -> Path:
        """What Kafka says; it goes with the folder, if that is private."""
        return Path(self._running().log_file)

    @property
    def folder(self) -> Path:
        """Data, settings, log and state of this broker."""
        return self.log_file.parent

    def __enter__(self) -> Self:
        """Start, with progress on standard error."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop, whatever happened."""
        self.stop()

    def start(self, progress: Progress | None = None) -> str:
        """Download if needed, format, start, wait until it serves; returns the address.

        Raises a BrokerError that says what to do; nothing is left running then.
        """
        if self._process is not None:
            raise BrokerAlreadyRunning("this broker has been started already")
        progress = progress or on_stderr()
        begin = time.monotonic()
        java = find_java()
        try:
            jars = ensure_jars(jar_cache(), progress)
            self._folder = self._prepare_folder()
        except OSError as error:
            raise FolderUnusable(error) from error
        try:
            for attempt in range(_ATTEMPTS):
                try:
                    self._launch(java, jars)
                    break
                except _PortTaken:
                    if attempt == _ATTEMPTS - 1:
                        raise
        except BaseException:
            self.stop()
            raise
        progress.note(f"Kafka ready at {self.address} in {time.monotonic() - begin:.1f} s")
        return self.address

    def stop(self) -> None:
        """Stop Kafka and wait for it; does nothing if it is not running."""
        process, self._process, self._state = self._process, None, None
        if process is not None:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(supervisor.GRACE_S * 2)
        if self._folder is not None and self.name is None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def detach(self) -> state.State:
        """Leave the broker running after this process; returns how to find it again."""
        found = self._running()
        if self.name is None:
            raise BrokerError("a broker without a name cannot be left running")
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(b"D")
        self._process.stdin.close()
        self._process.returncode = 0  # it is not ours to wait for any more
        self._process, self._state = None, None
        return found

    def _running(self) -> state.State:
        if self._state is None:
            raise BrokerError("the broker is not running; call start() first")
        return self._state

    def _prepare_folder(self) -> Path:
        """The folder, wiped unless it is to be kept; refuses one that is in use."""
        base = (self._home or rapport_home()) / "broker"
        base.mkdir(parents=True, exist_ok=True)
        if self.name is None:
            _sweep(base)
            return Path(tempfile.mkdtemp(prefix=_PRIVATE, dir=base))
        folder = base / self.name
        folder.mkdir(exist_ok=True)
        with state.held(folder) as free:
            if not free:
                raise BrokerAlreadyRunning(
                    f"a broker runs in {folder} already: `rapport broker status` shows it, "
                    "`rapport broker stop` ends it"
                )
            if not self.keep:
                for leftover in ("data", "kafka.log", state.FILE):
                    _remove(folder / leftover)
        return folder

    def _launch(self, java: Path, jars: list[Path]) -> None:
        assert self._folder is not None
        port, controller_port = self._choose_ports()
        config = self._folder / "server.properties"
        log4j = self._folder / "log4j2.properties"
        log = self._folder / "kafka.log"
        data = self._folder / "data"
        config.write_text(server_properties(port, controller_port, data), encoding="utf-8")
        log4j.write_text(LOG4J, encoding="utf-8")
        jvm = java_command(java, jars, log4j, self.heap_mb)
        if not (data / "meta.properties").exists():
            format_folder(jvm, config, data, formatted_folder(jars), log)
        log_start = log.stat().st_size if log.exists() else 0
        self._process = self._supervise([*jvm, "kafka.Kafka", str(config)], log)
        self._state = state.State(
            address=f"{HOST}:{port}",
            pid=self._process.pid,
            kafka_pid=self._kafka_pid(log),
            log_file=str(log),
            started_at_ms=time.time_ns() // 1_000_000,
        )
        self._await_serving(log, log_start)
        state.write(self._folder, self._state)

    def _choose_ports(self) -> tuple[int, int]:
        """For clients and for the controller."""
        assert self._folder is not None
        port, controller_port = free_ports(2)
        before = state.read(self._folder) if self.keep else None
        wanted = self._port
        if wanted is None and before is not None:
            # Clients of kept data know the old address.
            wanted = int(before.address.rpartition(":")[2])
        if wanted is None:
            return port, controller_port
        if not is_free(wanted):
            raise BrokerDidNotStart(
                f"port {wanted} is taken by another program; end that, or choose another port"
            )
        return wanted, controller_port

    def _supervise(self, command: list[str], log: Path) -> subprocess.Popen[bytes]:
        assert self._folder is not None
        watched = [sys.executable, "-I", "-S", supervisor.__file__]
        watched += ["--lock", str(self._folder / state.LOCK), "--log", str(log)]
        if self.name is None:
            watched += ["--remove", str(self._folder)]
        # A session of its own: Ctrl-C reaches us and we stop it in order, after its clients.
        # Nor does it hold our standard error, or a shell that reads it would wait for Kafka's end.
        with log.open("ab") as errors:
            return subprocess.Popen(
                [*watched, "--", *command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
            )

    def _kafka_pid(self, log: Path) -> int:
        assert self._process is not None
        assert self._process.stdout is not None
        with self._process.stdout as answers:
            answer = answers.readline().split()
        match answer:
            case [b"pid", number]:
                return int(number)
            case [b"busy"]:
                raise BrokerAlreadyRunning(f"another broker has just been started in {log.parent}")
            case _:
                raise BrokerDidNotStart(f"Kafka could not be launched; log: {log}")

    def _await_serving(self, log: Path, log_start: int) -> None:
        """Wait for Kafka's own word: an answer on the port could be another broker's."""
        assert self._process is not None
        deadline = time.monotonic() + START_TIMEOUT_S
        while SERVES not in _since(log, log_start):
            if self._process.poll() is not None or time.monotonic() > deadline:
                said = _since(log, log_start)[-2000:].decode(errors="replace")
                self._end_failed_start()
                kind = _PortTaken if _PORT_TAKEN in said else BrokerDidNotStart
                raise kind(f"Kafka did not start. The end of its log:\n{said}")
            time.sleep(0.05)

    def _end_failed_start(self) -> None:
        process, self._process, self._state = self._process, None, None
        assert process is not None
        assert process.stdin is not None
        process.stdin.close()
        process.wait(supervisor.GRACE_S * 2)


class _PortTaken(BrokerDidNotStart):
    """Somebody took the port between our look and Kafka's start. Do: start again."""


def _since(log: Path, start: int) -> bytes:
    """What the log has had added since that size; nothing if it is gone."""
    try:
        with log.open("rb") as stream:
            stream.seek(start)
            return stream.read()
    except FileNotFoundError:
        return b""


def _sweep(base: Path) -> None:
    """Remove private folders whose broker died unasked; its log has had time to be read."""
    for folder in base.glob(f"{_PRIVATE}*"):
        age_s = time.time() - folder.stat().st_mtime
        if age_s > _SWEEP_AFTER_S and not state.is_locked(folder):
            shutil.rmtree(folder, ignore_errors=True)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def stop_process(found: state.State, folder: Path) -> None:
    """End a detached broker and wait until its folder is free; also if its guard was killed."""
    if not state.is_locked(folder):
        return
    # Both: the guard may have been killed, and a second SIGTERM does Kafka no harm.
    _signal(found.pid, signal.SIGTERM)
    _signal(found.kafka_pid, signal.SIGTERM)
    if state.wait_unlocked(folder, supervisor.GRACE_S + 2):
        return
    _signal(found.kafka_pid, signal.SIGKILL)
    if not state.wait_unlocked(folder, supervisor.GRACE_S):
        raise BrokerError(f"process {found.kafka_pid} does not end; log: {found.log_file}")


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
