"""BM25 over the analyser's tokens, kept in memory and changed passage by passage.

Scores follow Robertson & Zaragoza 2009 with the never-negative idf of Lucene. Adding or removing
one passage touches only its own tokens, so a change is visible to the next question at any size.
"""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from retrieval.vocabulary import Vocabulary

_K1 = 1.2
_B = 0.75
_TELLING_WORDS = 2
"""A query says what it is about if it has the idf of so many words that one passage alone holds."""


@dataclass(frozen=True, slots=True)
class KeywordHit:
    """A passage's BM25 score, as such and as a share of what a perfect passage could reach.

    `coverage` is the idf-weighted share of the query's tokens that the passage holds. Both shares
    are lower for a query that says next to nothing: one common word is no reason to quote anything.
    """

    passage_id: int
    score: float
    share: float
    coverage: float


class KeywordIndex:
    """Postings from token to {passage id: frequency}; not thread-safe by itself."""

    def __init__(self) -> None:
        self._postings: dict[str, dict[int, float]] = {}
        self._tokens: dict[int, tuple[str, ...]] = {}
        self._lengths: dict[int, float] = {}
        self._total_length = 0.0
        self.vocabulary = Vocabulary()

    def __len__(self) -> int:
        """Number of passages."""
        return len(self._lengths)

    def put(self, passage_id: int, frequencies: Mapping[str, float]) -> None:
        """Add a passage by its token frequencies, or replace it."""
        self.delete(passage_id)
        for token, frequency in frequencies.items():
            self._postings.setdefault(token, {})[passage_id] = frequency
            self.vocabulary.add(token)
        self._tokens[passage_id] = tuple(frequencies)
        self._lengths[passage_id] = sum(frequencies.values())
        self._total_length += self._lengths[passage_id]

    def delete(self, passage_id: int) -> None:
        """Remove a passage; nothing happens if it is not there."""
        if passage_id not in self._lengths:
            return
        self._total_length -= self._lengths.pop(passage_id)
        for token in self._tokens.pop(passage_id):
            postings = self._postings[token]
            del postings[passage_id]
            if not postings:
                del self._postings[token]

    def holds(self, token: str) -> bool:
        """Whether some passage holds the token."""
        return token in self._postings

    def held(self, passage_id: int, tokens: Iterable[str]) -> tuple[str, ...]:
        """Those of the tokens that one passage holds."""
        return tuple(token for token in tokens if passage_id in self._postings.get(token, ()))

    def search(self, query: Mapping[str, float], k: int) -> list[KeywordHit]:
        """The best k passages for weighted query tokens, best first."""
        if not self._lengths or not query:
            return []
        average = self._total_length / len(self._lengths) or 1.0
        scores: defaultdict[int, float] = defaultdict(float)
        covered: defaultdict[int, float] = defaultdict(float)
        held = 0.0
        for token, weight in query.items():
            postings = self._postings.get(token, {})
            idf = self._idf(len(postings)) * weight
            held += idf
            for passage_id, frequency in postings.items():
                norm = _K1 * (1 - _B + _B * self._lengths[passage_id] / average)
                scores[passage_id] += idf * frequency * (_K1 + 1) / (frequency + norm)
                covered[passage_id] += idf
        best = sorted(scores, key=lambda number: (-scores[number], number))[:k]
        whole = max(held, _TELLING_WORDS * self._idf(1))
        return [
            KeywordHit(
                number, scores[number], scores[number] / whole / (_K1 + 1), covered[number] / whole
            )
            for number in best
        ]

    def _idf(self, passages: int) -> float:
        return math.log(1 + (len(self._lengths) - passages + 0.5) / (passages + 0.5))

    def save(self, path: Path) -> None:
        """Write all passages' token frequencies as JSON lines."""
        with path.open("w", encoding="utf-8") as file:
            for passage_id, tokens in self._tokens.items():
                frequencies = {token: self._postings[token][passage_id] for token in tokens}
                file.write(json.dumps([passage_id, frequencies], ensure_ascii=False) + "\n")

    @classmethod
    def load(cls, path: Path) -> KeywordIndex:
        """Read what `save` wrote."""
        index = cls()
        with path.open(encoding="utf-8") as file:
            for line in file:
                passage_id, frequencies = json.loads(line)
                index.put(passage_id, frequencies)
        return index


def weighted_counts(tokens: Iterable[str], extra: Sequence[tuple[str, float]]) -> dict[str, float]:
    """Token frequencies, plus tokens that come with a weight of their own."""
    counts: Counter[str] = Counter()
    for token in tokens:
        counts[token] += 1
    weighted: dict[str, float] = dict(counts)
    for token, weight in extra:
        weighted[token] = weighted.get(token, 0.0) + weight
    return weighted
