"""Rows of delimited text, one broken row never taking the next ones with it."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from finetune.errors import SourceError
from finetune.sources.columns import EXPECTED, known_names
from finetune.sources.encoding import open_text
from finetune.sources.rows import BadRow, RawRow

DELIMITERS = (",", "\t", ";", "|", "，")
MAX_LINES_IN_A_ROW = 200
MAX_LINE = 100_000


def read_table(path: Path) -> tuple[list[str], Iterator[RawRow | BadRow]]:
    """The header, and the rows that follow it, read as they are asked for."""
    delimiter, header = _read_header(path)
    return header, _rows(path, delimiter, header)


def _read_header(path: Path) -> tuple[str, list[str]]:
    with open_text(path, newline="") as file:
        line = file.readline(MAX_LINE)
    if not line.strip():
        raise SourceError(f"{path.name}: {EXPECTED}; found an empty first line")
    delimiter = max(DELIMITERS, key=lambda d: (known_names(_cells(line, d)), line.count(d)))
    return delimiter, [name.strip() for name in _cells(line, delimiter)]


def _rows(path: Path, delimiter: str, header: list[str]) -> Iterator[RawRow | BadRow]:
    with open_text(path, newline="") as file:
        for line, cells in _records(file, delimiter):
            if line == 1 or not any(cell.strip() for cell in cells):
                continue
            yield shaped(line, header, cells)


def shaped(line: int, header: list[str], cells: list[str]) -> RawRow | BadRow:
    """The cells under their names, or why there are too many or too few."""
    while len(cells) > len(header) and not cells[-1].strip():
        cells = cells[:-1]
    if len(cells) != len(header):
        return BadRow(line, f"expected {len(header)} columns, found {len(cells)}")
    return RawRow(line, dict(zip(header, cells, strict=True)))


def _records(lines: Iterator[str], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Each record with the number of its first line.

    A quote that is never closed would swallow the rest of the file. After so many lines it
    is taken for a stray one, and reading goes on with the line after it.
    """
    waiting: list[str] = []
    number = 0
    while True:
        line = waiting.pop(0) if waiting else next(lines, None)
        if line is None:
            return
        number += 1
        if '"' not in line:
            yield number, _split(line, delimiter)
            continue
        taken = [line]
        cells = _closed(line, delimiter)
        while cells is None and len(taken) < MAX_LINES_IN_A_ROW:
            more = waiting.pop(0) if waiting else next(lines, None)
            if more is None:
                break
            taken.append(more)
            # Only a line with a quote can end the cell.
            cells = _closed("".join(taken), delimiter) if '"' in more else None
        if cells is None:
            waiting = taken[1:] + waiting
            yield number, _cells(line, delimiter)
            continue
        yield number, cells
        number += len(taken) - 1


def _split(line: str, delimiter: str) -> list[str]:
    return line.rstrip("\r\n").split(delimiter)


def _cells(record: str, delimiter: str) -> list[str]:
    """The cells of one record; one too long for the csv module is split plainly."""
    try:
        return next(iter(csv.reader([record], delimiter=delimiter)), [])
    except csv.Error:
        return _split(record, delimiter)


def _closed(record: str, delimiter: str) -> list[str] | None:
    """The cells of the record, or None while a quoted cell of it has not ended yet."""
    try:
        return next(csv.reader([record], delimiter=delimiter, strict=True), [])
    except csv.Error as error:
        if "unexpected end of data" in str(error):
            return None
    return _cells(record, delimiter)
