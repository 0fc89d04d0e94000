"""What is let in of a customer's text: everything but what no reader could see or store."""

from __future__ import annotations

import re
import unicodedata

_LINE_ENDS = re.compile(r"\r\n?|[\u2028\u2029\x85]")
_KEPT = frozenset("\n\t")


def clean_text(text: str) -> str:
    """`text` without control characters and lone surrogates, ends trimmed, lines ended by \\n.

    Format characters stay: emoji and several scripts are joined by them.
    """
    lines = _LINE_ENDS.sub("\n", text)
    return "".join(c for c in lines if c in _KEPT or not _unprintable(c)).strip()


def _unprintable(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs")
