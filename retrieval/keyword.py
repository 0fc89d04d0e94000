"""BM25 over the analyser's tokens, kept in memory and changed passage by passage.

Scores follow Robertson & Zaragoza 2009 with the never-negative idf of Lucene. Adding or removing
one passage touches only its own tokens, so a change is visible to the next question at any size.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retrieval.postings import Postings
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
    """BM25 over `Postings`; not thread-safe by itself."""

    def __init__(self) -> None:
        self._postings = Postings()
        self._norms: NDArray[np.float64] | None = None
        self._passage_ids: NDArray[np.int64] = np.zeros(0, np.int64)
        self.vocabulary = Vocabulary()

    def __len__(self) -> int:
        """Number of passages."""
        return len(self._postings)

    def put(self, passage_id: int, frequencies: Mapping[str, float]) -> None:
        """Add a passage by its token frequencies, or replace it."""
        self.delete(passage_id)
        self._postings.put(passage_id, frequencies)
        for token in frequencies:
            self.vocabulary.add(token)
        self._norms = None

    def delete(self, passage_id: int) -> None:
        """Remove a passage; nothing happens if it is not there."""
        if passage_id in self._postings:
            self._postings.delete(passage_id)
            self._norms = None

    def holds(self, token: str) -> bool:
        """Whether some passage holds the token."""
        return self._postings.holders(token) > 0

    def held(self, passage_ids: Sequence[int], tokens: Iterable[str]) -> list[tuple[str, ...]]:
        """For each of these passages those of the tokens that it holds."""
        wanted = self._postings.rows_of(passage_ids)
        held: list[list[str]] = [[] for _ in passage_ids]
        for token in tokens:
            rows, _ = self._postings.of(token)
            if not len(rows):
                continue
            places = np.minimum(np.searchsorted(rows, wanted), len(rows) - 1)
            for place in np.flatnonzero(rows[places] == wanted).tolist():
                held[place].append(token)
        return [tuple(each) for each in held]

    def search(self, query: Mapping[str, float], k: int) -> list[KeywordHit]:
        """The best k passages for weighted query tokens, best first."""
        if not len(self) or not query:
            return []
        norms = self._current_norms()
        scores, covered = np.zeros(len(norms)), np.zeros(len(norms))
        held = 0.0
        for token, weight in query.items():
            idf = self._idf(self._postings.holders(token)) * weight
            held += idf
            rows, counts = self._postings.of(token)
            frequencies = counts.astype(np.float64)
            # A row occurs once in a token's postings, so this adds each contribution.
            scores[rows] += idf * frequencies * (_K1 + 1) / (frequencies + norms[rows])
            covered[rows] += idf
        whole = max(held, _TELLING_WORDS * self._idf(1))
        return [
            KeywordHit(
                int(self._passage_ids[row]),
                float(scores[row]),
                float(scores[row]) / whole / (_K1 + 1),
                float(covered[row]) / whole,
            )
            for row in self._best(scores, covered, k)
        ]

    def _best(self, scores: NDArray[np.float64], covered: NDArray[np.float64], k: int) -> list[int]:
        """Rows of the best k scores, the lower passage id first among equal ones."""
        found = np.flatnonzero((covered > 0) & np.isfinite(self._current_norms()))
        if len(found) > k:
            least = np.partition(scores[found], len(found) - k)[len(found) - k]
            found = found[scores[found] >= least]
        order = np.lexsort((self._passage_ids[found], -scores[found]))
        ranked: list[int] = found[order[:k]].tolist()
        return ranked

    def _current_norms(self) -> NDArray[np.float64]:
        """What a passage's length does to its scores, by row; infinite for a dead row."""
        if self._norms is None:
            lengths = self._postings.lengths()
            norms = _K1 * (1 - _B + _B * lengths / self._postings.average_length)
            self._norms = np.where(lengths < 0, np.inf, norms)
            self._passage_ids = self._postings.passage_ids()
        return self._norms

    def _idf(self, passages: int) -> float:
        return math.log(1 + (len(self) - passages + 0.5) / (passages + 0.5))

    def drop_dead(self) -> None:
        """Make ready to be saved: leave nothing of passages that are gone."""
        self._postings.drop_dead()
        self._norms = None

    def save(self, path: Path) -> None:
        """Write all passages' token frequencies; only searches may go on meanwhile."""
        self._postings.save(path)

    @classmethod
    def load(cls, path: Path) -> KeywordIndex:
        """Read what `save` wrote; ValueError, OSError or KeyError where it is damaged."""
        index = cls()
        index._postings = Postings.load(path)
        for token in index._postings.tokens():
            index.vocabulary.add(token)
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
