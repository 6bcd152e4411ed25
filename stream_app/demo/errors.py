"""What can end a demo early."""

from __future__ import annotations


class DemoError(Exception):
    """The demo cannot go on. Do: read the message; it names the log or the option to look at."""
