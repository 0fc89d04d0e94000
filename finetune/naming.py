"""Readable names for templates that were found, from the words of their questions."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence

import rjieba

from retrieval.normalise import normalise_text
from retrieval.words import function_words

Name = str

WORDS = 3
SAMPLE = 200
FALLBACK = "answer"


def name_groups(questions: Sequence[Sequence[str]], taken: Collection[str]) -> list[Name]:
    """One name for each group of questions, none given twice and none of `taken`.

    A word counts by how many of the group's questions have it, and for less if other groups
    have it too.
    """
    known = function_words()
    words = [_words(group, known.stop | known.question) for group in questions]
    spread = Counter(word for counts in words for word in counts)
    used = set(taken)
    names = []
    for group, counts in zip(questions, words, strict=True):
        name = unique(_slug(_best(counts, spread, len(questions)), group), used)
        used.add(name)
        names.append(name)
    return names


def unique(name: Name, taken: Collection[str]) -> Name:
    """The name, with the first free number behind it if it is taken."""
    if name not in taken:
        return name
    number = 2
    while f"{name}_{number}" in taken:
        number += 1
    return f"{name}_{number}"


def _words(group: Sequence[str], empty: Collection[str]) -> Counter[str]:
    """In how many of the questions each content word occurs; masks such as <phone> are none."""
    return Counter(
        word
        for question in group[:SAMPLE]
        for word in set(rjieba.cut(re.sub(r"<[a-z_]+>", " ", normalise_text(question))))
        if word not in empty and re.search(r"[^\W_]", word)
    )


def _best(counts: Counter[str], spread: Counter[str], groups: int) -> list[str]:
    """The most telling words; none that is part of another one chosen."""

    def worth(word: str) -> tuple[float, int, str]:
        rare = math.log((groups + 1) / spread[word]) + 0.1
        short = 0.5 if len(word) == 1 or word.isdigit() else 1.0
        return (-counts[word] * rare * short, -len(word), word)

    chosen: list[str] = []
    for word in sorted(counts, key=worth):
        if not any(word in other or other in word for other in chosen):
            chosen.append(word)
        if len(chosen) == WORDS:
            break
    return chosen


def _slug(words: Iterable[str], questions: Sequence[str]) -> Name:
    """The words in the order in which a question has them."""
    text = normalise_text(" ".join(questions[:SAMPLE]))
    ordered = sorted(words, key=lambda word: (text.find(word) < 0, text.find(word)))
    parts = [re.sub(r"[\W_]+", "_", word).strip("_") for word in ordered]
    return "_".join(part for part in parts if part)[:60] or FALLBACK
