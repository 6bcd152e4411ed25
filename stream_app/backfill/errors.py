"""Why an import cannot start or go on."""

from __future__ import annotations

from pathlib import Path

from stream_app.errors import OperatorError


class ImportFailure(Exception):  # noqa: N818 - named for what happened, as the others are
    """Base of what ends an import; the message says where and what to do."""


class UnreadableFileError(ImportFailure):
    """A file is not there, broken or of another format than its platform exports.
    Do: see the place that the message names; nothing was published."""

    def __init__(self, place: str, what: str) -> None:
        super().__init__(f"{place}: {what}")


class NoSpaceError(OperatorError, ImportFailure):
    """What is sorted cannot be kept in temporary files.
    Do: set TMPDIR to a folder with as much room as the files have, unpacked."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}:")


class MappingError(ImportFailure):
    """The mapping of a CSV file makes no sense. Do: correct what the message names, see
    docs/import.md."""


class StateFileError(OperatorError, ImportFailure):
    """Do: give the files, policy and options of the first run, or another --state FILE to publish
    everything again (repeated acts count once)."""

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(f"{path}: {what}.")
