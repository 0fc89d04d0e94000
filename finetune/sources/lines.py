"""Rows of a file with one JSON object per line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from finetune.errors import SourceError
from finetune.sources.encoding import open_text
from finetune.sources.rows import BadRow, RawRow

MAX_LINE = 2_000_000


def read_lines(path: Path) -> tuple[list[str], Iterator[RawRow | BadRow]]:
    """The member names of the first usable object, and all rows."""
    first = next((row for row in _rows(path) if isinstance(row, RawRow)), None)
    if first is None:
        raise SourceError(f"{path.name}: expected one JSON object per line, found none")
    return list(first.cells), _rows(path)


def _rows(path: Path) -> Iterator[RawRow | BadRow]:
    with open_text(path) as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                yield _row(number, line)


def _row(number: int, line: str) -> RawRow | BadRow:
    if len(line) > MAX_LINE:
        return BadRow(number, f"the line has {len(line):,} characters, at most {MAX_LINE:,} fit")
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        return BadRow(number, f"invalid JSON: {str(error)[:100]}")
    if not isinstance(value, dict):
        return BadRow(number, f"expected a JSON object, found {type(value).__name__}")
    return RawRow(number, value)
