"""Scenarios as ASCII tables: what happens, day by day, and what must come of it.

    day    | event              | stage                      | why
    0..3   | reply              | attention 0, attraction 2  | evidence
    4      | follow id=f        | audience                   | membership
    5      | undo follow of=f   | affinity                   | membership
    92     | (silence)          | attraction                 | expiry

- `day`: after the start of day 0, with a fraction or an offset (`7+1ms`, `31-1min`); `0..3` is
  each of these days, `0..60/7` every seventh.
- `event`: a verb, or several with commas between; before it `undo`, `brand` (outbound); behind it
  `x5` (five of them), `id=`, `of=` (undoes), `on=` (object), `via=` (platform), `who=`, `value=`,
  `sentiment=`, `record=` (day of the record's timestamp), `automated`, `incentivised`.
  `(silence)`: nothing, until then.
- `stage`: the stages that the row moves Ann to, each with the day of the move unless it is the
  row's. Empty: none.
- `why`: the reason of all these moves; or `duplicate` or a reason to refuse the event.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from stream_app.contracts.policy import default_policy
from stream_app.contracts.reading import read_line
from stream_app.domain.outcome import Seen, Transition
from stream_app.domain.partition import Partition
from stream_app.domain.policy import Policy
from stream_app.domain.rejects import Reject
from stream_app.domain.relationship import settle
from stream_app.domain.state import Relationship

DAY_MS: Final = 86_400_000
DAY_0: Final = 19_000
UNITS: Final = {"ms": 1, "s": 1_000, "min": 60_000, "h": 3_600_000}
OUTBOUND_ONLY: Final = ("offer", "resolve")
_WHEN: Final = re.compile(r"(\d+(?:\.\d+)?)(?:([+-])(\d+)(ms|s|min|h))?")


def moment(text: str) -> int:
    """Milliseconds of `7.5+1ms` days after the start of day 0."""
    match = _WHEN.fullmatch(text.strip())
    assert match, f"no moment: {text!r}"
    days, sign, count, unit = match.groups()
    at_ms = DAY_0 * DAY_MS + round(float(days) * DAY_MS)
    return at_ms if sign is None else at_ms + int(f"{sign}{count}") * UNITS[unit]


def moments(text: str) -> list[int]:
    """The moments of a `day` cell."""
    if ".." not in text:
        return [moment(text)]
    first, _, rest = text.partition("..")
    last, _, step = rest.partition("/")
    return [moment(str(day)) for day in range(int(first), int(last) + 1, int(step or 1))]


@dataclass
class World:
    """One partition, and what became of every row."""

    policy: Policy = field(default_factory=default_policy)
    states: dict[str, Relationship] = field(default_factory=dict)
    lines: list[bytes] = field(default_factory=list)
    moves: list[Transition] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.partition = Partition(self.policy)

    def send(self, at_ms: int, event: str) -> None:
        """Let the partition have what an `event` cell says."""
        for line in lines_of(at_ms, event, len(self.lines)):
            self.lines.append(line)
            self.answers.append(self._apply(line))

    def _apply(self, line: bytes) -> str:
        read = read_line(line, self.policy)
        if isinstance(read, Reject):
            return str(read.reason)
        event, recorded_ms = read
        outcome = self.partition.apply(self.states.get(event.person), event, recorded_ms)
        if isinstance(outcome, Reject):
            return str(outcome.reason)
        if isinstance(outcome, Seen):
            return "duplicate"
        self.states[event.person] = outcome[0]
        self.moves += outcome[1].moves
        return "applied"

    def wait(self, until_ms: int) -> None:
        """Let time pass for everybody."""
        for rel in self.states.values():
            self.moves += settle(rel, until_ms, self.policy.rules_for(rel.brand))


def lines_of(at_ms: int, event: str, number: int) -> Iterator[bytes]:
    """The lines that an `event` cell describes; `number` makes their ids."""
    for words in (part.split() for part in event.split(",")):
        count = next((int(word[1:]) for word in words if re.fullmatch(r"x\d+", word)), 1)
        for _ in range(count):
            yield json.dumps(fields_of(at_ms, words, f"e{number}"), ensure_ascii=False).encode()
            number += 1


NAMES: Final = {"of": "undoes", "on": "object", "via": "platform", "who": "person"}


def fields_of(at_ms: int, words: list[str], act_id: str) -> dict[str, Any]:
    """One interaction of the words of an event."""
    fields: dict[str, Any] = {"id": act_id, "brand": "acme", "person": "ann", "platform": "x"}
    fields["occurred_at"] = fields["recorded_at"] = at_ms
    for word in words:
        name, given, value = word.partition("=")
        if name == "value":
            fields["value"] = {"amount": value[:-3], "currency": value[-3:]}
        elif name == "sentiment":
            fields["sentiment"] = float(value)
        elif name == "record":
            fields["recorded_at"] = moment(value)
        elif given:
            fields[NAMES.get(name, name)] = value
        elif name == "undo":
            fields["op"] = "undo"
        elif name == "brand":
            fields["direction"] = "outbound"
        elif name in ("automated", "incentivised"):
            fields[name] = True
        elif not re.fullmatch(r"x\d+", name):
            fields["verb"] = name
            if name in OUTBOUND_ONLY:
                fields["direction"] = "outbound"
    return fields


def rows(table: str) -> Iterator[list[str]]:
    """The cells of a table below its heading."""
    lines = [line for line in table.strip().splitlines() if line.strip()]
    for line in lines[1:]:
        cells = [cell.strip() for cell in line.partition("#")[0].split("|")]
        yield cells + [""] * (4 - len(cells))


def check(table: str, policy: Policy | None = None) -> World:
    """Play a table; every row must do what it says, and nothing else."""
    world = World(policy or default_policy())
    for days, event, stages, why in rows(table):
        first_move, first_answer = len(world.moves), len(world.answers)
        for at_ms in moments(days):
            if event == "(silence)":
                world.wait(at_ms)
            else:
                world.send(at_ms, event)
        row = f"{days} | {event}"
        moved = [move for move in world.moves[first_move:] if move.person == "ann"]
        shown = [(move.to_stage.label, move.at_ms) for move in moved]
        assert shown == expected_moves(stages, days), row
        answers = set(world.answers[first_answer:])
        if moved or answers <= {"applied"}:
            assert answers <= {"applied"}, row
            assert {str(move.reason) for move in moved} == ({why} if why else set()), row
        else:
            assert answers == {why}, row
    return world


def expected_moves(stages: str, days: str) -> list[tuple[str, int]]:
    """`attention 0, attraction 2` or one stage without a day: that of the row."""
    found: list[tuple[str, int]] = []
    for part in filter(None, (part.strip() for part in stages.split(","))):
        stage, _, day = part.partition(" ")
        found.append((stage, moment(day) if day else moments(days)[-1]))
    return found
