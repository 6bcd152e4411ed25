"""What is done to the service, and when: drawn from the seed alone."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Final


class Kind(StrEnum):
    """A kind of fault."""

    KILL = "kill"
    ZOMBIE = "zombie"
    LEAVE = "leave"
    JOIN = "join"
    BROKER_STOP = "broker_stop"
    BROKER_KILL = "broker_kill"
    TRANSACTION_TIMEOUT = "transaction_timeout"
    SLOW_SENDS = "slow_sends"
    REFUSED_SENDS = "refused_sends"
    WIPED_DISK = "wiped_disk"
    STALE_DISK = "stale_disk"
    DEATH_BEFORE_TRANSACTION = "death_before_transaction"
    DEATH_IN_TRANSACTION = "death_in_transaction"
    DEATH_BEFORE_STORE = "death_before_store"
    DEATH_BEHIND_STORE = "death_behind_store"
    HANDLER_ERROR = "handler_error"


MEANING: Final[dict[Kind, str]] = {
    Kind.KILL: "a worker is killed (-9) and started again",
    Kind.ZOMBIE: "a worker sleeps for longer than its session, then goes on",
    Kind.LEAVE: "a worker is asked to stop",
    Kind.JOIN: "a worker is started beside the others",
    Kind.BROKER_STOP: "the broker is stopped in order, and started again",
    Kind.BROKER_KILL: "the broker is killed (-9), and started again",
    Kind.TRANSACTION_TIMEOUT: "a worker freezes in a transaction until the broker aborts that",
    Kind.SLOW_SENDS: "the broker holds back producers by a quota",
    Kind.REFUSED_SENDS: "the broker refuses transitions as too large",
    Kind.WIPED_DISK: "a worker is killed and its disk is lost",
    Kind.STALE_DISK: "a worker is killed and gets an older disk back",
    Kind.DEATH_BEFORE_TRANSACTION: "dies before a transaction",
    Kind.DEATH_IN_TRANSACTION: "dies when all is sent and nothing committed",
    Kind.DEATH_BEFORE_STORE: "dies between the transaction and the store",
    Kind.DEATH_BEHIND_STORE: "dies behind the write of the store",
    Kind.HANDLER_ERROR: "processing raises behind half a batch",
}

QUIET_S: Final = 4.0
"""Before the first fault, so that everybody is at work."""
SLOT_S: Final = 2.5
"""One fault begins in each such time until every kind has come; those that last overlap."""
LATER_SLOT_S: Final = 8.0
"""From then on: with more of them the group would never agree, and nothing would be at work."""
SETTLE_S: Final = 6.0
"""Of feeding after the last fault."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: it begins `at_s` after the start; `whom` in [0, 1) chooses among the workers."""

    number: int
    at_s: float
    kind: Kind
    whom: float
    length_s: float


def plan(seed: int, minutes: float) -> list[Fault]:
    """The schedule. Every kind comes once before any comes twice, in an order of its own."""
    dice = Random(f"rapport chaos {seed}")
    faults: list[Fault] = []
    kinds: list[Kind] = []
    begin_s, end_s = QUIET_S, minutes * 60 - SETTLE_S
    while True:
        slot_s = SLOT_S if len(faults) < len(Kind) else LATER_SLOT_S
        if begin_s + slot_s > end_s and faults:
            return faults
        kinds = kinds or dice.sample(list(Kind), len(Kind))
        at_s, whom = begin_s + dice.uniform(0, 0.8) * slot_s, dice.random()
        length_s = dice.uniform(0.5, 3.0)
        faults.append(Fault(len(faults), round(at_s, 2), kinds.pop(), whom, round(length_s, 2)))
        begin_s += slot_s
