"""What crosses the borders of the search room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from storage.types import UNLABELLED, Labels, Passage

Vectors = NDArray[np.float32]


class Encoder(Protocol):
    """Turns texts into unit vectors of `dimension` numbers."""

    @property
    def fingerprint(self) -> str:
        """Identity of the weights: two encoders with one fingerprint give equal vectors."""
        ...

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        ...

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of shape (len(texts), dimension), float32, each of length 1 or 0."""
        ...


class How(StrEnum):
    """Why a word of the index stands for a word of the query that the index does not hold."""

    PINYIN = "pinyin"
    HOMOPHONE = "homophone"
    TYPO = "typo"


@dataclass(frozen=True, slots=True)
class Fallback:
    """A word of the query that the index lacks, and a word it holds that was probably meant.

    `replaces` are the query's tokens that count less for it.
    """

    typed: str
    found: str
    how: How
    replaces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """A found passage; `score` is P(relevant) from 0 to 1, the rest says where it came from.

    `dense` is the cosine with the passage, `keyword` the share of the reachable BM25 score,
    `question` the cosine with the nearest question attached to it (0 if none was reached).
    `matched` are the query's tokens that it holds, `#group` for a group of synonyms; `fallbacks`
    are the guesses among them. `feedback` is what customers' thumbs added, in log-odds;
    `rerank` the cross-encoder's score, if one put the hit in its place.
    """

    passage: Passage
    score: float
    dense: float
    keyword: float
    matched: tuple[str, ...] = ()
    question: float = 0.0
    fallbacks: tuple[Fallback, ...] = ()
    feedback: float = 0.0
    rerank: float | None = None


@dataclass(frozen=True, slots=True)
class Synonym:
    """A word of the query, and what the passage says instead: all words of one group."""

    group: str
    asked: str
    found: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a passage was found.

    `words` of the query stand in the passage, `synonyms` are said in another way, `guesses` were
    mistyped or spelt in pinyin; `question` is the nearest question attached to the passage, if
    it is near. `meaning` is the cosine with the passage, `feedback` what thumbs added in log-odds.
    `highlights` are places in the passage's text, in order.
    """

    words: tuple[str, ...]
    synonyms: tuple[Synonym, ...]
    guesses: tuple[Fallback, ...]
    question: str | None
    question_similarity: float
    meaning: float
    feedback: float
    highlights: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class SearchFilter:
    """Which passages may be found: of a language, of any of the tags, valid today.

    `expired` passages and those that are not valid yet are left out
    unless asked for. An answer of the history has no tags.
    """

    language: str | None = None
    tags: tuple[str, ...] = ()
    expired: bool = False

    @property
    def narrows(self) -> bool:
        """Whether most passages may be left out."""
        return self.language is not None or bool(self.tags)

    def admits(self, passage: Passage, today: date) -> bool:
        """Whether the passage may be found today."""
        return (
            self.language in (None, passage.language)
            and (not self.tags or not set(self.tags).isdisjoint(passage.labels.tags))
            and (self.expired or passage.labels.are_valid_on(today))
        )


EVERYTHING_VALID = SearchFilter()
"""What a customer may find."""


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """A document's text, and its sections as (heading path, start, end) in reading order."""

    name: str
    title: str
    text: str
    sections: tuple[Section, ...]
    language: str
    labels: Labels = UNLABELLED


@dataclass(frozen=True, slots=True)
class Section:
    """A stretch of a document under one heading path such as `Returns > Deadlines`.

    Its `labels` add to the document's; dates of its own go before those of the document.
    """

    heading: str
    start: int
    end: int
    questions: tuple[str, ...] = ()
    labels: Labels = UNLABELLED


@dataclass(frozen=True, slots=True)
class Problem:
    """A row or a file that could not be used: where (line from 1, if any), and why."""

    source: str
    line: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did; `problems` lists what it could not use."""

    added: int
    unchanged: int
    removed: int
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class SearchMetrics:
    """The numbers of `kefu evaluate search`."""

    n: int
    recall: dict[int, float]
    mrr: float
    ndcg_at_10: float
    p50_ms: float
    p95_ms: float

    def as_dict(self) -> dict[str, Any]:
        """JSON shape: `recall@k`, `ndcg@10`."""
        found = {f"recall@{k}": value for k, value in self.recall.items()}
        return {
            "n": self.n,
            **found,
            "mrr": self.mrr,
            "ndcg@10": self.ndcg_at_10,
            "p50_ms": self.p50_ms,
            "p95_ms": self.p95_ms,
        }
