"""Workers that start at once: forked from a process that has imported what they run.

A new interpreter imports for a second before it does anything, and the tests start some hundred
workers. Each is a process of its own all the same, to be killed, stopped and waited for. That the
command itself starts from nothing is proved by the tests of the demo, the chaos and the commands.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["stream_app.cli.worker", "tests.engine.worker"])


class Forked:
    """A process, with the words of `subprocess.Popen` for it."""

    def __init__(
        self, module: str, arguments: Sequence[str], log: Path, *, patch: str = ""
    ) -> None:
        """Run `main()` of a module, `patch` (Python) before it; what it says goes to the log."""
        log.touch()  # so that it can be read at once
        how = (module, list(arguments), str(log), patch, dict(os.environ))
        self._process = _FORKS.Process(target=_run, args=how, daemon=True)
        self._process.start()

    @property
    def pid(self) -> int:
        """Of the process."""
        assert self._process.pid is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """Its exit status, -N after signal N; None while it runs."""
        return self._process.exitcode

    def poll(self) -> int | None:
        """The same."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Its exit status. Raises TimeoutExpired."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("a forked worker", timeout or 0.0)
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        """Nothing happens if it has ended."""
        if self._process.exitcode is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL."""
        self.send_signal(signal.SIGKILL)


def _run(
    module: str, arguments: list[str], log: str, patch: str, environment: dict[str, str]
) -> None:
    os.environ.clear()
    os.environ.update(environment)
    with open(log, "ab") as said:  # noqa: PTH123
        os.dup2(said.fileno(), 1)
        os.dup2(said.fileno(), 2)
    sys.argv = [module, *arguments]
    exec(patch, {"__name__": "__main__"})
    importlib.import_module(module).main()
