"""A query as the searches need it: its words with weights, its language, and what was guessed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from retrieval.fallback import find_fallbacks, with_fallbacks
from retrieval.keyword import KeywordHit, KeywordIndex, weighted_counts
from retrieval.language import detect_language
from retrieval.text import Analyser
from retrieval.types import Fallback, How
from storage.types import Passage

_CONCEPT_WEIGHT = 0.8
"""A group of words counts less than the word itself, in the index and in the query alike."""

_LONG_RUN = 8
_SHARED_BY = 3
_COMPARED = 10
"""So many passages are looked at for words that all of them share."""


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


@dataclass(frozen=True, slots=True)
class BesideRun:
    """A long run of words that many passages share, and their scores for the rest of the query."""

    run: frozenset[str]
    scores: dict[int, float]

    def of(self, passage_id: int, held: Sequence[str]) -> float | None:
        """The score of a passage that holds the whole run; None for any other."""
        if not self.run or not self.run <= set(held):
            return None
        return self.scores.get(passage_id, 0.0)


def beside_run(
    query: Query, by_word: Sequence[KeywordHit], keyword: KeywordIndex, depth: int
) -> BesideRun:
    """What the query says beside a run that the best passages share."""
    compared = [hit.passage_id for hit in by_word[:_COMPARED]]
    run = long_run(keyword.held(compared, query.tokens))
    if not run:
        return BesideRun(run, {})
    rest = {token: weight for token, weight in query.tokens.items() if token not in run}
    return BesideRun(run, {hit.passage_id: hit.score for hit in keyword.search(rest, depth)})
