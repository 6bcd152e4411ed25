"""Verbs, directions and kinds of acts: the closed vocabulary of an interaction."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

INBOUND_VERBS: Final = (
    "impression",
    "view",
    "track",
    "click",
    "like",
    "vote",
    "follow",
    "subscribe",
    "join",
    "mention",
    "reply",
    "message",
    "quote",
    "post",
    "attend",
    "review",
    "share",
    "endorse",
    "contribute",
    "purchase",
    "lead",
    "dislike",
    "complain",
    "report",
    "block",
)
"""What a person can do towards a brand. The order is part of the stored state: append only."""

OUTBOUND_VERBS: Final = ("offer", "reply", "message", "like", "mention", "resolve", "block")
"""What a brand can do towards a person."""

REINFORCED: Final = "reinforced"
"""The synthetic verb that an answered offer adds to the pane of the answer."""

COUNTED_VERBS: Final = (*INBOUND_VERBS, REINFORCED)
"""Every verb that a pane counts; its index is the verb's code in the stored state."""

VERB_CODE: Final = {verb: code for code, verb in enumerate(COUNTED_VERBS)}

MEMBERSHIP_VERBS: Final = frozenset({"follow", "subscribe", "join"})
OBJECTION_VERBS: Final = frozenset({"dislike", "complain", "report"})


class Kind(IntEnum):
    """How an act was done. It decides which points the act can give."""

    PLAIN = 0
    AUTOMATED = 1
    """A machine did it: no points."""
    INCENTIVISED = 2
    """It was paid for in some way: no affinity points."""
    NEGATIVE = 3
    """Its sentiment is clearly negative: attention points only, and an objection."""


KINDS: Final = len(Kind)

FIRST_CODE: Final = {verb: code * KINDS for verb, code in VERB_CODE.items()}
"""A pane counts a verb and a kind under the code `FIRST_CODE[verb] + kind`."""
REINFORCED_PANE_CODE: Final = FIRST_CODE[REINFORCED]
