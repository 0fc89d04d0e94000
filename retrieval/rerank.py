"""A cross-encoder reads question and passage together and puts the best passages in its order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

from retrieval.errors import EncoderError
from retrieval.passage_text import own_text
from retrieval.types import Hit

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

DEPTH = 20
"""How many passages are read: each costs a run of the model."""


class Reranker(Protocol):
    """Anything that says how well texts answer a question."""

    def scores(self, query: str, texts: Sequence[str]) -> Sequence[float]:
        """One number per text, the higher the better."""
        ...


class CrossEncoderReranker:
    """Any cross-encoder of sentence-transformers with one output (Nogueira & Cho 2019)."""

    def __init__(self, name: str) -> None:
        """Load it by name or path; EncoderError with what to do where that fails."""
        self._model = _load(name)

    def scores(self, query: str, texts: Sequence[str]) -> Sequence[float]:
        """One number per text, the higher the better."""
        pairs = [(query, text) for text in texts]
        return [float(each) for each in self._model.predict(pairs, show_progress_bar=False)]


@lru_cache(maxsize=1)
def load_reranker(name: str) -> Reranker:
    """The cross-encoder of this name or path, loaded once whatever bundle is promoted."""
    return CrossEncoderReranker(name)


def rerank(reranker: Reranker | None, query: str, hits: list[Hit]) -> list[Hit]:
    """The first `DEPTH` hits in the order of the reranker if there is one, the others as they were.

    The scores stay at their ranks: how likely the best passage answers is what search found, which
    is calibrated; that the passage there is a better one makes it a cautious figure. What
    the reranker said stands beside it, as `rerank`.
    """
    if reranker is None or not hits:
        return hits
    first = hits[:DEPTH]
    found = reranker.scores(query, [own_text(hit.passage) for hit in first])
    order = sorted(range(len(first)), key=lambda place: (-found[place], place))
    ranked = [
        replace(first[place], score=first[rank].score, rerank=found[place])
        for rank, place in enumerate(order)
    ]
    return [*ranked, *hits[DEPTH:]]


def _load(name: str) -> CrossEncoder:
    from sentence_transformers import CrossEncoder

    try:
        model = CrossEncoder(name)
    except (OSError, ValueError, KeyError) as error:
        first_line = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise EncoderError(
            f"expected a cross-encoder named {name!r} for reranking, on disk or to be downloaded; "
            f"it could not be loaded ({first_line})"
        ) from error
    if model.num_labels != 1:
        raise EncoderError(
            f"expected a cross-encoder with one output for reranking, found {model.num_labels} "
            f"outputs in {name!r}"
        )
    return model
