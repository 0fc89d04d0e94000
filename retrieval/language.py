"""Which language a message is written in: Chinese, English, or nothing to tell by."""

from __future__ import annotations

import re
from functools import cache

from retrieval.normalise import to_simplified
from retrieval.words import function_words

# What looks like words but says nothing: links, addresses, masks, codes with a digit in them.
# Each begins where a word begins and gives nothing back, so that time grows with the length only.
_NO_EVIDENCE = re.compile(
    r"https?://[\x21-\x7e]+|www\.[\x21-\x7e]+|<[a-z_]+>"
    r"|(?<![\w.+-])[\w.+-]++@[\w-]++(?:\.[\w-]++)+"
    r"|(?<![a-z0-9])[a-z]*+\d[a-z0-9]*+(?:[-_./][a-z0-9]++)*"
    r"|(?<![a-z0-9_-])[a-z]++[-_][a-z_-]*+\d[a-z0-9_-]*+",
    re.ASCII | re.IGNORECASE,
)
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_OTHER_SCRIPT = re.compile(r"[\u3040-\u30ff\uac00-\ud7af\u0400-\u052f\u0600-\u06ff\u0e00-\u0e7f]")
_LATIN_WORD = re.compile(r"[a-z\u00c0-\u024f]+(?:'[a-z]+)?")
_ACCENTED = re.compile(r"[\u00c0-\u024f]")

# A Chinese word is about this many characters long: to weigh characters against English words.
_CHARACTERS_PER_WORD = 1.7


@cache
def _chinese_marks() -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, function_words().chinese)))


def detect_language(text: str) -> str | None:
    """`zh` or `en` by script and function words; None when there is no evidence for either."""
    bare = to_simplified(_NO_EVIDENCE.sub(" ", text)).lower().replace("\u2019", "'")
    han = len(_HAN.findall(bare))
    words = _LATIN_WORD.findall(bare)
    known = function_words()
    latin = [word for word in words if word not in known.neutral]
    if len(_OTHER_SCRIPT.findall(bare)) > max(han, len(latin)) / 2:
        return None
    english = sum(word in known.english for word in latin)
    chinese = len(_chinese_marks().findall(bare))
    if not han:
        return _latin_only(bare, latin, english, chinese)
    if not latin:
        return "zh"
    if english != chinese:
        return "zh" if chinese > english else "en"
    return "zh" if han / _CHARACTERS_PER_WORD >= len(latin) else "en"


def _latin_only(text: str, words: list[str], english: int, chinese: int) -> str | None:
    """Latin letters may also be pinyin, another European language, or a lone initial."""
    if chinese > english:
        return "zh"
    if english:
        return "en"
    if _ACCENTED.search(text):
        return None
    return "en" if any(len(word) > 2 for word in words) else None
