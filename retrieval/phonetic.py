"""How Chinese words sound: pinyin without tones, for those who type it or mistake a character."""

from __future__ import annotations

import unicodedata
from functools import cache

# Where the dot of ü falls off, people type v.
_DOTTED_U = "u\u0308"


def pinyin(word: str) -> str | None:
    """The syllables of a word of Chinese characters, joined by spaces; None if one is unknown.

    A word of several readings has the one that the dictionary of phrases gives for it (重庆 is
    `chong qing`), otherwise each character has its commonest.
    """
    syllables = _phrase(word) or [_syllable(char) for char in word]
    return None if None in syllables else " ".join(filter(None, syllables))


def _phrase(word: str) -> list[str | None] | None:
    found = _tables()[1].get(word)
    return [_without_tone(readings[0]) for readings in found] if found else None


@cache
def _syllable(char: str) -> str | None:
    readings = _tables()[0].get(ord(char))
    return _without_tone(readings.partition(",")[0]) if readings else None


@cache
def _without_tone(reading: str) -> str:
    spelt = unicodedata.normalize("NFD", reading).replace(_DOTTED_U, "v")
    return "".join(letter for letter in spelt if "a" <= letter <= "z")


@cache
def _tables() -> tuple[dict[int, str], dict[str, list[list[str]]]]:
    # Half a second and 40 MB that only a query of unknown words costs.
    from pypinyin.constants import PHRASES_DICT, PINYIN_DICT

    return PINYIN_DICT, PHRASES_DICT
