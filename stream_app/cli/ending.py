"""How every command ends when it cannot go on: one sentence and an exit status of its own."""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final, NoReturn

import click
from click.exceptions import Exit

NO_OUTPUT: Final = 74
"""EX_IOERR of sysexits.h: the disk is full, or what is written to is closed."""
_SIGNAL: Final = 128
_OUTPUT_ERRORS: Final = (
    errno.ENOSPC,
    errno.EBADF,
    errno.EIO,
    errno.EFBIG,
    errno.EDQUOT,
    errno.EROFS,
)


class _Terminated(KeyboardInterrupt):
    """SIGTERM came. An interrupt, so that asyncio lets it through."""


@contextmanager
def one_sentence(ctx: click.Context) -> Iterator[None]:
    """Around a command: interrupts and output that cannot be written end it without a traceback.

    130 Ctrl-C, 143 SIGTERM, 141 and not a word if nobody reads the output any more, NO_OUTPUT
    and which file it was if something cannot be written.
    """
    if sys.stderr is None:
        sys.stderr = io.StringIO()  # closed: what is said there is lost
    with _terminable(ctx):
        try:
            try:
                yield
            except (SystemExit, Exit):
                _flush()
                raise
            _flush()
        except KeyboardInterrupt as error:
            ended = isinstance(error, _Terminated)
            number = signal.SIGTERM if ended else signal.SIGINT
            code, what = _SIGNAL + number, "terminated" if ended else "interrupted"
            what += f"; {error}" if str(error) else ""
        except BrokenPipeError:
            code, what = _SIGNAL + signal.SIGPIPE, ""
        except OSError as error:
            if error.filename is None and error.errno not in _OUTPUT_ERRORS:
                raise
            code, what = NO_OUTPUT, f"{error.filename or 'standard output'}: {error.strerror}"
        else:
            return
        _end(ctx, code, what)


def _end(ctx: click.Context, code: int, what: str) -> NoReturn:
    name = f"rapport {ctx.invoked_subcommand or ''}".rstrip()
    with suppress(OSError):
        if what:
            click.echo(f"{name}: {what}", err=True)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, AttributeError):  # the interpreter would try once more, and complain
            with suppress(OSError, AttributeError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    ctx.exit(code)


def _flush() -> None:
    if sys.stdout is not None:
        sys.stdout.flush()


@contextmanager
def _terminable(ctx: click.Context) -> Iterator[None]:
    """SIGTERM ends the command as Ctrl-C does; the worker has its own way."""

    def end(_number: int, _frame: object) -> NoReturn:
        if ctx.invoked_subcommand == "worker":
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGTERM)
        raise _Terminated

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
