"""What somebody writes to the brand by e-mail: messages that Mailgun forwards or stores, and those
that SendGrid parses. They come as forms, of several parts where something is attached.

Mailgun says when it got a message; SendGrid does not, and the date in its head is the writer's.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

from stream_app.adapters import times
from stream_app.adapters.accounts import OWNER
from stream_app.adapters.base import Finding
from stream_app.adapters.fields import Node

NATIVE = "inbound"
_MOST_FIELDS = 1_000
_NAME = re.compile(rb'[; ]name="([^"]+)"')
_ADDRESS = re.compile(r"<([^<>\s@]+@[^<>\s@]+)>")
_BLANK = re.compile(r"\r?\n\r?\n")


def form(payload: bytes) -> dict[str, str]:
    """The fields of a form of either kind, without files; none of what is no form."""
    if payload.startswith(b"--"):
        return _of_parts(payload)
    try:
        return dict(parse_qsl(payload.decode("utf-8"), max_num_fields=_MOST_FIELDS))
    except ValueError:
        return {}


def _of_parts(payload: bytes) -> dict[str, str]:
    boundary = payload.partition(b"\r\n")[0]
    fields = {}
    for part in payload.split(b"\r\n" + boundary, _MOST_FIELDS):
        head, _, body = part.partition(b"\r\n\r\n")
        name = _NAME.search(head)
        if name and b"filename=" not in head:
            # Of bodies in other character sets no field is read here.
            fields[name[1].decode("utf-8", "replace")] = body.decode("utf-8", "replace")
    return fields


def is_inbound(fields: Node) -> bool:
    """True for the fields of a message to the brand: Mailgun's, or SendGrid's."""
    return ("sender" in fields and "recipient" in fields) or (
        "from" in fields and "envelope" in fields
    )


def inbound(fields: Node, at_us: int | None = None) -> Finding:
    """The message, of the person that it says it is from. Sent by a machine, as an answer while
    somebody is away, it is automated."""
    actor = _address(fields.text("from")) or fields.text("sender")
    message = (
        fields.first("Message-Id", "Message-ID", "message-id") or _in_head(fields, "message-id")
    ).strip("<> ")
    said = fields.text("Auto-Submitted") or _in_head(fields, "auto-submitted")
    stamp = fields.text("timestamp")
    return Finding(
        native=NATIVE,
        verb="message",
        actor=actor,
        object=message,
        at_us=times.seconds(fields, "timestamp") if stamp else at_us,
        account=OWNER,
        id=message or (f"inbound:{actor}:{stamp}" if stamp else ""),
        automated=said.strip().lower() not in ("", "no"),
    )


def _address(said: str) -> str:
    """The address in `Anna <anna@far.example>`, or one that stands alone."""
    found = _ADDRESS.search(said)
    alone = said.strip()
    return found[1] if found else alone if "@" in alone and " " not in alone else ""


def _in_head(fields: Node, name: str) -> str:
    """A field of the head of a message that SendGrid has left as it was."""
    head = _BLANK.split(fields.first("headers", "email"), maxsplit=1)[0]
    for line in head.splitlines():
        key, _, value = line.partition(":")
        if key.lower() == name:
            return value.strip()
    return ""
