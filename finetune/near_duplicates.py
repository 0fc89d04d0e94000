"""Questions that read the same but for case, punctuation, politeness, script or one typo.

Typos are found by the deletion neighbourhood: two texts within one insertion, deletion,
substitution or swap share a text with at most one character deleted (Mor & Fraenkel 1982). That is
one look-up per character, whatever the number of texts.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import lru_cache

from finetune.facts import plain
from finetune.politeness import clauses, is_polite, without_politeness
from retrieval.normalise import normalise_text

_LEAST_FOR_TYPO = 6
_LEAST_FOR_TYPO_ASCII = 12
"""In a shorter text one character is a word: 能退货吗 and 能换货吗 are no typos of each other."""

_MOST_FOR_TYPO = 120
_ASKING = re.compile(
    r"(?:(?:请问|请教|咨询|打听|(?:我)?想(?:要)?(?:问|咨询|请教)|麻烦问)(?:一下|下)?)+"
    r"|(?:excuse me|may i ask|i (?:want|would like|wanted) to (?:ask|know)|"
    r"(?:can|could|would) you (?:please )?tell me)\b[ ,]*(?:please )?",
    re.IGNORECASE,
)
"""What only says that a question follows."""
_POINT = re.compile(r"(?<=\d)[.:](?=\d)")
"""A mark that is part of a number: 3.5 is not 35, nor 10:30 the same as 1030."""
_REMEMBERED = 250_000


@lru_cache(maxsize=_REMEMBERED)
def loose_key(question: str) -> str:
    """Equal for questions that differ in case, punctuation, politeness or Chinese script only."""
    normal = normalise_text(question)
    kept = [
        _ASKING.sub("", c.text, count=1) if _ASKING.match(c.text) else c.text
        for c in clauses(plain(normal))
        if not is_polite(c.text)
    ]
    words = _POINT.sub("point", "".join(map(without_politeness, kept)))
    said = "".join(filter(str.isalnum, words))
    return said.casefold() or " ".join(normal.split())


class NearDuplicates:
    """Finds, among labelled questions, one that another question nearly equals."""

    def __init__(self, questions: Iterable[tuple[str, str]]) -> None:
        """Remember these (question, label) pairs; the first of two equal ones is found."""
        self._equal: dict[str, str] = {}
        self._near: defaultdict[str, dict[str, str]] = defaultdict(dict)
        for question, label in questions:
            key = loose_key(question)
            self._equal.setdefault(key, question)
            for variant in _variants(key):
                self._near[label].setdefault(variant, question)

    def find(self, question: str, label: str) -> str | None:
        """The question that reads the same, or that has the same label and differs by a typo.

        One character may be the whole difference between two intents, but not within one.
        """
        key = loose_key(question)
        if (found := self._equal.get(key)) is not None:
            return found
        near = self._near.get(label)
        if not near:
            return None
        return next((near[variant] for variant in _variants(key) if variant in near), None)


def _variants(key: str) -> Iterator[str]:
    """The key and the key without each of its characters; nothing where no typo is told apart."""
    least = _LEAST_FOR_TYPO_ASCII if key.isascii() else _LEAST_FOR_TYPO
    if not least <= len(key) <= _MOST_FOR_TYPO:
        return
    yield key
    for place in range(len(key)):
        yield key[:place] + key[place + 1 :]
