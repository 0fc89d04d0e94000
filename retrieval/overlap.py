"""Whether a passage holds a text that was copied from a document, which may be cut anew since."""

from __future__ import annotations

from difflib import SequenceMatcher
from functools import lru_cache

from storage.normalise import normalise


def holds(passage: str, text: str) -> bool:
    """Whether a passage holds the whole text, whatever the case, width and white space."""
    return _letters(text) in _letters(passage)


def overlaps(expected: str, passage: str) -> bool:
    """Whether a passage holds at least half of an expected text in one piece."""
    gold, found = _letters(expected), _letters(passage)
    if gold in found:
        return True
    # Any half holds one of the quarters whole, and to look for those is much faster.
    size = max(1, (len(gold) + 3) // 4)
    if not any(gold[at : at + size] in found for at in range(0, len(gold) - size + 1, size)):
        return False
    matcher = SequenceMatcher(None, gold, found, autojunk=False)
    longest = matcher.find_longest_match()
    return 2 * longest.size >= len(gold)


@lru_cache(maxsize=4_096)
def _letters(text: str) -> str:
    return "".join(normalise(text).split()).casefold()
