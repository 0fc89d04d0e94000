"""Which kind of vectors' index pays at which size, and a million vectors.

The vectors are made up. Clustered ones: 2,000 centres in random directions; each vector is a centre
plus noise that lies in 24 directions common to all (so each cluster has 24 intrinsic dimensions,
and the whole has more), of 0.9 times the centre's length, plus a little in every direction; all of
length 1. Independent ones (iid): random directions, where no approximate index can do well, since
every vector is about equally far from every other. Queries are drawn as the vectors are.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

import faiss
import numpy as np
import psutil
from numpy.typing import NDArray

from benchmarks.harness import Report, percentile
from retrieval.dense_kinds import Kind
from retrieval.faiss_index import FaissIndex
from retrieval.types import Vectors

CENTRES, INTRINSIC, SPREAD, EVERYWHERE = 2_000, 24, 0.9, 0.02
SIZES, DIMENSIONS = (10_000, 50_000, 100_000, 200_000), (192, 384)
QUERIES, K = 300, 10
DEPTH = 100
"""How many vectors a hybrid search asks for; recall is counted over the best ten."""
PART = 20_000


def clustered(count: int, dimension: int, seed: int) -> Vectors:
    """Vectors of shape (count, dimension) around centres that no seed moves."""
    fixed, chance = np.random.default_rng(0), np.random.default_rng(seed)
    centres = _unit(fixed.standard_normal((CENTRES, dimension), dtype=np.float32))
    directions = fixed.standard_normal((INTRINSIC, dimension), dtype=np.float32)
    directions /= np.sqrt(dimension * INTRINSIC)
    made = np.empty((count, dimension), dtype=np.float32)
    for start in range(0, count, PART):
        size = min(PART, count - start)
        noise = SPREAD * chance.standard_normal((size, INTRINSIC), dtype=np.float32) @ directions
        noise += EVERYWHERE * chance.standard_normal((size, dimension), dtype=np.float32)
        made[start : start + size] = _unit(centres[chance.integers(CENTRES, size=size)] + noise)
    return made


def independent(count: int, dimension: int, seed: int) -> Vectors:
    """Vectors of shape (count, dimension) in random directions."""
    chance = np.random.default_rng(seed)
    return _unit(chance.standard_normal((count, dimension), dtype=np.float32))


def _unit(vectors: NDArray[np.floating]) -> Vectors:
    unit: Vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return unit


def exact(vectors: Vectors, queries: Vectors) -> list[set[int]]:
    """The rows of the best ten for each query."""
    _, rows = faiss.knn(queries, vectors, K, metric=faiss.METRIC_INNER_PRODUCT)
    return [set(each.tolist()) for each in rows]


def filled(vectors: Vectors, kind: Kind) -> tuple[FaissIndex, float]:
    """An index of one kind over these vectors, and the seconds that building it took."""
    index = FaissIndex(vectors.shape[1], lambda _vectors, _dimension, _current: kind)
    for start in range(0, len(vectors), PART):
        some = vectors[start : start + PART]
        rows = range(start, start + len(some))
        index.update(dict.fromkeys(rows, ("",)), partial(_given, some), 0)
    began = time.perf_counter()
    index.rebuild()
    return index, time.perf_counter() - began


def _given(vectors: Vectors, _texts: Sequence[str]) -> Vectors:
    return vectors


@dataclass(slots=True)
class Asked:
    """What the queries found, and what each took: on the clock, and of a processor."""

    recall: float
    seconds: list[float]
    processor: list[float]

    def add_to(self, report: Report, name: str, at_most: float | None = None) -> None:
        """Note the times; on a machine with other work only the processor's say something."""
        report.add(f"{name}: p50", median(self.seconds) * 1e3, "ms")
        report.add(f"{name}: p95", percentile(self.seconds, 0.95) * 1e3, "ms", at_most=at_most)
        own = percentile(self.processor, 0.95) * 1e3
        report.add(f"{name}: p95 of processor time", own, "ms")


