"""Groups questions that ask the same, so that one decision serves many.

Ward's method (Ward 1963) on vectors that were moved towards their nearest neighbours: a question
between two causes is drawn to the one that more of its neighbours belong to.
`benchmarks/clusters.py` compares it with Ward's method on the bare vectors and with HDBSCAN.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from finetune.near_duplicates import loose_key
from retrieval.types import Vectors

ALIKE = 0.95
"""Cosine from which two questions are one question in two spellings."""

COHESION = 0.585
"""The mean cosine of questions in one cluster to stop merging at, where none was fitted."""

PER_CAUSE = 1.6
"""So many clusters per cause are aimed at: one split in two costs a click, two mixed an answer."""

_DECISIONS, _MANY, _LOOSER = 5, 20, 0.87
"""Above `_MANY` clusters and one per `_DECISIONS` questions, a looser cohesion will do: a person
has to get through the queue."""

_NEIGHBOURS = 3
_PULL = 0.7
_BLOCK = 3_000
"""Ward's method needs memory with the square of the rows: above this they are split first."""

Labels = NDArray[np.int64]


def cluster(
    texts: Sequence[str], vectors: Vectors | None = None, *, cohesion: float = COHESION
) -> Labels:
    """A cluster number per text, counted from 0 in the order of the first text of each.

    `vectors` are the texts' unit vectors, shape (texts, dimension). Without any, texts are one
    cluster only if they differ in nothing but spelling and politeness; such texts always are.
    Merging stops while clusters still hold together by `cohesion` on average; what that means
    differs from encoder to encoder, see `fit_cohesion`. The same input gives the same output.
    """
    same = _same_surface(texts)
    if vectors is None or not vectors.any():
        return same
    if len(vectors) != len(texts):
        raise ValueError(f"expected a vector per text, found {len(vectors)} for {len(texts)}")
    groups = _near_duplicates(same, vectors)
    points = _centred(_sums(vectors, groups))
    moved = _smooth(points)
    found = np.zeros(len(points), dtype=np.int64)
    for block in _blocks(moved):
        found[block] = _cut(moved[block], points[block], cohesion) + found.max() + 1
    return _in_order(found[groups])


def fit_cohesion(vectors: Vectors, causes: Sequence[str]) -> float:
    """The cohesion at which questions of known causes fall into `PER_CAUSE` clusters per cause.

    `vectors` are unit vectors, one per question. `COHESION` where there is too little to fit.
    """
    known = len(set(causes))
    wanted = round(known * PER_CAUSE)
    if known < 2 or len(causes) < 2 * wanted:
        return COHESION
    points = _centred(vectors)
    held = _held_together(_tree(_smooth(points)), points)
    return float(held[len(points) - wanted])


def representative(members: Sequence[int], vectors: Vectors | None) -> int:
    """The member nearest to the middle of its cluster; the first one without vectors."""
    if vectors is None or len(members) < 3:
        return members[0]
    chosen = vectors[list(members)]
    return members[int((chosen @ chosen.mean(axis=0)).argmax())]


def _same_surface(texts: Sequence[str]) -> Labels:
    numbers: dict[str, int] = {}
    keys = [loose_key(text) for text in texts]
    return np.array([numbers.setdefault(key, len(numbers)) for key in keys], dtype=np.int64)


