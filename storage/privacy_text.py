"""What the finders of personal data share: spans, and one width for every character."""

from __future__ import annotations

import re
from dataclasses import dataclass

FILLER = "\0"
"""Stands for what was found already; no pattern matches it."""

PLACEHOLDER = re.compile("<(?:email|id_card|bank_card|phone|address)>")

_ASCII: dict[int, int | str] = {
    **{wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)},
    **dict.fromkeys((0xA0, 0x2002, 0x2003, 0x2007, 0x2009, 0x202F, 0x3000), " "),
    **dict.fromkeys((0x2010, 0x2011, 0x2012, 0x2013, 0x2014, 0x2212, 0xFE63), "-"),
}


@dataclass(frozen=True, slots=True)
class Span:
    """Personal data of one kind, from `start` up to `end`."""

    kind: str
    start: int
    end: int


def to_ascii(text: str) -> str:
    """Full-width characters, odd spaces and odd dashes as ASCII; the length stays the same."""
    return text if text.isascii() else text.translate(_ASCII)


def blank(text: str, start: int, end: int) -> str:
    """The text with a stretch filled, its length the same."""
    return text[:start] + FILLER * (end - start) + text[end:]


def digits_of(text: str) -> str:
    """Only the ASCII digits of the text."""
    return "".join(each for each in text if "0" <= each <= "9")
