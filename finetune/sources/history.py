"""A history file as rows that can be imported, and what could not be used."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from finetune.errors import SourceError
from finetune.sources.columns import Columns, columns_of, meaning_of
from finetune.sources.dialogues import Line, pairs, role_of
from finetune.sources.lines import read_lines
from finetune.sources.rows import (
    BadRow,
    HistoryRow,
    RawRow,
    UnusableRowError,
    check_answer,
    check_intent,
    check_question,
    text_of,
)
from finetune.sources.sheets import read_sheet
from finetune.sources.tables import read_table
from retrieval.types import Problem
from storage.types import OUT_OF_SCOPE

SUFFIXES = {
    ".csv": read_table,
    ".tsv": read_table,
    ".txt": read_table,
    ".jsonl": read_lines,
    ".ndjson": read_lines,
    ".xlsx": read_sheet,
}


def read_history(
    path: Path, *, empty_is_oos: bool = False
) -> tuple[list[HistoryRow], list[Problem]]:
    """The usable rows of a history file, and the others with their line and reason."""
    rows: list[HistoryRow] = []
    problems: list[Problem] = []
    for row in iter_history(path, empty_is_oos=empty_is_oos):
        if isinstance(row, HistoryRow):
            rows.append(row)
        else:
            problems.append(Problem(path.name, row.line, row.reason))
    return rows, problems


def iter_history(path: Path, *, empty_is_oos: bool = False) -> Iterator[HistoryRow | BadRow]:
    """The same, row by row; raises `SourceError` for a file that cannot be read at all.

    An empty intent with an empty answer marks a question as out of scope, if the file has both
    columns; `empty_is_oos` reads it so in a file that has only one of them.
    """
    header, raw = _open(path)
    columns = columns_of(header, path.name)
    if columns.is_dialogue:
        return _dialogue_rows(raw, columns)
    both = empty_is_oos or ("answer" in columns and "intent" in columns)
    return (_question_row(row, both) for row in raw)


def _open(path: Path) -> tuple[list[str], Iterator[RawRow | BadRow]]:
    reader = SUFFIXES.get(path.suffix.lower())
    if reader is None:
        raise SourceError(
            f"{path.name}: expected a file ending in .csv, .tsv, .jsonl or .xlsx, "
            f"found {path.suffix or 'no ending'}; export it as one of these"
        )
    try:
        return reader(path)
    except OSError as error:
        raise SourceError(f"{path}: cannot be read: {error.strerror}") from error


def _question_row(row: RawRow | BadRow, empty_is_oos: bool) -> HistoryRow | BadRow:
    if isinstance(row, BadRow):
        return row
    cells = _meant(row.cells)
    if "question" not in cells and "text" in cells:
        cells["question"] = cells["text"]
    try:
        question = check_question(text_of(cells.get("question"), "question"))
        answer = check_answer(text_of(cells.get("answer"), "answer"))
        intent = check_intent(text_of(cells.get("intent"), "intent"))
    except UnusableRowError as error:
        return BadRow(row.line, str(error))
    if intent and intent.casefold() == OUT_OF_SCOPE:
        return HistoryRow(question, OUT_OF_SCOPE, None, row.line)
    if intent is None and answer is None:
        if not empty_is_oos:
            missing = "answer" if "answer" in cells else "intent"
            return BadRow(row.line, f"the {missing} is empty")
        intent = OUT_OF_SCOPE
    return HistoryRow(question, intent, answer, row.line)


def _dialogue_rows(
    raw: Iterator[RawRow | BadRow], columns: Columns
) -> Iterator[HistoryRow | BadRow]:
    talks: dict[str, list[Line]] = {}
    for row in raw:
        if isinstance(row, BadRow):
            yield row
            continue
        cells = _meant(row.cells)
        try:
            if "messages" in columns:
                yield from pairs(_name(cells, row.line), _messages(cells, row.line))
            else:
                name = text_of(cells.get("conversation"), "conversation")
                if not name:
                    raise UnusableRowError("the conversation is empty")
                talks.setdefault(name, []).append(_line(cells, row.line))
        except UnusableRowError as error:
            yield BadRow(row.line, str(error))
    for name, lines in talks.items():
        yield from pairs(name, lines)


def _messages(cells: dict[str, Any], line: int) -> list[Line]:
    messages = cells.get("messages")
    if not isinstance(messages, list):
        raise UnusableRowError("messages must be a list of {role, text}")
    if not all(isinstance(message, dict) for message in messages):
        raise UnusableRowError("each message must be an object with role and text")
    return [_line(_meant(message), line) for message in messages]


def _line(cells: dict[str, Any], line: int) -> Line:
    text, time = text_of(cells.get("text"), "text"), str(cells.get("time") or "")
    return Line(role_of(cells.get("role")), text, line, time)


def _name(cells: dict[str, Any], line: int) -> str:
    return text_of(cells.get("conversation"), "conversation") or f"line {line}"


def _meant(cells: dict[str, Any]) -> dict[str, Any]:
    """The cells under what their names stand for."""
    return {meaning: v for name, v in cells.items() if (meaning := meaning_of(name)) is not None}
