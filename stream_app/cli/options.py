"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import click

from stream_app.contracts.policy import PolicyError, load_policy
from stream_app.contracts.times import parse_time
from stream_app.domain.policy import Policy


class TimeParam(click.ParamType):
    """A time on the command line: RFC 3339 with an offset, or milliseconds since 1970."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Milliseconds; a usage error if it is no time."""
        if isinstance(value, int):
            return value
        try:
            return parse_time(int(value) if value.isascii() and value.isdigit() else value)
        except ValueError as error:
            self.fail(f"{value!r}: {error}; say for example 2026-01-31T00:00:00Z", param, ctx)


class Text(click.ParamType):
    """Text that is to stand in a record, such as the id of a person: it has to be UTF-8."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The text; a usage error, which does not repeat it, if it is none."""
        try:
            str(value).encode()
        except UnicodeEncodeError:
            self.fail("not UTF-8", param, ctx)
        return str(value)


_POLICY_FILE: Final = "rapport.policy"


def policy_file(ctx: click.Context) -> Path | None:
    """The file that the policy of this call is from; None: the default one."""
    found: Path | None = ctx.meta.get(_POLICY_FILE)
    return found


def _load(ctx: click.Context, param: click.Parameter, value: Path | None) -> Policy:
    ctx.meta[_POLICY_FILE] = value
    try:
        return load_policy(value)
    except (PolicyError, OSError, UnicodeDecodeError) as error:
        raise click.BadParameter(str(error), ctx, param) from None


policy_option: Final = click.option(
    "--policy",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=_load,
    envvar="RAPPORT_POLICY",
    metavar="FILE",
    help="The policy, TOML; what it does not say stays as in the default one.",
)
