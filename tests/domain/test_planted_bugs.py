"""The comparison with the rescan is worth something: it finds each of these planted bugs.

Each is one changed line in a copy of the package; the oracle must disagree on a seed or two.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

import stream_app
from tests.domain.compare import Outcome, outcome_of
from tests.oracle.histories import history
from tests.oracle.shared import history_rescanned
from tests.together import Once

PACKAGE: Final = Path(stream_app.__file__).parent
ROOT: Final = Path(__file__).parents[2]
SEEDS: Final = (4, 5)

# what is wrong: file, line (or part of it) that stands there once, what stands there instead
BUGS: Final = {
    "four acts of a verb count on one day": ("domain/policy.toml", "per_verb = 3", "per_verb = 4"),
    "a threshold must be exceeded, not reached": (
        "domain/stages.py",
        "if not (values[slot] < threshold if",
        "if not (values[slot] <= threshold if",
    ),
    "enter and hold are swapped": (
        "domain/rules.py",
        "self.hold[level] if level < current else self.enter[level]",
        "self.enter[level] if level < current else self.hold[level]",
    ),
    "the watermark forgets the lateness": (
        "domain/partition.py",
        "self.latest_ms - self.policy.lateness_ms",
        "self.latest_ms",
    ),
    "a duplicate moves the watermark": (
        "domain/partition.py",
        "            return Seen.DUPLICATE",
        "            self.tick(at_ms, recorded_ms)\n            return Seen.DUPLICATE",
    ),
    "an undo leaves the reinforcement behind": (
        "domain/acts.py",
        "    offer = act.answered\n",
        "    offer = None\n",
    ),
    "a late event is dated at its own time": (
        "domain/relationship.py",
        "_move(rel, reached, rel.as_of, _reason",
        "_move(rel, reached, event.at_ms, _reason",
    ),
    "a lapse is dated a day late": (
        "domain/relationship.py",
        "at_ms = rel.windows.day * DAY_MS",
        "at_ms = (rel.windows.day + 1) * DAY_MS",
    ),
    "180 days old is not too old": (
        "domain/partition.py",
        "at_ms // DAY_MS <= horizon",
        "at_ms // DAY_MS < horizon",
    ),
    "a window is a day too long": ("domain/windows.py", "if age < days:", "if age <= days:"),
    "at the same time the earlier follow or unfollow wins": (
        "domain/standing.py",
        "elif at_ms >= register.at_ms:",
        "elif at_ms > register.at_ms:",
    ),
    "an undo without a name takes the oldest of a day": (
        "domain/memory.py",
        "(act.at_ms, act.number) > (best",
        "(act.at_ms, act.number) < (best",
    ),
    "a refund of all that is left is no whole refund": (
        "domain/remembered.py",
        "money.amount >= self.left",
        "money.amount > self.left",
    ),
    "finer digits are rounded": (
        "contracts/times.py",
        'int(fraction[:3].ljust(3, "0"))',
        'round(float("0." + fraction) * 1000)',
    ),
    "an automated act can be negative": (
        "contracts/reading.py",
        "    if automated:\n",
        "    if automated and sentiment is None:\n",
    ),
    "a negative act is no objection": (
        "domain/rules.py",
        "kind is Kind.NEGATIVE or (verb",
        "(verb",
    ),
}

UNWANTED: Final = shutil.ignore_patterns("__pycache__", "*.so")
"""The copy runs uncompiled: the sources themselves, changed."""

Story = tuple[Path, Outcome]


@pytest.fixture(scope="session")
def stories(tmp_path_factory: pytest.TempPathFactory, once: Once) -> list[Story]:
    """The histories as files, each with what the oracle says of it."""
    folder = tmp_path_factory.mktemp("histories")
    found: list[Story] = []
    for seed in SEEDS:
        path = folder / f"{seed}.jsonl"
        path.write_bytes(b"".join(line + b"\n" for line in history(seed)))
        found.append((path, outcome_of(history_rescanned(once, seed))))
    return found


def copied(into: Path) -> Path:
    """The part of the package that `Replay` needs."""
    copy = into / "stream_app"
    copy.mkdir()
    for part in ("domain", "contracts"):
        shutil.copytree(
            PACKAGE / part, copy / part, ignore=shutil.ignore_patterns("__pycache__", "*.so")
        )
    for name in ("__init__.py", "replay.py"):
        shutil.copy(PACKAGE / name, copy / name)
    return copy


def agrees(package: Path, story: Story) -> bool:
    """Whether the copy of the package says of the file what the oracle does. A crash does not."""
    path, expected = story
    run = subprocess.run(
        [sys.executable, "-m", "tests.domain.compare", str(path)],
        cwd=package.parent,
        env={"PYTHONPATH": f"{package.parent}:{ROOT}", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        check=False,
        timeout=60,
    )
    return run.returncode == 0 and json.loads(run.stdout) == expected


@pytest.mark.slow
def test_the_copy_without_a_bug_agrees(tmp_path: Path, stories: list[Story]) -> None:
    package = copied(tmp_path)
    assert all(agrees(package, story) for story in stories)


@pytest.mark.slow
@pytest.mark.parametrize("bug", BUGS)
def test_the_oracle_finds_it(bug: str, tmp_path: Path, stories: list[Story]) -> None:
    file, right, wrong = BUGS[bug]
    path = copied(tmp_path) / file
    text = path.read_text("utf-8")
    assert text.count(right) == 1, "the line has changed: plant the bug in the new one"
    path.write_text(text.replace(right, wrong), "utf-8")
    if path.suffix == ".py":
        compile(path.read_text("utf-8"), file, "exec")  # one that breaks the syntax proves nothing
    assert not all(agrees(path.parents[1], story) for story in stories)
