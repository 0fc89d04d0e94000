"""A corrected question in other spellings, which training sees beside it."""

from __future__ import annotations

import re

SOURCE_VARIANT = "variant"
"""The source of a row that was made of a correction; it is never stored."""

VARIANT_WEIGHT = 0.5
"""A variant counts this much of its correction."""

_WORD = re.compile(r"[a-z]{4,}")
_HAN = re.compile(r"[\u4e00-\u9fff]")


def variants(question: str, language: str) -> list[str]:
    """The question with other marks, with politeness, and with one slip of the finger each.

    Features fold case, width and script already, so those would teach nothing.
    """
    bare = question.strip().rstrip("?？!！.。~ ")
    if not bare:
        return []
    if language == "zh" or _HAN.search(bare):
        made = [bare, f"你好，请问{bare}？", f"{bare}呢，谢谢", *_slips_zh(bare)]
    else:
        made = [bare, f"hi, {bare}?", f"{bare} please, thanks", *_slips_en(bare)]
    return [each for each in dict.fromkeys(made) if each != question]


def _slips_en(text: str) -> list[str]:
    """A letter left out of the longest word, and two letters of it swapped."""
    words = sorted(_WORD.finditer(text.lower()), key=lambda match: -len(match.group()))
    if not words:
        return []
    start, end = words[0].span()
    word = text[start:end]
    middle = len(word) // 2
    swapped = word[: middle - 1] + word[middle] + word[middle - 1] + word[middle + 1 :]
    return [
        text[:start] + changed + text[end:]
        for changed in (word[:middle] + word[middle + 1 :], swapped)
    ]


def _slips_zh(text: str) -> list[str]:
    """Without its first and without its last character, where enough is left to understand."""
    return [text[1:], text[:-1]] if len(text) >= 6 else []
