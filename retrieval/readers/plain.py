"""Plain text: paragraphs between blank lines."""

from __future__ import annotations

import re

from retrieval.readers.outline import Outline

_BLANK_LINES = re.compile(r"\n[ \t\u3000]*(?:\n[ \t\u3000]*)+")


def add_plain(text: str, outline: Outline) -> None:
    """Put every paragraph into the outline; plain text has no headings."""
    for paragraph in _BLANK_LINES.split(text):
        outline.block("\n".join(line.rstrip() for line in paragraph.split("\n")))
