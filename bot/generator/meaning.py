"""Which words of two texts mean the same."""

from __future__ import annotations

import re
from functools import lru_cache

from bot.generator.clauses import Clause
from bot.generator.figures import find_figures
from bot.generator.polarity import negations, passed_over
from bot.generator.wordings import is_free, representative
from retrieval.normalise import normalise_text
from retrieval.text import Analyser

_LIGHT_WEIGHT = 0.3
_HAN = re.compile(r"[\u3400-\u9fff]")


class Meaning:
    """Cuts clauses into words, weighs these, and finds them again in other clauses."""

    def __init__(self, analyser: Analyser) -> None:
        """The analyser cuts words and knows which mean the same."""
        self._analyser = analyser
        self.groups = lru_cache(maxsize=4096)(lambda word: frozenset(analyser.concepts(word)))

    def clause(self, text: str) -> Clause:
        """A clause of a text in one spelling."""
        text = text.strip()
        figures = find_figures(text)
        bare = text
        for figure in figures:
            bare = bare[: figure.start] + " " * (figure.end - figure.start) + bare[figure.end :]
        normal = normalise_text(bare)
        phrases = tuple((normal[m.start : m.end], m.group) for m in self._analyser.matches(bare))
        words = tuple(_asserted(word) for word in self._analyser.words(bare) if not word.isdigit())
        return Clause(text, words, tuple(figures), phrases)

    def weight(self, word: str) -> float:
        """How much of a clause a word says: nothing, little, or as much as any other."""
        if is_free(word):
            return 0.0
        return _LIGHT_WEIGHT if word in passed_over("light") else 1.0

    def holds(self, word: str, clause: Clause, other: Clause) -> bool:
        """Whether the other clause has a word of this clause, or one of the same meaning."""
        return self.share(word, clause, other) == 1.0

    def share(self, word: str, clause: Clause, other: Clause) -> float:
        """How much of a word the other clause has; of a Chinese compound it may be a part."""
        if has(other, word) or any(
            len(each) == 1 and not each.isascii() and each in word for each in other.words
        ):
            return 1.0
        meant = representative(word)
        if any(representative(each) == meant for each in other.words):
            return 1.0
        groups = {group for _, group in other.phrases}
        own = self.groups(word)
        if own and own <= groups:
            return 1.0
        if any(group in groups and word in phrase for phrase, group in clause.phrases):
            return 1.0
        if _HAN.search(word):
            return sum(each in other.text for each in word) / len(word)
        return float(any(alike(word, each) for each in other.words))


def _asserted(word: str) -> str:
    """不卖 as 卖: negations are compared by themselves."""
    found = negations(word) if _HAN.search(word) else []
    return found[0].after if found and found[0].start == 0 and found[0].after else word


def has(clause: Clause, word: str) -> bool:
    """Whether a clause has this very word; a Chinese one may be part of a longer one."""
    return word in clause.words or (_HAN.search(word) is not None and word in clause.text)


def alike(one: str, other: str) -> bool:
    """退 and 退货, 拆 and 拆封; `return` and `returnable`."""
    if _HAN.search(one):
        return one in other or other in one or one[0] == other[0]
    shorter = min(len(one), len(other))
    return shorter >= 4 and (one.startswith(other) or other.startswith(one))
