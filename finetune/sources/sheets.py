"""Rows of a spreadsheet; an archive that would blow up is refused before it is unpacked."""

from __future__ import annotations

import warnings
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from finetune.errors import SourceError
from finetune.sources.columns import EXPECTED, known_names
from finetune.sources.rows import BadRow, RawRow
from retrieval.errors import DocumentError, UnreadableFileError
from retrieval.readers.archive import check_archive

_KIND = "an .xlsx spreadsheet"
MAX_COLUMNS = 64
MAX_ROWS = 1_048_576
BLANK_ROWS = 1_000

# What openpyxl and the parsers under it raise on files that are not what they claim.
_BROKEN = (
    zipfile.BadZipFile, zlib.error, KeyError, ValueError, IndexError, TypeError, AttributeError,
    SyntaxError, EOFError, OSError, NotImplementedError, RuntimeError,
)  # fmt: skip


def read_sheet(path: Path) -> tuple[list[str], Iterator[RawRow | BadRow]]:
    """The header of the first sheet that has one, and the rows under it."""
    _check_archive(path)
    rows = _cells(path)
    for _, cells in rows:
        names = ["" if cell is None else str(cell).strip() for cell in cells]
        while names and not names[-1]:
            names.pop()
        if not names:
            continue
        if not known_names(names):
            raise SourceError(f"{path.name}: {EXPECTED}; found {', '.join(names[:8])}")
        return names, _under(rows, names)
    raise SourceError(f"{path.name}: {EXPECTED}; the first sheet is empty")


def _check_archive(path: Path) -> None:
    try:
        with path.open("rb") as file:
            check_archive(file, path.name, _KIND)
    except (UnreadableFileError, OSError) as error:
        raise _unreadable(path) from error
    except DocumentError as error:
        raise SourceError(f"{error} A history may also be a .csv file.") from error


def _cells(path: Path) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """Each row's number and values; any damage becomes a `SourceError`."""
    import openpyxl  # a tenth of a second that only spreadsheets cost

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
            try:
                sheet = book.worksheets[0]
                rows = sheet.iter_rows(max_col=MAX_COLUMNS, max_row=MAX_ROWS, values_only=True)
                yield from enumerate(rows, start=1)
            finally:
                book.close()
    except _BROKEN as error:
        raise _unreadable(path) from error


def _under(
    rows: Iterator[tuple[int, tuple[Any, ...]]], names: list[str]
) -> Iterator[RawRow | BadRow]:
    blank = 0
    for line, cells in rows:
        if all(cell is None or cell == "" for cell in cells):
            blank += 1
            if blank > BLANK_ROWS:
                return  # formatting often reaches far below the last row
            continue
        blank = 0
        yield _row(line, cells, names)


def _row(line: int, cells: tuple[Any, ...], names: list[str]) -> RawRow | BadRow:
    filled = max(i for i, cell in enumerate(cells) if cell not in (None, "")) + 1
    if filled > len(names):
        return BadRow(line, f"expected {len(names)} columns, found {filled}")
    padded = [_plain(cell) for cell in cells[: len(names)]]
    padded += [None] * (len(names) - len(padded))
    return RawRow(line, dict(zip(names, padded, strict=True)))


def _plain(cell: object) -> object:
    """A date as text; whatever else as it is."""
    return cell.isoformat() if isinstance(cell, datetime | date | time) else cell


def _unreadable(path: Path) -> SourceError:
    return SourceError(
        f"{path.name}: expected an .xlsx spreadsheet, found a damaged or different file; "
        "open it and save it again as .xlsx or .csv"
    )
