"""How good is the search? The numbers of `kefu evaluate search`."""

from __future__ import annotations

import csv
import io
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from retrieval.errors import DocumentError
from retrieval.overlap import overlaps
from retrieval.readers.decoding import decode
from retrieval.types import Hit, Problem, SearchMetrics

_DEPTHS = (1, 3, 10)
_DEEPEST = 10


class Searcher(Protocol):
    """Anything that finds passages for a question, best first."""

    def search(self, query: str, k: int = 10) -> list[Hit]:
        """The k best passages."""
        ...


@dataclass(frozen=True, slots=True)
class SearchRow:
    """A question with the passage that answers it, or the document that does."""

    question: str
    passage: str | None
    document: str | None
    line: int


def read_search_rows(path: Path) -> tuple[list[SearchRow], list[Problem]]:
    """Rows of a CSV file with the columns question, and passage or document."""
    try:
        text = decode(path.read_bytes(), path.name)
    except OSError as error:
        raise DocumentError(
            f"expected a readable file at {path}, found: {error.strerror}"
        ) from error
    reader = csv.DictReader(io.StringIO(text))
    columns = [(name or "").strip().casefold() for name in reader.fieldnames or []]
    if "question" not in columns or not {"passage", "document"} & set(columns):
        raise DocumentError(
            f"{path.name}: expected the columns question, and passage or document; "
            f"found {', '.join(columns) or 'none'}"
        )
    reader.fieldnames = columns
    rows: list[SearchRow] = []
    problems: list[Problem] = []
    for values in reader:
        question, passage, document = (
            (values.get(name) or "").strip() for name in ("question", "passage", "document")
        )
        if question and (passage or document):
            rows.append(SearchRow(question, passage or None, document or None, reader.line_num))
        else:
            reason = "expected a question, and a passage or a document"
            problems.append(Problem(path.name, reader.line_num, reason))
    if not rows:
        raise DocumentError(f"{path.name}: expected at least one usable question, found none")
    return rows, problems


def evaluate_search(
    searcher: Searcher,
    rows: Sequence[SearchRow],
    *,
    progress: Callable[[float], None] | None = None,
) -> SearchMetrics:
    """Ask every question and see at which rank its passage comes."""
    ranks: list[int | None] = []
    times: list[float] = []
    if rows:
        searcher.search(rows[0].question, _DEEPEST)  # what is loaded late is loaded now
    for number, row in enumerate(rows, start=1):
        began = time.perf_counter()
        hits = searcher.search(row.question, _DEEPEST)
        times.append((time.perf_counter() - began) * 1000)
        ranks.append(rank_of(row, hits))
        if progress is not None:
            progress(number / len(rows))
    return summarise(ranks, times)


def rank_of(row: SearchRow, hits: Sequence[Hit]) -> int | None:
    """The first rank, from 1, at which the row's passage or document stands; None if nowhere."""
    return next((rank for rank, hit in enumerate(hits, start=1) if is_hit(row, hit)), None)


def is_hit(row: SearchRow, hit: Hit) -> bool:
    """Whether a passage overlaps at least half of the expected text, or is of its document."""
    if row.passage is None:
        return hit.passage.document == row.document
    return overlaps(row.passage, hit.passage.text)


def summarise(ranks: Sequence[int | None], times: Sequence[float]) -> SearchMetrics:
    """Recall, mean reciprocal rank and nDCG with one relevant passage per question."""
    n = len(ranks)
    found = [rank for rank in ranks if rank is not None]
    return SearchMetrics(
        n=n,
        recall={k: sum(rank <= k for rank in found) / n if n else 0.0 for k in _DEPTHS},
        mrr=sum(1 / rank for rank in found) / n if n else 0.0,
        ndcg_at_10=sum(1 / math.log2(rank + 1) for rank in found) / n if n else 0.0,
        p50_ms=float(np.percentile(times, 50)) if times else 0.0,
        p95_ms=float(np.percentile(times, 95)) if times else 0.0,
    )
