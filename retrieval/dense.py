"""FAISS over the passages' vectors; a passage may have several, one per phrasing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import faiss
import numpy as np

from retrieval.types import Vectors


class DenseIndex:
    """Inner-product search that gives each passage the score of its best vector."""

    def __init__(self, dimension: int) -> None:
        """An exact (flat) index, empty."""
        self._index: faiss.Index = faiss.IndexIDMap2(faiss.IndexFlatIP(dimension))

    def __len__(self) -> int:
        """Number of vectors."""
        return int(self._index.ntotal)

    def put(self, passage_ids: Sequence[int], vectors: Vectors) -> None:
        """Add vectors of shape (len(passage_ids), dimension); ids may repeat."""
        if len(passage_ids):
            self._index.add_with_ids(vectors, np.array(passage_ids, dtype=np.int64))

    def delete(self, passage_ids: Sequence[int]) -> None:
        """Remove all vectors of these passages."""
        if len(passage_ids) and len(self):
            selector = faiss.IDSelectorBatch(np.array(sorted(set(passage_ids)), dtype=np.int64))
            self._index.remove_ids(selector)

    def search(self, vector: Vectors, k: int) -> list[tuple[int, float]]:
        """(passage id, cosine) of the best k vectors' passages, best first, each once."""
        if not len(self):
            return []
        scores, ids = self._index.search(vector.reshape(1, -1), min(k, len(self)))
        best: dict[int, float] = {}
        for number, score in zip(ids[0].tolist(), scores[0].tolist(), strict=True):
            if number >= 0:
                best.setdefault(number, score)
        return list(best.items())

    def save(self, path: Path) -> None:
        """Write the index in FAISS's own format."""
        faiss.write_index(self._index, str(path))

    @classmethod
    def load(cls, path: Path, dimension: int) -> DenseIndex:
        """Read what `save` wrote; ValueError if it is of another dimension or not readable."""
        loaded = cls(dimension)
        try:
            index = faiss.read_index(str(path))
        except RuntimeError as error:
            raise ValueError(f"{path.name} is not a FAISS index") from error
        if index.d != dimension:
            raise ValueError(f"expected vectors of {dimension} numbers, found {index.d}")
        loaded._index = index
        return loaded
