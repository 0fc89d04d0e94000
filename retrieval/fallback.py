"""What a query probably meant by words that the index does not hold: pinyin, homophones, typos."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from retrieval.phonetic import pinyin
from retrieval.text import Analyser
from retrieval.types import Fallback, How
from retrieval.vocabulary import Vocabulary
from retrieval.words import function_words

FALLBACK_WEIGHT = 0.6
"""How much a guessed word counts next to the same word as it is written."""

_MOST_WORDS = 24
"""So many unknown words of one query are looked up; a query of more is no question."""
_MOST_GUESSES = 3
_LONGEST_SPELLING = 6
_SHORTEST_PINYIN = 4

_LATIN_RUN = re.compile(r"[a-z]+(?:[ ']+[a-z]+)*")
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]{2,8}")


Held = Callable[[str], bool]


def find_fallbacks(
    query: str,
    tokens: Mapping[str, float],
    analyser: Analyser,
    vocabulary: Vocabulary,
    held: Held,
) -> list[Fallback]:
    """What the words of the query that the index does not hold may mean."""
    unknown = [token for token in tokens if not token.startswith("#") and not held(token)]
    if not unknown:
        return []
    certain = {char for token in tokens if _HAN.fullmatch(token) and held(token) for char in token}
    look = _Look(analyser, vocabulary, held, frozenset(certain))
    found: list[Fallback] = []
    for token in unknown[:_MOST_WORDS]:
        if _HAN.fullmatch(token):
            found += look.homophones(token)
    normal = analyser.normalise(query)
    covered = [(match.start, match.end) for match in analyser.matches(query)]
    for run in _LATIN_RUN.finditer(normal):
        found += look.spelt(run.group(), run.start(), covered)
    for token in unknown[:_MOST_WORDS]:
        if token.isascii() and not token.isalpha():
            found += look.typos(token, token)
    return list(dict.fromkeys(found))


def with_fallbacks(
    tokens: Mapping[str, float], fallbacks: list[Fallback], analyser: Analyser
) -> dict[str, float]:
    """The query's tokens with what they probably mean: the guesses get a part of their weight."""
    weights = dict(tokens)
    for token in {token for fallback in fallbacks for token in fallback.replaces}:
        if token in weights:
            weights[token] *= 1 - FALLBACK_WEIGHT
    shares: dict[str, int] = {}
    for fallback in fallbacks:
        shares[fallback.typed] = shares.get(fallback.typed, 0) + 1
    for fallback in fallbacks:
        weight = FALLBACK_WEIGHT / shares[fallback.typed]
        meant = [fallback.found, *analyser.concepts(fallback.found)]
        for token in meant:
            weights[token] = max(weights.get(token, 0.0), weight)
    return weights


@dataclass(frozen=True, slots=True)
class _Look:
    analyser: Analyser
    vocabulary: Vocabulary
    held: Held
    certain: frozenset[str]
    """Characters of the words that the index holds: those were written as they are meant."""

    def homophones(self, token: str) -> list[Fallback]:
        """Words that sound alike; beside words that the index holds, only those that look alike.

        A word of the dictionary is left as it is, and so is a pair of neighbours from two words:
        nobody meant that, and one of the two is certain.
        """
        if self.certain & set(token) or self.analyser.is_word(token):
            return []
        syllables = pinyin(token)
        if syllables is None:
            return []
        sounding = self._words(syllables.replace(" ", ""))
        if self.certain:
            sounding = [word for word in sounding if set(word) & set(token)]
        sounding = [word for word in sounding if len(word) == len(token) and word != token]
        return [Fallback(token, word, How.HOMOPHONE, (token,)) for word in sounding]

    def spelt(self, run: str, offset: int, covered: list[tuple[int, int]]) -> Iterator[Fallback]:
        """Pinyin and typos among Latin words that stand side by side."""
        words = [
            (match.group(), offset + match.start(), offset + match.end())
            for match in re.finditer(r"[a-z]+", run)
        ]
        place = 0
        looked_up = 0
        while place < len(words) and looked_up < _MOST_WORDS:
            length, found = self._longest_spelling(words[place : place + _LONGEST_SPELLING])
            if not found and self._is_unknown(*words[place], covered):
                looked_up += 1
                word = words[place][0]
                found = self._split_spelling(word)
                (token,) = self.analyser.tokens(word)[:1] or [word]
                found = found or self.typos(word, token)
            yield from found
            place += length if found else 1

    def typos(self, typed: str, token: str) -> list[Fallback]:
        alike = [each for each in self.vocabulary.one_edit_from(token) if self.held(each)]
        return [Fallback(typed, each, How.TYPO, (token,)) for each in alike[:_MOST_GUESSES]]

    def _longest_spelling(self, words: list[tuple[str, int, int]]) -> tuple[int, list[Fallback]]:
        """The most words from the first on that are the pinyin of one word of the index."""
        for length in range(len(words), 0, -1):
            typed = [word for word, _, _ in words[:length]]
            replaced = tuple(token for word in typed for token in self.analyser.tokens(word)[:1])
            if all(map(self._is_common, typed)) or any(map(self.held, replaced)):
                continue
            meant = self._words("".join(typed))
            if meant:
                shown = " ".join(typed)
                return length, [Fallback(shown, word, How.PINYIN, replaced) for word in meant]
        return 1, []

    def _split_spelling(self, word: str) -> list[Fallback]:
        """Pinyin of several words written as one: zhejiangsheng."""
        pieces = self._pieces(word)
        token = tuple(self.analyser.tokens(word)[:1])
        return [
            Fallback(word, meant, How.PINYIN, token)
            for piece in pieces
            for meant in self._words(piece)[:1]
        ]

    def _pieces(self, spelling: str) -> list[str]:
        for end in range(len(spelling), _SHORTEST_PINYIN - 1, -1):
            if not self._words(spelling[:end]):
                continue
            if end == len(spelling):
                return [spelling]
            if rest := self._pieces(spelling[end:]):
                return [spelling[:end], *rest]
        return []

    def _words(self, spelling: str) -> list[str]:
        if len(spelling) < _SHORTEST_PINYIN:
            return []
        sounding = self.vocabulary.sounding(spelling)
        held = (word for word in sounding if self.held(word) and self.analyser.is_word(word))
        return [word for _, word in zip(range(_MOST_GUESSES), held, strict=False)]

    def _is_unknown(self, word: str, start: int, end: int, covered: list[tuple[int, int]]) -> bool:
        if self._is_common(word) or any(first < end and start < last for first, last in covered):
            return False
        return not any(map(self.held, self.analyser.tokens(word)))

    @staticmethod
    def _is_common(word: str) -> bool:
        return word in _common_words()


@cache
def _common_words() -> frozenset[str]:
    words = function_words()
    return words.stop | words.question | words.english
