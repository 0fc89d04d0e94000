"""The pieces of a passage that can be quoted: whole sentences, list items and table rows."""

from __future__ import annotations

import re
from dataclasses import dataclass

from retrieval.sentences import is_table_row, split_sentences

_RULE_ROW = re.compile(r"[\s|:+-]*")
_HEADING = re.compile(r"#{1,6}\s")
_BULLET = re.compile(r"(?:[-*+•]\s+)")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A quotable piece and its place in the passage; `new_line`: it begins a line of its own."""

    text: str
    start: int
    end: int
    new_line: bool = False


def sentences_of(text: str) -> list[Sentence]:
    """Every quotable piece in order; headings and the rules of tables are left out."""
    found: list[Sentence] = []
    last = 0
    for start, end in split_sentences(text):
        new_line = "\n" in text[last:start] or not found
        last = end
        if is_table_row(text[start:end]):
            start, end = _without(text, start, end, "| \t")
        elif bullet := _BULLET.match(text, start, end):
            start = bullet.end()
        if not _RULE_ROW.fullmatch(text, start, end) and not _HEADING.match(text, start, end):
            found.append(Sentence(text[start:end], start, end, new_line))
    return found


def joint(written: str, *, new_line: bool) -> str:
    """What stands between the text so far and the next sentence."""
    if not written:
        return ""
    if new_line:
        return "\n"
    chinese = written.rstrip()[-1:] in "。！？；…”」』）"
    return "" if chinese else " "


def _without(text: str, start: int, end: int, edges: str) -> tuple[int, int]:
    while start < end and text[start] in edges:
        start += 1
    while end > start and text[end - 1] in edges:
        end -= 1
    return start, end