def _near_duplicates(same: Labels, vectors: Vectors) -> Labels:
    """Union of the texts that read the same and of those whose vectors are nearly equal."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    _, first = np.unique(same, return_index=True)
    left, right = list(range(len(same))), list(first[same])
    for start in range(0, len(vectors), _BLOCK):
        near = np.argwhere(vectors[start : start + _BLOCK] @ vectors.T >= ALIKE)
        left += (near[:, 0] + start).tolist()
        right += near[:, 1].tolist()
    shape = (len(same), len(same))
    graph = coo_array((np.ones(len(left), dtype=bool), (left, right)), shape=shape)
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def _sums(vectors: Vectors, groups: Labels) -> Vectors:
    sums = np.zeros((int(groups.max()) + 1, vectors.shape[1]), dtype=np.float32)
    np.add.at(sums, groups, vectors)
    return sums


def _smooth(vectors: Vectors) -> Vectors:
    """Each vector plus the weighted mean of its nearest neighbours, back at length 1."""
    count = len(vectors)
    neighbours = min(_NEIGHBOURS, count - 1)
    if neighbours < 1:
        return vectors
    moved = np.empty_like(vectors)
    for start in range(0, count, _BLOCK):
        rows = np.arange(start, min(start + _BLOCK, count))
        alike = vectors[rows] @ vectors.T
        alike[rows - start, rows] = -1.0
        near = np.argpartition(-alike, neighbours - 1, axis=1)[:, :neighbours]
        weight = np.take_along_axis(alike, near, axis=1).clip(0) ** 2
        total = weight.sum(axis=1, keepdims=True).clip(1e-9)
        pulled = (weight[:, :, None] * vectors[near]).sum(axis=1) / total
        moved[rows] = vectors[rows] + _PULL * pulled
    return _unit(moved)


def _blocks(vectors: Vectors) -> list[NDArray[np.int64]]:
    """The rows in parts small enough for Ward's method, each of neighbours."""
    if len(vectors) <= _BLOCK:
        return [np.arange(len(vectors))]
    from sklearn.cluster import BisectingKMeans

    halves = BisectingKMeans(2, random_state=0).fit_predict(vectors)
    parts = [np.flatnonzero(halves == half) for half in (0, 1)]
    if not all(len(part) for part in parts):
        return list(np.array_split(np.arange(len(vectors)), -(-len(vectors) // _BLOCK)))
    return [part[block] for part in parts for block in _blocks(vectors[part])]


def _cut(moved: Vectors, points: Vectors, cohesion: float) -> Labels:
    """Ward's clusters of `moved`: the fewest that hold together, as the points say."""
    from scipy.cluster.hierarchy import cut_tree

    if len(moved) < 2:
        return np.zeros(len(moved), dtype=np.int64)
    tree = _tree(moved)
    held = _held_together(tree, points)
    many = len(moved) - max(_MANY, len(moved) // _DECISIONS)
    merges = max(_merges(held, cohesion), min(_merges(held, cohesion * _LOOSER), many))
    return np.asarray(cut_tree(tree, n_clusters=len(moved) - merges)[:, 0], dtype=np.int64)


def _merges(held: NDArray[np.float64], cohesion: float) -> int:
    return int(np.flatnonzero(held >= cohesion).max())


def _tree(moved: Vectors) -> NDArray[np.float64]:
    from scipy.cluster.hierarchy import linkage

    tree: NDArray[np.float64] = linkage(moved.astype(np.float64), method="ward")
    return tree


def _held_together(tree: NDArray[np.float64], points: Vectors) -> NDArray[np.float64]:
    """After each number of merges: the mean cosine within clusters, over all items in one of two
    or more; infinite before the first merge, shape (items,).
    """
    count = len(points)
    sums = np.concatenate([points, np.zeros_like(points[:-1])]).astype(np.float64)
    sizes = np.ones(len(sums), dtype=np.int64)
    within = np.zeros(len(sums))
    held = np.full(count, np.inf)
    total = 0.0
    joined = 0
    for merge, (left, right) in enumerate(tree[:, :2].astype(np.int64)):
        new = count + merge
        sums[new] = sums[left] + sums[right]
        sizes[new] = sizes[left] + sizes[right]
        # Unit vectors: |sum|^2 is the size plus the cosines of all ordered pairs.
        within[new] = (sums[new] @ sums[new] - sizes[new]) / (sizes[new] - 1)
        total += within[new] - within[left] - within[right]
        joined += int(sizes[left] == 1) + int(sizes[right] == 1)
        held[merge + 1] = total / joined
    return held


def _in_order(labels: Labels) -> Labels:
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse]


def _centred(vectors: Vectors) -> Vectors:
    """What all the texts have in common says nothing about which of them belong together."""
    return _unit(vectors - vectors.mean(axis=0)) if len(vectors) > 2 else _unit(vectors)


def _unit(vectors: Vectors) -> Vectors:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: Vectors = (vectors / np.where(length > 0, length, 1)).astype(np.float32)
    return scaled
