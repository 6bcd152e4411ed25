"""Runs one Kafka process and ends it when the process that asked for it is gone.

A program of its own, run by path with nothing but the standard library, so that it starts in
milliseconds and outlives its parent by exactly the time that stopping takes. The parent holds
the write end of its standard input:

- end of file (parent left or was killed, `kill -9` included): Kafka is stopped;
- the byte `D` (detach): the parent may leave, Kafka stays until SIGTERM.

It holds an exclusive lock on a file, which Kafka inherits: locked means running, whatever was
killed. It answers one line on standard output, `pid N` or `busy`, and nothing more.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import select
import shutil
import signal
import subprocess
import sys
from pathlib import Path

POLL_S = 0.25
GRACE_S = 15.0


class Stop(Exception):  # noqa: N818
    """A signal asked to stop, or the parent is gone."""


def _on_signal(_number: int, _frame: object) -> None:
    raise Stop


def parse(argv: list[str]) -> argparse.Namespace:
    """Arguments; everything after `--` is the command to supervise."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--lock", required=True, type=Path)
    parser.add_argument("--log", required=True, type=Path)
    parser.add_argument("--remove", type=Path, help="folder to remove when asked to stop")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    args = parser.parse_args(argv)
    args.command = [part for part in args.command if part != "--"]
    return args


def watch(child: subprocess.Popen[bytes]) -> None:
    """Return when the child has ended by itself; Stop when the parent is gone."""
    parent = os.getppid()
    detached = False
    while child.poll() is None:
        if detached:
            # Nothing to read any more; a signal interrupts the wait.
            select.select([], [], [], POLL_S)
            continue
        readable, _, _ = select.select([sys.stdin], [], [], POLL_S)
        if readable:
            said = os.read(0, 1)
            if not said:
                raise Stop
            detached = said == b"D"
        elif os.getppid() != parent:
            # A fork of the parent may still hold the pipe; the parent itself is gone.
            raise Stop


def end(child: subprocess.Popen[bytes], throw_away: bool) -> None:
    """Stop the child: gently if its data is kept, at once if the data is thrown away."""
    if child.poll() is None:
        if throw_away:
            child.kill()
        else:
            child.terminate()
        try:
            child.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def main(argv: list[str]) -> int:
    """Supervise until the end; exit code of Kafka, 75 if the folder is in use."""
    args = parse(argv)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _on_signal)
    lock = os.open(args.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.write(1, b"busy\n")
        return 75
    asked = False
    with args.log.open("ab") as log:
        child = subprocess.Popen(
            args.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=(lock,)
        )
        try:
            os.write(1, f"pid {child.pid}\n".encode())
            # Whoever reads our standard output sees its end, however long Kafka runs.
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            watch(child)
        except (Stop, BrokenPipeError):
            asked = True
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        end(child, throw_away=args.remove is not None)
    if asked and args.remove is not None:
        # After an end that nobody asked for the log stays: it says why.
        shutil.rmtree(args.remove, ignore_errors=True)
    return child.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
