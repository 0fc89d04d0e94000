"""Words of the index that look or sound like one it does not hold."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from itertools import islice

from retrieval.phonetic import pinyin

_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]{2,8}")
_LATIN = re.compile(r"[a-z0-9][a-z0-9\-_/.:]{2,40}")
_CODE = re.compile(r"[0-9]")
_DIGITS_ALONE = re.compile(r"[^0-9]")

# Letters that are taken for digits in a code.
_LOOKALIKES = str.maketrans({"o": "0", "i": "1", "l": "1"})

# Few words become another word by a swap of neighbours, many short ones by another edit: mental is
# not metal.
SHORTEST_SWAPPED = 5
SHORTEST_WORD = 7
SHORTEST_CODE = 4
_MOST_COMPARED = 4000


class Vocabulary:
    """All words that the keyword index has seen, found by sound and by all but one letter.

    A word one edit away keeps its first or its second half, so words are filed under both, with
    their length: a look-up compares only those that share a half. Nothing is filed before the
    first look-up; what the index has dropped since is for the caller to leave out.
    """

    def __init__(self) -> None:
        self._seen: set[str] = set()
        self._unfiled: list[str] = []
        self._sounds: defaultdict[str, list[str]] = defaultdict(list)
        self._halves: defaultdict[str, list[str]] = defaultdict(list)

    def add(self, word: str) -> None:
        """Take a word up; a second time changes nothing."""
        if word not in self._seen:
            self._seen.add(word)
            self._unfiled.append(word)

    def sounding(self, syllables: str) -> list[str]:
        """Words of two characters and more with this pinyin, written without spaces or tones."""
        self._file()
        return self._sounds.get(syllables, [])

    def one_edit_from(self, word: str) -> list[str]:
        """Words that become this one by one letter too many, too few, wrong or swapped.

        A number is never corrected to another: the digits of a code stay, save for letters that
        are taken for digits (`thO1` is `th01`, but `th02` is not).
        """
        code = bool(_CODE.search(word))
        if len(word) < (SHORTEST_CODE if code else SHORTEST_SWAPPED) or not _LATIN.fullmatch(word):
            return []
        self._file()
        found = dict.fromkeys(each for each in _swaps(word) if each in self._seen)
        if code or len(word) >= SHORTEST_WORD:
            compared = islice(self._candidates(word), _MOST_COMPARED)
            found.update(dict.fromkeys(each for each in compared if _is_one_edit(word, each)))
        return [each for each in found if _may_stand_for(word, each)]

    def _candidates(self, word: str) -> Iterator[str]:
        for length in (len(word), len(word) - 1, len(word) + 1):
            half = length // 2
            yield from self._halves.get(f"{length}<{word[:half]}", ())
            yield from self._halves.get(f"{length}>{word[len(word) - (length - half) :]}", ())

    def _file(self) -> None:
        for word in self._unfiled:
            if _HAN.fullmatch(word):
                if syllables := pinyin(word):
                    self._sounds[syllables.replace(" ", "")].append(word)
            elif _LATIN.fullmatch(word):
                half = len(word) // 2
                self._halves[f"{len(word)}<{word[:half]}"].append(word)
                self._halves[f"{len(word)}>{word[half:]}"].append(word)
        self._unfiled.clear()


def _swaps(word: str) -> Iterator[str]:
    for place in range(len(word) - 1):
        yield word[:place] + word[place + 1] + word[place] + word[place + 2 :]


def _is_one_edit(one: str, other: str) -> bool:
    """Whether one letter replaced, added or left out makes the one from the other."""
    if one == other or abs(len(one) - len(other)) > 1:
        return False
    if len(one) < len(other):
        one, other = other, one
    place = next((n for n, letter in enumerate(other) if one[n] != letter), len(other))
    rest = other[place + 1 :] if len(one) == len(other) else other[place:]
    return one[place + 1 :] == rest


def _may_stand_for(typed: str, word: str) -> bool:
    if not _CODE.search(typed + word):
        # Nobody mistypes the first letter, and cable is not table.
        return typed[0] == word[0]
    digits = [_DIGITS_ALONE.sub("", each) for each in (typed, word)]
    return digits[0] == digits[1] or typed.translate(_LOOKALIKES) == word.translate(_LOOKALIKES)
