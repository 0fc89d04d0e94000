"""The rows that the readers pass on, and the limits of what a row may hold."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

MAX_QUESTION = 4_000
MAX_ANSWER = 20_000
MAX_NAME = 200

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b\ufeff]")
_BROKEN = re.compile(r"[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """A past question with its answer, its intent, or both; `customer` tells people apart.

    `spoken` says that somebody answered this customer in a dialogue, rather than wrote an answer
    down for all.
    """

    question: str
    intent: str | None
    answer: str | None
    line: int
    customer: str | None = None
    spoken: bool = False


@dataclass(frozen=True, slots=True)
class RawRow:
    """The cells of one row or the members of one JSON object, under the file's own names."""

    line: int
    cells: dict[str, Any]


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be used, and why."""

    line: int
    reason: str


class UnusableRowError(Exception):
    """Raised inside the readers for a row that becomes a `BadRow`."""


def text_of(value: object, what: str) -> str:
    """A cell as text without control characters; raises `UnusableRowError` for lists and so on."""
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise UnusableRowError(f"{what} must be text, found {type(value).__name__}")
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    text = str(value)
    if _BROKEN.search(text):
        raise UnusableRowError(f"{what} has bytes that are not text in this file's encoding")
    return _CONTROL.sub("", text).strip()


def check_question(text: str) -> str:
    """The question if it can be used; raises `UnusableRowError` if it is empty or too long."""
    if not text:
        raise UnusableRowError("the question is empty")
    return _within(text, MAX_QUESTION, "question")


def check_answer(text: str) -> str | None:
    """The answer, or None for an empty one; raises `UnusableRowError` if it is too long."""
    return _within(text, MAX_ANSWER, "answer") or None


def check_intent(text: str) -> str | None:
    """The intent, or None for an empty one; raises `UnusableRowError` if it is too long."""
    return _within(" ".join(text.split()), MAX_NAME, "intent") or None


def _within(text: str, limit: int, what: str) -> str:
    if len(text) > limit:
        raise UnusableRowError(f"the {what} has {len(text):,} characters, at most {limit:,} fit")
    return text
