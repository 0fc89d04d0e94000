"""Sparse features of a text: character n-grams, words, word pairs and the lexicon's concepts.

These are what the embedded classifier sees of a text. Weights are TF-IDF with sublinear term
frequency (Manning, Raghavan & Schütze 2008, section 6.4); each kind of feature has length 1 before
its own weight is applied, so that a long text does not drown its words in n-grams.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import rjieba
from numpy.typing import NDArray

from retrieval.lexicon import Lexicon
from retrieval.text import Analyser

_WORD = re.compile(r"[a-z0-9]+(?:'[a-z]+)?|[\u3400-\u4dbf\u4e00-\u9fff]+|[^\W_a-z0-9]+|[?!？！]")
_NGRAM_SIZES = range(1, 5)
_LITERAL = ("c", "w")
_CONCEPT = "#"
_CONCEPT_WEIGHT = 0.6
"""Concepts weigh less than the text itself, whose n-grams and words have length 1 each."""

_MAX_CHARACTERS = 2_000
_REMEMBERED = 20_000
_VOCABULARY = "vocabulary.json"
_LEXICON = "lexicon.json"


@dataclass(frozen=True, slots=True)
class SparseRows:
    """Rows of a sparse matrix: row i is `ids[offsets[i]:offsets[i + 1]]` with their weights.

    `unknown` is the share of each row's words, from 0 to 1, that neither the lexicon nor the
    vocabulary holds.
    """

    ids: NDArray[np.int64]
    weights: NDArray[np.float32]
    offsets: NDArray[np.int64]
    unknown: NDArray[np.float32]

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.offsets) - 1

    def take(self, rows: NDArray[np.int64]) -> SparseRows:
        """The given rows, in the given order."""
        starts, ends = self.offsets[rows], self.offsets[rows + 1]
        offsets = np.concatenate([[0], np.cumsum(ends - starts)]).astype(np.int64)
        places = np.arange(offsets[-1]) + np.repeat(starts - offsets[:-1], ends - starts)
        return SparseRows(self.ids[places], self.weights[places], offsets, self.unknown[rows])


class Features:
    """A fixed vocabulary of n-grams, words and concepts with their inverse document frequency."""

    def __init__(
        self, analyser: Analyser, vocabulary: Sequence[str], idf: NDArray[np.float32]
    ) -> None:
        """`idf` has shape (len(vocabulary),)."""
        if len(vocabulary) != len(idf):
            raise ValueError(
                f"expected one idf per feature, found {len(vocabulary)} and {len(idf)}"
            )
        self._analyser = analyser
        self._idf = idf
        self._index = {name: number for number, name in enumerate(vocabulary)}
        self._explained = lru_cache(maxsize=_REMEMBERED)(self._is_explained)
        digest = hashlib.sha256("\n".join(vocabulary).encode())
        self.fingerprint = hashlib.sha256(digest.digest() + idf.tobytes()).hexdigest()[:16]

    def __len__(self) -> int:
        """Size of the vocabulary."""
        return len(self._index)

    @property
    def analyser(self) -> Analyser:
        """What cuts texts into words and concepts."""
        return self._analyser

    @property
    def word_mask(self) -> NDArray[np.bool_]:
        """Which features are words that only training can know, shape (len(self),)."""
        return np.fromiter(map(self._is_news, self._index), bool, len(self._index))

    @classmethod
    def fit(
        cls, analyser: Analyser, texts: Iterable[str], *, max_features: int = 40_000
    ) -> Features:
        """Learn the vocabulary; where it would be too large, the most frequent features stay."""
        frequency: Counter[str] = Counter()
        count = 0
        for text in texts:
            frequency.update(set(extract(analyser, text)))
            count += 1
        kept = sorted(frequency, key=lambda name: (-frequency[name], name))[:max_features]
        idf = [_round(math.log((1 + count) / (1 + frequency[name])) + 1) for name in kept]
        return cls(analyser, kept, np.array(idf, dtype=np.float32))

    def rows(
        self, texts: Sequence[str], progress: Callable[[int], None] | None = None
    ) -> SparseRows:
        """Features of each text that the vocabulary holds."""
        ids: list[NDArray[np.int64]] = []
        weights: list[NDArray[np.float32]] = []
        unknown = np.zeros(len(texts), dtype=np.float32)
        for number, text in enumerate(texts):
            row_ids, row_weights, unknown[number] = self._row(text)
            ids.append(row_ids)
            weights.append(row_weights)
            if progress is not None:
                progress(number + 1)
        offsets = np.concatenate([[0], np.cumsum([len(row) for row in ids])]).astype(np.int64)
        if not ids:
            return SparseRows(np.zeros(0, np.int64), np.zeros(0, np.float32), offsets, unknown)
        return SparseRows(np.concatenate(ids), np.concatenate(weights), offsets, unknown)

    def _row(self, text: str) -> tuple[NDArray[np.int64], NDArray[np.float32], float]:
        counts = Counter(extract(self._analyser, text))
        known = {name: count for name, count in counts.items() if name in self._index}
        words = [name for name in counts if self._is_news(name)]
        missing = sum(name not in self._index for name in words) / len(words) if words else 0.0
        ids = np.fromiter((self._index[name] for name in known), np.int64, len(known))
        frequency = np.fromiter(known.values(), np.float32, len(known))
        weights = (1 + np.log(frequency)) * self._idf[ids]
        kinds = np.array([name[0] for name in known])
        for kind, block_weight in {
            **dict.fromkeys(_LITERAL, 1.0),
            _CONCEPT: _CONCEPT_WEIGHT,
        }.items():
            block = kinds == kind
            length = float(np.linalg.norm(weights[block]))
            if length:
                weights[block] *= block_weight / length
        return ids, weights.astype(np.float32), missing

    def _is_news(self, name: str) -> bool:
        """Whether a feature is a word or word pair that the lexicon does not explain."""
        if not name.startswith("w:"):
            return False
        return not all(self._explained(word) for word in name[2:].split(" "))

    def _is_explained(self, word: str) -> bool:
        return bool(self._analyser.lexicon.match(word))

    def save(self, folder: Path) -> None:
        """Write the features with their inverse document frequency, and the lexicon they need."""
        idf = [_round(value) for value in self._idf.tolist()]
        content = {"features": list(self._index), "idf": idf}
        path = folder / _VOCABULARY
        path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
        self._analyser.lexicon.save(folder / _LEXICON)

    @classmethod
    def load(cls, folder: Path) -> Features:
        """Read what `save` wrote, with the lexicon as it was then."""
        analyser = Analyser(Lexicon.load(folder / _LEXICON))
        content = json.loads((folder / _VOCABULARY).read_text(encoding="utf-8"))
        return cls(analyser, content["features"], np.array(content["idf"], dtype=np.float32))


def _round(value: float) -> float:
    # So that a saved number reads back as the same one.
    return round(value, 4)


def extract(analyser: Analyser, text: str) -> list[str]:
    """Feature names of a text: `c:` n-grams, `w:` words and word pairs, `#` concepts."""
    normal = analyser.normalise(text)[:_MAX_CHARACTERS]
    words = list(_words(normal))
    found = _ngrams(normal.split())
    found += ["w:" + word for word in words]
    found += [f"w:{first} {second}" for first, second in zip(words, words[1:], strict=False)]
    return found + analyser.concepts(text)


def _ngrams(words: Iterable[str]) -> list[str]:
    found: list[str] = []
    for word in words:
        padded = f" {word} "
        for size in _NGRAM_SIZES:
            found += [
                "c:" + padded[start : start + size] for start in range(len(padded) - size + 1)
            ]
    return found


def _words(normal: str) -> Iterable[str]:
    for match in _WORD.finditer(normal):
        run = match.group()
        if "\u3400" <= run[0] <= "\u9fff":
            yield from rjieba.cut(run)
        else:
            yield run
