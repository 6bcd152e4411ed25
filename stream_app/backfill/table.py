"""Rows of CSV files, with the lines that they begin at."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import BinaryIO, Final

from stream_app.backfill.errors import UnreadableFileError

FIELD_LIMIT: Final = 8 << 20
"""Characters of a field: a longer one is more likely a quote that never closes."""


class Table:
    """The header of a file, and its rows. Raises UnreadableFileError for what is no such file."""

    def __init__(
        self, file: BinaryIO, name: str, delimiter: str = ",", encoding: str = "utf-8"
    ) -> None:
        csv.field_size_limit(FIELD_LIMIT)
        self.name = name
        text = io.TextIOWrapper(file, encoding, newline="")
        self._reader = csv.reader(text, delimiter=delimiter, strict=True)
        row = self._next()
        while row is not None and not any(column.strip() for column in row):
            row = self._next()
        self.header: list[str] = [column.strip() for column in row or ()]

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Line and fields of each row; blank lines are not told."""
        while True:
            line = self._reader.line_num + 1
            row = self._next()
            if row is None:
                return
            if row:
                yield line, row

    def _next(self) -> list[str] | None:
        try:
            return next(self._reader, None)
        except csv.Error as error:
            raise UnreadableFileError(self._place, f"broken CSV ({error})") from error
        except UnicodeDecodeError as error:
            what = f"not {error.encoding} ({error.reason}). Do: say the encoding in the mapping"
            raise UnreadableFileError(self._place, what) from error

    @property
    def _place(self) -> str:
        return f"{self.name}:{self._reader.line_num + 1}"
