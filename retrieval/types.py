"""What crosses the borders of the search room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from storage.types import Passage

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


@dataclass(frozen=True, slots=True)
class Hit:
    """A found passage; `score` is P(relevant) from 0 to 1, the rest says where it came from."""

    passage: Passage
    score: float
    dense: float
    keyword: float
    matched: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """A document's text, and its sections as (heading path, start, end) in reading order."""

    name: str
    title: str
    text: str
    sections: tuple[Section, ...]
    language: str


@dataclass(frozen=True, slots=True)
class Section:
    """A stretch of a document under one heading path such as `Returns > Deadlines`."""

    heading: str
    start: int
    end: int
    questions: tuple[str, ...] = ()


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
