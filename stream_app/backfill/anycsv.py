"""CSV files by a mapping."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from stream_app.adapters.base import Refusal
from stream_app.adapters.fields import Malformed
from stream_app.backfill.errors import MappingError
from stream_app.backfill.files import name_of
from stream_app.backfill.found import Found, Made, Options
from stream_app.backfill.mapping import RowMapping
from stream_app.backfill.table import Table


def anycsv(file: BinaryIO, path: Path, platform: str, options: Options) -> Iterator[Found]:
    """The rows of a file, each an interaction."""
    if options.mapping is None:
        raise MappingError("csv: how to read it? Do: give --mapping FILE, see docs/import.md")
    mapping = RowMapping(options.mapping)
    table = Table(file, name_of(path), mapping.delimiter, mapping.encoding)
    if not table.header:
        return
    mapping.check_header(table.header)
    for line, fields in table.rows():
        raw = msgspec.json.encode(fields)
        outcome: Made | Refusal
        try:
            if len(fields) != len(table.header):
                raise Malformed("$", f"{len(table.header)} columns, as in the header")
            outcome = Made(*mapping.row(dict(zip(table.header, fields, strict=True))))
        except Malformed as fault:
            outcome = Refusal.of(fault)
        yield Found(line, outcome, raw)
