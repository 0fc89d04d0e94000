"""Whether the evidence supports a sentence."""

from __future__ import annotations

import re
import unicodedata

# A number with its inner separators (1,299.00, 2026-11-22, 9:30), or a code such as SF-1234A.
_FIGURE = re.compile(r"(?:[a-z]+-?)?[0-9]+(?:,[0-9]{3}(?![0-9])|[-.:/]?[a-z0-9]+)*", re.ASCII)
_WIDE_PUNCTUATION = str.maketrans("，：；", "   ")
_MARKER = re.compile(r"\s*\[\d+\]")


def is_grounded(sentence: str, evidence: str) -> bool:
    """Whether every number, price, date and code of the sentence occurs in the evidence."""
    return figures(_MARKER.sub("", sentence)) <= figures(evidence)


def is_verbatim(sentence: str, evidence: str) -> bool:
    """Whether the sentence is a word-for-word part of the evidence; white space may differ."""
    return bool(sentence.strip()) and _folded(sentence) in _folded(evidence)


def figures(text: str) -> frozenset[str]:
    """The numbers, dates and codes in a text, in one spelling."""
    plain = unicodedata.normalize("NFKC", text.translate(_WIDE_PUNCTUATION)).casefold()
    return frozenset(match.group().replace(",", "") for match in _FIGURE.finditer(plain))


def _folded(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split())
