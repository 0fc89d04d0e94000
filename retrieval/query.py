"""A query as the searches need it: its words with weights, its language, and what was guessed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from retrieval.fallback import find_fallbacks, with_fallbacks
from retrieval.keyword import KeywordIndex, weighted_counts
from retrieval.language import detect_language
from retrieval.text import Analyser
from retrieval.types import Fallback, How
from storage.types import Passage

_CONCEPT_WEIGHT = 0.8
"""A group of words counts less than the word itself, in the index and in the query alike."""

_LONG_RUN = 8
_SHARED_BY = 3


@dataclass(frozen=True, slots=True)
class Query:
    """The tokens with their weights; no `language` where nothing tells it, or pinyin hides it."""

    tokens: dict[str, float]
    language: str | None
    fallbacks: tuple[Fallback, ...]


def weighted_tokens(analyser: Analyser, text: str) -> dict[str, float]:
    """The tokens of a passage or query, and the groups of synonyms in it."""
    concepts = [
        ("#" + match.group, match.weight * _CONCEPT_WEIGHT) for match in analyser.matches(text)
    ]
    return weighted_counts(analyser.tokens(text), concepts)


def read_query(
    text: str, written: dict[str, float], analyser: Analyser, keyword: KeywordIndex
) -> Query:
    """The query of a text whose weighted tokens are known, for this index."""
    guesses = find_fallbacks(text, written, analyser, keyword.vocabulary, keyword.holds)
    spelt = any(guess.how is How.PINYIN for guess in guesses)
    return Query(
        with_fallbacks(written, guesses, analyser),
        None if spelt else detect_language(text),
        tuple(guesses),
    )


def languages_that_count(
    language: str | None, passages: Sequence[Passage], held: Sequence[Sequence[str]]
) -> list[bool]:
    """Per passage, whether it counts as written in the asker's language.

    Where only passages in the other language hold anything of the query, a synonym bridges the
    two, and those that hold it are preferred like one's own.
    """
    own = [language in (None, passage.language) for passage in passages]
    if any(mine and words for mine, words in zip(own, held, strict=True)) or not any(held):
        return own
    return [bool(words) for words in held]


def long_run(held: Sequence[Sequence[str]]) -> frozenset[str]:
    """The words of the query that many of the best passages share; none if they are few.

    Ten manuals that begin with one long product name all hold that name: what is asked about it
    is the rest. `held` are the query's words in each of the best passages.
    """
    counts = Counter(word for words in held for word in words)
    shared = frozenset(word for word, count in counts.items() if count >= _SHARED_BY)
    return shared if len(shared) >= _LONG_RUN else frozenset()
