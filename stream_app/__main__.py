"""The command `rapport`. A command is imported when it is called: `replay` needs no Kafka."""

from __future__ import annotations

import errno
import gc
import os
import sys
from importlib import import_module
from keyword import iskeyword
from typing import Any

import click

from stream_app.cli.ending import one_sentence

COMMANDS = {
    "demo": "Watch real events become stage transitions, on a real broker.",
    "worker": "Run the service: events in, transitions out.",
    "replay": "Compute the transitions of a file of interactions, without Kafka.",
    "methods": "Compare methods: what relationships cost, and which are the best.",
    "explain": "Explain one relationship: its stage, the evidence, what is missing.",
    "erase": "Forget a person, under every id; or let one in again.",
    "import": "Publish old data: exports and archives of platforms, CSV.",
    "normalize": "Show what a platform's delivery becomes.",
    "broker": "A real Kafka for demo, tests and development.",
}


class LazyGroup(click.Group):
    """A group whose commands live in `stream_app.cli.<name>` and are imported on use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of COMMANDS: the one to try first stands first."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported."""
        if cmd_name not in COMMANDS:
            return None
        name = f"{cmd_name}_" if iskeyword(cmd_name) else cmd_name
        gc.disable()  # what is imported stays: to look for garbage in it costs a tenth of the start
        try:
            command = getattr(import_module(f"stream_app.cli.{name}"), name)
        finally:
            gc.enable()
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command; OSError if what it says would be lost."""
        ctx.invoked_subcommand = args[0] if args[0] in COMMANDS else None
        if sys.stdout is None and args[0] != "worker":
            raise OSError(errno.EBADF, os.strerror(errno.EBADF), "standard output")
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Its own options, of which --help and --version say something."""
        with one_sentence(ctx):
            return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run it; what can go wrong with any of them is told in one sentence."""
        with one_sentence(ctx):
            return super().invoke(ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="rapport-stream", prog_name="rapport")
def main() -> None:
    """Rapport turns social interaction events into relationships, live.

    It tells which stage every relationship between a brand and a person is in (attention,
    attraction, affinity, audience), when it moved and why.

    \b
    Try first:
      rapport demo                      everything at once, on a broker of its own
      rapport replay events.jsonl       the same computation over a file
    """


if __name__ == "__main__":
    main()
