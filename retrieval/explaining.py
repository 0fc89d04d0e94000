"""Why a passage was found, in words that a person can check."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from retrieval.reach import LEAST_ALIKE
from retrieval.text import Analyser
from retrieval.types import Encoder, Explanation, Hit, Synonym

_WORD = re.compile(r"[a-z0-9]+(?:[-_/.:'][a-z0-9]+)*")
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Text:
    """A text in the spelling that words are compared in, and its lexicon words by group."""

    normal: str
    groups: dict[str, list[Span]]

    @classmethod
    def of(cls, text: str, analyser: Analyser) -> _Text:
        groups: dict[str, list[Span]] = {}
        for match in analyser.matches(text):
            groups.setdefault("#" + match.group, []).append((match.start, match.end))
        return cls(analyser.normalise(text), groups)

    def words(self, spans: Iterable[Span]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.normal[start:end] for start, end in spans))


def explain(
    query: str, hits: Sequence[Hit], analyser: Analyser, encoder: Encoder | None
) -> list[Explanation]:
    """One explanation per hit; without an encoder the neighbour question is left out."""
    asked = _Text.of(query, analyser)
    return [_explain(query, asked, hit, analyser, encoder) for hit in hits]


def _explain(
    query: str, asked: _Text, hit: Hit, analyser: Analyser, encoder: Encoder | None
) -> Explanation:
    text = hit.passage.text
    said = _Text.of(text, analyser)
    tokens = {token for token in hit.matched if not token.startswith("#")}
    groups = [token for token in hit.matched if token.startswith("#")]
    guessed = {guess.found for guess in hit.fallbacks}
    words = asked.words(_spans(asked.normal, tokens - guessed, analyser))
    spans = _spans(said.normal, tokens, analyser)
    for group in groups:
        spans += said.groups.get(group, [])
    question, alike = _neighbour(query, hit, encoder)
    return Explanation(
        words=words,
        synonyms=_synonyms(groups, asked, said, words),
        guesses=hit.fallbacks,
        question=question,
        question_similarity=alike,
        meaning=hit.dense,
        feedback=hit.feedback,
        # Offsets hold only where the comparison's spelling is as long as the text itself.
        highlights=tuple(_merged(spans)) if len(said.normal) == len(text) else (),
    )


def _spans(normal: str, tokens: set[str], analyser: Analyser) -> list[Span]:
    """Where the words of these tokens stand."""
    found = [
        match.span()
        for match in _WORD.finditer(normal)
        if not tokens.isdisjoint(analyser.tokens(match.group()))
    ]
    for token in tokens:
        if _HAN.search(token):
            found += [match.span() for match in re.finditer(re.escape(token), normal)]
    return _merged(found)


def _merged(spans: Iterable[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _synonyms(
    groups: Iterable[str], asked: _Text, said: _Text, words: Sequence[str]
) -> tuple[Synonym, ...]:
    """Words of the query that the passage says in another way."""
    found = []
    for group in groups:
        mine = asked.words(asked.groups.get(group, ()))
        theirs = said.words(said.groups.get(group, ()))
        other = [word for word in theirs if word not in mine and word not in words]
        if mine and other:
            found.append(Synonym(group.removeprefix("#"), mine[0], tuple(other)))
    return tuple(found)


def _neighbour(query: str, hit: Hit, encoder: Encoder | None) -> tuple[str | None, float]:
    questions = hit.passage.questions
    if encoder is None or not questions or hit.question < LEAST_ALIKE:
        return None, 0.0
    similar = encoder.encode(questions) @ encoder.encode([query])[0]
    best = int(similar.argmax())
    alike = float(similar[best])
    return (questions[best], alike) if alike >= LEAST_ALIKE else (None, 0.0)
