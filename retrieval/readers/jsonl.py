"""JSON lines: each an object with question and answer, or title and text."""

from __future__ import annotations

import json

from retrieval.errors import UnreadableFileError
from retrieval.readers.outline import Outline
from retrieval.readers.table import add_rows, find_columns
from retrieval.types import Problem


def add_jsonl(text: str, outline: Outline, name: str) -> list[Problem]:
    """Put every usable line into the outline; gives back the others with their numbers.

    Keys are named like the columns of such a CSV, tags may be a list.
    """
    problems: list[Problem] = []
    usable = False
    for line, written in enumerate(text.split("\n"), start=1):
        if not written.strip():
            continue
        try:
            found = _cells(json.loads(written))
        except (ValueError, RecursionError):
            found = None
        columns = find_columns(list(found)) if found else None
        if found is None or columns is None:
            reason = (
                "Expected a JSON object with the keys question,answer or title,text, "
                f"found {written.strip()[:60]!r}."
            )
            problems.append(Problem(name, line, reason))
            continue
        usable = True
        problems += add_rows([(line, list(found.values()))], list(found), columns, outline, name)
    if not usable:
        raise UnreadableFileError(
            f"Expected JSON objects with the keys question,answer or title,text in {name}, one a "
            "line, found none."
        )
    return problems


def _cells(entry: object) -> dict[str, str] | None:
    if not isinstance(entry, dict):
        return None
    return {str(key): _cell(value) for key, value in entry.items()}


def _cell(value: object) -> str:
    if isinstance(value, list):
        return ",".join(_cell(each) for each in value if not isinstance(each, list | dict))
    return "" if value is None or isinstance(value, dict) else str(value)
