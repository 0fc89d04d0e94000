"""Tables with the columns question,answer or title,text: one section per row.

Columns named tags, valid_from and valid_until label their row.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from retrieval.errors import UnreadableFileError
from retrieval.readers.labels import read_labels
from retrieval.readers.outline import Outline
from retrieval.types import Problem

_DELIMITERS = ",;\t"
_NAMES = {
    "question": frozenset({"question", "q", "问题", "问", "提问", "問題"}),
    "answer": frozenset({"answer", "a", "答案", "回答", "答", "回复"}),
    "title": frozenset({"title", "标题", "主题", "標題"}),
    "text": frozenset({"text", "content", "body", "内容", "正文", "文本", "內容"}),
}


@dataclass(frozen=True, slots=True)
class Columns:
    """The places of a row's heading and text; a heading may be a question."""

    heading: int
    text: int
    is_question: bool


def add_csv(text: str, outline: Outline, name: str) -> list[Problem]:
    """Put every usable row into the outline and give back the others with their lines."""
    rows = _rows(text, name)
    header = next(rows, (1, []))[1]
    columns = find_columns(header)
    if columns is None:
        found = ", ".join(title.strip() for title in header) or "none"
        raise UnreadableFileError(
            f"Expected the columns question,answer or title,text in {name}, found {found}. "
            "Name the columns in the first row."
        )
    return add_rows(rows, header, columns, outline, name)


def add_rows(
    rows: Iterable[tuple[int, list[str]]],
    header: list[str],
    columns: Columns,
    outline: Outline,
    name: str,
) -> list[Problem]:
    """As `add_csv`, for rows with their line numbers."""
    problems: list[Problem] = []
    for line, row in rows:
        if not any(cell.strip() for cell in row):
            continue
        heading, body = _cell(row, columns.heading), _cell(row, columns.text)
        if not heading or not body:
            missing = header[columns.text if heading else columns.heading].strip()
            problems.append(Problem(name, line, f"Expected text in {missing!r}, found nothing."))
            continue
        try:
            labels = read_labels(_named(header, row), name)
        except UnreadableFileError as error:
            problems.append(Problem(name, line, str(error)))
            continue
        outline.section(heading, body, (heading,) if columns.is_question else (), labels)
    return problems


def _named(header: list[str], row: list[str]) -> dict[str, str]:
    return {title: _cell(row, place) for place, title in enumerate(header)}


def find_columns(header: list[str]) -> Columns | None:
    """Where question and answer, or title and text, stand in a header; None if they do not."""
    places = {
        role: place
        for role, names in _NAMES.items()
        for place, title in enumerate(header)
        if title.strip().lower() in names
    }
    if {"question", "answer"} <= places.keys():
        return Columns(places["question"], places["answer"], is_question=True)
    if {"title", "text"} <= places.keys():
        return Columns(places["title"], places["text"], is_question=False)
    return None


def _rows(text: str, name: str) -> Iterator[tuple[int, list[str]]]:
    first = text.split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    line = 1
    try:
        for row in reader:
            yield line, row
            line = reader.line_num + 1
    except csv.Error as error:
        raise UnreadableFileError(
            f"Expected {name} to be CSV, found a row that is none in line {line} ({error})."
        ) from error


def _cell(row: list[str], place: int) -> str:
    return row[place].strip() if place < len(row) else ""
