"""Nothing in the repository tells where it was written or from where it downloads."""

from __future__ import annotations

import re
from typing import Final

from tests.arch.sources import ROOT, tracked_files

SELF: Final = "tests/arch/test_words.py"
FORBIDDEN: Final = {
    "a path of one machine": re.compile(rb"(?<![\w.])/(?:work|home/\w+|Users/\w+)/"),
    "a path beside the repository": re.compile(rb"\.\./(?:shared|payloads)\b|/\.library/"),
    "an index of packages": re.compile(rb"index[-_]url\s*=", re.IGNORECASE),
    "a host of a registry": re.compile(
        rb"\b(?:(?:test\.)?pypi\.org|files\.pythonhosted\.org|repo1\.maven\.org"
        rb"|repo\.maven\.apache\.org|registry\.npmjs\.org|proxy\.golang\.org)\b"
    ),
}
ALLOWED: Final[dict[str, set[str]]] = {}
"""What is forbidden -> the files in which it has to stand, each with its reason beside it."""


def test_no_file_holds_words_that_must_not_be_there() -> None:
    files = tracked_files()
    assert len(files) > 50
    wrong = [
        f"{name}: {what}: {match.group().decode()}"
        for path in files
        if (name := str(path.relative_to(ROOT))) != SELF
        for what, pattern in FORBIDDEN.items()
        if name not in ALLOWED.get(what, set())
        if (match := pattern.search(path.read_bytes()))
    ]
    assert not wrong
