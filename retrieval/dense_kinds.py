"""The kinds of FAISS index, which size asks for which, and how each is built and asked.

The limits were measured by `benchmarks/dense.py` on two cores; its docstring says how.
"""

from __future__ import annotations

import math
from enum import StrEnum

import faiss
import numpy as np
from numpy.typing import NDArray

from retrieval.dense import Share
from retrieval.types import Vectors


class Kind(StrEnum):
    """What the vectors are kept in."""

    FLAT = "flat"
    HNSW = "hnsw"
    IVF = "ivf-sq8"


HNSW_FROM = 8_000_000
"""Numbers (vectors times dimension) from which walking a graph beats looking at every vector.

Below, all vectors fit a processor's cache: a flat search takes a millisecond or two, is exact, and
needs no building. It is 21,000 vectors of 384 numbers or 42,000 of 192.
"""
IVF_FROM = 300_000
"""Vectors from which lists of 8-bit vectors take over: a fraction of a graph's time to build and of
its memory, for a millisecond or two more per search."""

_LINKS = 32
_CONSTRUCTION = 80
_LEAST_EXPLORED = 128
"""Malkov & Yashunin 2018: M, efConstruction and efSearch."""

_POINTS_PER_LIST = 64
_ROUNDS = 8
_PROBED = 1 / 64
"""The share of the lists that a search looks into: with many lists it is recall 0.95 and more."""
_LEAST_PROBED = 16
_CHUNK = 2_000


def choose_kind(vectors: int, dimension: int, current: Kind = Kind.FLAT) -> Kind:
    """The kind for so many vectors; the current one stays until they halve below its limit."""
    graph = limit(Kind.HNSW, dimension)
    if vectors >= IVF_FROM or (current is Kind.IVF and vectors >= IVF_FROM // 2):
        return Kind.IVF
    if vectors >= graph or (current is not Kind.FLAT and vectors >= graph // 2):
        return Kind.HNSW
    return Kind.FLAT


def limit(kind: Kind, dimension: int) -> int:
    """From how many vectors on a kind is chosen."""
    return {Kind.FLAT: 0, Kind.HNSW: HNSW_FROM // dimension, Kind.IVF: IVF_FROM}[kind]


def next_kind(kind: Kind) -> Kind | None:
    """What follows this kind."""
    return {Kind.FLAT: Kind.HNSW, Kind.HNSW: Kind.IVF}.get(kind)


def bytes_per_vector(kind: Kind, dimension: int) -> int:
    """What a vector costs in memory, its links or its place in a list included."""
    if kind is Kind.HNSW:
        return 2 * dimension + 4 * (2 * _LINKS + 2)
    return dimension + 8 if kind is Kind.IVF else 4 * dimension


def build(kind: Kind, vectors: Vectors, progress: Share | None = None) -> faiss.Index:
    """An index over these vectors of shape (n, dimension); result numbers are their rows."""
    index = _trained(kind, vectors)
    for start in range(0, len(vectors), _CHUNK):
        index.add(vectors[start : start + _CHUNK])
        if progress is not None:
            progress(min(1.0, (start + _CHUNK) / len(vectors)))
    return index


def _trained(kind: Kind, vectors: Vectors) -> faiss.Index:
    dimension, inner = vectors.shape[1], faiss.METRIC_INNER_PRODUCT
    if kind is Kind.FLAT:
        return faiss.IndexFlatIP(dimension)
    if kind is Kind.HNSW:
        # Half precision reads back as what was put in, so a rebuild from it loses nothing more.
        graph = faiss.IndexHNSWSQ(dimension, faiss.ScalarQuantizer.QT_fp16, _LINKS, inner)
        graph.hnsw.efConstruction = _CONSTRUCTION
        graph.train(vectors[:1])
        return graph
    return _lists_of_bytes(vectors)


def _lists_of_bytes(vectors: Vectors) -> faiss.Index:
    """Inverted lists, found through a graph over their centres, of vectors of one byte a number."""
    dimension, inner = vectors.shape[1], faiss.METRIC_INNER_PRODUCT
    centres = faiss.IndexHNSWFlat(dimension, _LINKS, inner)
    eight_bits = faiss.ScalarQuantizer.QT_8bit
    # Without residuals, so that decoding and coding again does not blur vectors ever more.
    index = faiss.IndexIVFScalarQuantizer(
        centres, dimension, _lists(len(vectors)), eight_bits, inner, False
    )
    index.cp.min_points_per_centroid, index.cp.max_points_per_centroid = 1, _POINTS_PER_LIST
    index.cp.niter = _ROUNDS
    # Centres are found by comparing with all of them; only assigning goes through the graph.
    exact = faiss.IndexFlatIP(dimension)
    index.clustering_index = exact
    index.train(vectors)
    index.clustering_index = None
    return index


def _lists(vectors: int) -> int:
    return max(1, min(4 * math.isqrt(vectors), vectors // 2))


def search(
    kind: Kind, index: faiss.Index, vector: Vectors, k: int, selector: faiss.IDSelector | None
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Scores and rows of the best k vectors that the selector lets through, -1 where none is."""
    if kind is Kind.HNSW:
        params = faiss.SearchParametersHNSW(sel=selector, efSearch=max(k, _LEAST_EXPLORED))
    elif kind is Kind.IVF:
        probed = min(index.nlist, max(_LEAST_PROBED, round(index.nlist * _PROBED)))
        params = faiss.SearchParametersIVF(
            sel=selector,
            nprobe=probed,
            quantizer_params=faiss.SearchParametersHNSW(efSearch=max(_LEAST_EXPLORED, probed)),
        )
    else:
        params = faiss.SearchParameters(sel=selector)
    scores, rows = index.search(vector.reshape(1, -1), k, params=params)
    return scores[0], rows[0]
