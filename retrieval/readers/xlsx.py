"""Spreadsheets: each sheet a heading, each row a line that reads without its table."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any

from retrieval.errors import UnreadableFileError
from retrieval.readers.archive import check_archive, damaged
from retrieval.readers.outline import Outline, table_row
from retrieval.readers.table import add_rows, find_columns
from retrieval.types import Problem

_KIND = "an .xlsx spreadsheet"
_MAX_COLUMNS = 64
_MAX_ROWS = 200_000
_BLANK_ROWS = 1_000
"""Formatting often reaches far below the last row."""

_LEAST_NAMED = 2
_Rows = Iterator[tuple[int, list[str]]]


def add_xlsx(data: bytes, outline: Outline, name: str) -> list[Problem]:
    """Put every sheet into the outline; gives back the rows that cannot be used.

    A sheet with the columns question,answer or title,text is read like such a CSV.
    """
    import openpyxl  # a tenth of a second that only spreadsheets cost

    check_archive(io.BytesIO(data), name, _KIND)
    problems: list[Problem] = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it remarks on styles, which we do not read
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
            sheets = [each for each in book.worksheets if each.sheet_state == "visible"]
            for sheet in sheets:
                title = sheet.title if len(sheets) > 1 else ""
                problems += _add_sheet(sheet, title, outline, name)
            book.close()
    except UnreadableFileError:
        raise
    except Exception as error:  # noqa: BLE001 (whatever the parsers under it raise: the file)
        raise damaged(name, _KIND) from error
    return problems


def _add_sheet(sheet: Any, title: str, outline: Outline, name: str) -> list[Problem]:  # noqa: ANN401
    rows = _rows(sheet)
    first = next(rows, None)
    if first is None:
        return []
    if (columns := find_columns(first[1])) is not None:
        return add_rows(rows, first[1], columns, outline, name)
    if title:
        outline.heading(2, title)
    header: list[str] = []
    for _, cells in (first, *rows):
        filled = [cell for cell in cells if cell]
        if not header and len(filled) >= _LEAST_NAMED and not any(map(_is_number, filled)):
            header = cells
        else:
            width = max(len(header), len(cells))
            outline.line(table_row(_padded(header, width) if header else [], _padded(cells, width)))
    if header and outline.is_empty:
        outline.line(table_row([], header))
    return []


def _rows(sheet: Any) -> _Rows:  # noqa: ANN401 (openpyxl has no types)
    blank = 0
    for number, row in enumerate(sheet.iter_rows(max_col=_MAX_COLUMNS, max_row=_MAX_ROWS), start=1):
        cells = [_said(cell) for cell in row]
        while cells and not cells[-1]:
            cells.pop()
        if cells:
            blank = 0
            yield number, cells
            continue
        blank += 1
        if blank > _BLANK_ROWS:
            return


def _said(cell: Any) -> str:  # noqa: ANN401
    """A cell as a person reads it in the sheet, as far as its kind tells."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, float):
        if "%" in (cell.number_format or ""):
            return f"{value * 100:.10g}%"
        return f"{value:.10g}"
    return " ".join(str(value).split())


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).replace("%", "").replace("-", "").isdigit()


def _padded(cells: list[str], width: int) -> list[str]:
    return [*cells, *[""] * (width - len(cells))]