def ask(index: FaissIndex, queries: Vectors, right: list[set[int]]) -> Asked:
    """Recall@10 against exact search, and the times."""
    asked, held = Asked(0.0, [], []), 0
    for query, expected in zip(queries, right, strict=True):
        began, of_processor = time.perf_counter(), time.thread_time()
        found = index.search(query, DEPTH)
        asked.seconds.append(time.perf_counter() - began)
        asked.processor.append(time.thread_time() - of_processor)
        held += len(expected & {row for row, _ in found[:K]})
    asked.recall = held / (K * len(queries))
    return asked


def added_after(index: FaissIndex, vector: Vectors) -> float:
    """Seconds until a new vector is found."""
    began = time.perf_counter()
    index.update({10**9: ("",)}, lambda _: vector, 0)
    assert index.search(vector[0], 1)[0][0] == 10**9
    return time.perf_counter() - began


def add_size(report: Report, count: int, dimension: int) -> None:
    """All kinds at one size."""
    vectors, queries = clustered(count, dimension, 1), clustered(QUERIES, dimension, 2)
    right = exact(vectors, queries)
    for kind in Kind:
        index, seconds = filled(vectors, kind)
        asked = ask(index, queries, right)
        name = f"{count} x {dimension} {kind}"
        report.add(f"{name}: recall@10", asked.recall)
        asked.add_to(report, name)
        report.add(f"{name}: time to build", seconds, "s")
        report.add(f"{name}: memory", index.state().megabytes, "MB")


def add_million(report: Report, count: int, folder: Path, threads: int) -> None:
    """The kind that is chosen for a million, held to what we claim; then iid ones."""
    for name, make in (("clustered", clustered), ("iid", independent)):
        promised = name == "clustered"
        size = count if promised else count // 10
        vectors, queries = make(size, 384, 1), make(QUERIES, 384, 2)
        right = exact(vectors, queries)
        faiss.omp_set_num_threads(threads)
        index, seconds = filled(vectors, Kind.HNSW_BYTES)
        faiss.omp_set_num_threads(1)
        del vectors
        asked = ask(index, queries, right)
        name = f"{size} x 384 {name}, {index.state().kind}"
        report.add(f"{name}: recall@10", asked.recall, at_least=0.95 if promised else None)
        asked.add_to(report, name, at_most=15 if promised else None)
        report.add(f"{name}: time to build", seconds, "s")
        report.add(f"{name}: memory", index.state().megabytes, "MB")
        report.add(f"{name}: added vector found after", added_after(index, queries[:1]), "s")
        if promised:
            add_mapped(report, index, folder, queries, right)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    report.add("most memory of the process, with all vectors in it", peak, "MB")


def add_mapped(
    report: Report, index: FaissIndex, folder: Path, queries: Vectors, right: list[set[int]]
) -> None:
    """The same index mapped from disk."""
    index.save(folder, "dense")
    before = psutil.Process().memory_info()
    began = time.perf_counter()
    again = FaissIndex(queries.shape[1])
    again.load(folder, "dense")
    report.add("mapped from disk: time to load", time.perf_counter() - began, "s")
    asked = ask(again, queries, right)
    after = psutil.Process().memory_info()
    report.add("mapped from disk: recall@10", asked.recall)
    asked.add_to(report, "mapped from disk")
    own = (after.rss - after.shared - before.rss + before.shared) / 1e6
    report.add("mapped from disk: memory of its own", own, "MB")


def main() -> int:
    """Either the sizes at which kinds change, or the million."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--million", type=int, nargs="?", const=1_000_000, help="how many exactly")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--threads", type=int, default=2, help="that build the million (default 2)")
    given = parser.parse_args()
    faiss.omp_set_num_threads(1)
    if given.million:
        report = Report("dense-large", f"{given.million} vectors")
        with tempfile.TemporaryDirectory(prefix="kefu-benchmark-") as folder:
            add_million(report, given.million, Path(folder), given.threads)
        return report.finish()
    report = Report("dense", "kinds of index by size")
    for dimension in DIMENSIONS:
        for count in given.sizes:
            add_size(report, count, dimension)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
