"""The service's core and the oracle over the same lines, in one comparable form.

python -m tests.domain.compare FILE [PARTITIONS]     what the core says of FILE, as JSON
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from stream_app.contracts.policy import default_policy
from stream_app.contracts.times import parse_time
from stream_app.domain.policy import Policy
from stream_app.domain.rejects import Reject
from stream_app.replay import Replay
from tests.oracle.rescan import Rescan, rescan

Outcome = dict[str, Any]
"""`moves` (relationship by relationship, in order), `rejects` (line from 1, reason), `duplicates`.

JSON through and through, so that it can come from another process.
"""


def core_outcome(
    lines: Iterable[bytes], partitions: int = 1, policy: Policy | None = None
) -> Outcome:
    """What `Replay` makes of the lines."""
    replay = Replay(policy or default_policy(), "test", partitions)
    written: list[bytes] = []
    rejects: list[list[Any]] = []
    for number, line in enumerate(lines, 1):
        answer = replay.feed(line)
        if isinstance(answer, Reject):
            rejects.append([number, str(answer.reason)])
        else:
            written += answer
    written += replay.finish()
    return _outcome(map(_core_move, written), rejects, replay.tally.duplicates)


def oracle_outcome(lines: Iterable[bytes], partitions: int = 1, **options: Any) -> Outcome:
    """What the rescan makes of them."""
    return outcome_of(rescan(lines, partitions=partitions, **options))


def outcome_of(found: Rescan) -> Outcome:
    """A rescan's result in the comparable form."""
    moves = ([*move[:3], move.from_, *move[4:]] for move in found.transitions)
    return _outcome(moves, [[number, reason] for number, reason in found.rejects], found.duplicates)


def _core_move(written: bytes) -> list[Any]:
    move = json.loads(written)
    cause = move["cause"]
    return [
        move["brand"],
        move["person"],
        move["sequence"],
        move["from"],
        move["to"],
        parse_time(move["at"]),
        move["reason"],
        None if cause is None else cause["id"],
    ]


def _outcome(moves: Iterable[list[Any]], rejects: list[list[Any]], duplicates: int) -> Outcome:
    return {
        "moves": sorted(moves, key=lambda move: (move[0], move[1], move[2])),
        "rejects": sorted(rejects),
        "duplicates": duplicates,
    }


def main(arguments: Sequence[str]) -> None:
    """Print the core's outcome of a file."""
    lines = Path(arguments[0]).read_bytes().splitlines(keepends=True)
    sys.stdout.write(
        json.dumps(core_outcome(lines, int(arguments[1]) if len(arguments) > 1 else 1))
    )


if __name__ == "__main__":
    main(sys.argv[1:])
