"""The kinds of FAISS index, which size asks for which, and how each is built and asked.

The limits were measured by `benchmarks/dense.py` on two cores; its docstring says how.
"""

from __future__ import annotations

from enum import StrEnum

import faiss
import numpy as np
from numpy.typing import NDArray

from retrieval.dense import Share
from retrieval.types import Vectors


class Kind(StrEnum):
    """What the vectors are kept in: one after the other, or in a graph (Malkov & Yashunin 2018).

    Inverted lists (IVF) are left out. Vectors with 20 and more intrinsic dimensions spread their
    neighbours over many lists: of 200,000 vectors a look into a fifth of the lists found 88 of 100
    neighbours, where the graph found 98.
    """

    FLAT = "flat"
    HNSW = "hnsw"
    HNSW_BYTES = "hnsw-sq8"


HNSW_FROM = 8_000_000
"""Numbers (vectors times dimension) from which walking a graph beats looking at every vector.

Below, all vectors fit a processor's cache: a flat search takes one to three milliseconds, is
exact, and needs no building. It is 21,000 vectors of 384 numbers or 42,000 of 192.
"""
HNSW_BYTES_FROM = 300_000
"""Vectors from which a number takes one byte instead of two: memory gets short before time does."""

_QUANTISERS = {
    # Half precision reads back as what was put in, so a rebuild from it loses nothing more.
    Kind.HNSW: faiss.ScalarQuantizer.QT_fp16,
    Kind.HNSW_BYTES: faiss.ScalarQuantizer.QT_8bit,
}
_LINKS, _CONSTRUCTION, _EXPLORED = 32, 80, 200
"""M, efConstruction, and the least efSearch."""
_TRAINED_ON = 100_000
"""Vectors that the range of each number is learned from."""
_CHUNK = 2_000


def choose_kind(vectors: int, dimension: int, current: Kind = Kind.FLAT) -> Kind:
    """The kind for so many vectors; the current one stays until they halve below its limit."""
    kinds = list(Kind)
    for kind in reversed(kinds):
        stays = kinds.index(current) >= kinds.index(kind)
        if vectors >= limit(kind, dimension) // (2 if stays else 1):
            return kind
    return Kind.FLAT


def limit(kind: Kind, dimension: int) -> int:
    """From how many vectors on a kind is chosen."""
    limits = {
        Kind.FLAT: 0,
        Kind.HNSW: HNSW_FROM // dimension,
        Kind.HNSW_BYTES: max(HNSW_BYTES_FROM, HNSW_FROM // dimension),
    }
    return limits[kind]


def next_kind(kind: Kind) -> Kind | None:
    """What follows this kind."""
    return {Kind.FLAT: Kind.HNSW, Kind.HNSW: Kind.HNSW_BYTES}.get(kind)


def bytes_per_vector(kind: Kind, dimension: int) -> int:
    """What a vector costs in memory, its links in a graph included."""
    if kind is Kind.FLAT:
        return 4 * dimension
    numbers = dimension if kind is Kind.HNSW_BYTES else 2 * dimension
    return numbers + 4 * (2 * _LINKS + 2)


def build(
    kind: Kind, vectors: Vectors, order: NDArray[np.int64], progress: Share | None = None
) -> faiss.Index:
    """A graph over vectors of shape (n, dimension), taken in this order: its rows."""
    inner = faiss.METRIC_INNER_PRODUCT
    graph = faiss.IndexHNSWSQ(vectors.shape[1], _QUANTISERS[kind], _LINKS, inner)
    graph.hnsw.efConstruction = _CONSTRUCTION
    graph.train(vectors[:: len(vectors) // _TRAINED_ON + 1])
    if kind is Kind.HNSW_BYTES:
        _set_ranges(faiss.downcast_index(graph.storage).sq, vectors)
    for start in range(0, len(order), _CHUNK):
        graph.add(vectors[order[start : start + _CHUNK]])
        if progress is not None:
            progress(min(1.0, (start + _CHUNK) / len(order)))
    return graph


def _set_ranges(quantiser: faiss.ScalarQuantizer, vectors: Vectors) -> None:
    """Give each number a range from a ladder of steps of the square root of 2, around 0.

    A rebuild starts from rounded numbers. In the same range they round to themselves; in ranges
    fitted anew each time (what `train` does) they would drift further with every rebuild.
    """
    most = np.maximum(vectors.max(axis=0), -vectors.min(axis=0))
    # The last byte reads back as a little more than the range's end: no reason to widen it.
    most = np.maximum(most / 1.01, np.float32(1e-6))
    ends = np.exp2(np.ceil(2 * np.log2(most)) / 2)
    faiss.copy_array_to_vector(np.concatenate([-ends, 2 * ends]), quantiser.trained)


def search(
    index: faiss.Index, vector: Vectors, k: int, selector: faiss.IDSelector | None
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Scores and rows of the best k vectors that the selector lets through, -1 where none is."""
    params = faiss.SearchParametersHNSW(sel=selector, efSearch=max(k, _EXPLORED))
    scores, rows = index.search(vector.reshape(1, -1), k, params=params)
    return scores[0], rows[0]
