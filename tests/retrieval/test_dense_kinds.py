from __future__ import annotations

import numpy as np
import pytest

from retrieval import faiss_index
from retrieval.dense_kinds import HNSW_BYTES_FROM, HNSW_FROM, Kind, build, choose_kind, limit
from retrieval.faiss_index import FaissIndex

GRAPH_192 = HNSW_FROM // 192


@pytest.mark.parametrize(
    ("vectors", "current", "wanted"),
    [
        (0, Kind.FLAT, Kind.FLAT),
        (GRAPH_192 - 1, Kind.FLAT, Kind.FLAT),
        (GRAPH_192, Kind.FLAT, Kind.HNSW),
        (GRAPH_192 - 1, Kind.HNSW, Kind.HNSW),
        (GRAPH_192 // 2 - 1, Kind.HNSW, Kind.FLAT),
        (HNSW_BYTES_FROM, Kind.HNSW, Kind.HNSW_BYTES),
        (HNSW_BYTES_FROM, Kind.FLAT, Kind.HNSW_BYTES),
        (HNSW_BYTES_FROM - 1, Kind.HNSW_BYTES, Kind.HNSW_BYTES),
        (HNSW_BYTES_FROM // 2 - 1, Kind.HNSW_BYTES, Kind.HNSW),
        (3, Kind.HNSW_BYTES, Kind.FLAT),
    ],
)
def test_the_kind_follows_the_size_without_going_to_and_fro(vectors, current, wanted):
    assert choose_kind(vectors, 192, current) is wanted


def test_longer_vectors_ask_for_a_graph_sooner():
    assert limit(Kind.HNSW, 768) < limit(Kind.HNSW, 192)


def random_vectors(count: int, dimension: int = 16) -> np.ndarray:
    made = np.random.default_rng(count).standard_normal((count, dimension)).astype(np.float32)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


def put(index: FaissIndex, first: int, vectors: np.ndarray) -> None:
    index.update({first + n: ("",) for n in range(len(vectors))}, lambda _: vectors, 1)


def test_it_is_built_anew_once_too_many_wait_or_are_dead(monkeypatch):
    monkeypatch.setattr(faiss_index, "_LEAST_WAITING", 200)
    index = FaissIndex(16, lambda *_: Kind.HNSW)
    put(index, 0, random_vectors(1000))
    assert index.rebuild()
    put(index, 1000, random_vectors(100))
    assert not index.rebuild()
    assert index.state().waiting == 100
    index.delete(range(150))
    assert not index.rebuild()
    index.delete(range(300))
    assert index.rebuild()
    assert index.state().waiting == 0
    put(index, 2000, random_vectors(201))
    assert index.rebuild()
    assert len(index) == 800 + 201


def test_it_becomes_flat_again_when_it_shrinks():
    index = FaissIndex(16, lambda vectors, *_: Kind.HNSW if vectors > 50 else Kind.FLAT)
    vectors = random_vectors(100)
    put(index, 0, vectors)
    assert index.rebuild()
    assert index.state().kind == "hnsw"
    index.delete(range(60))
    assert index.rebuild()
    assert index.state().kind == "flat"
    assert index.search(vectors[77:78], 1)[0][0] == 77


def test_vectors_of_zeros_are_no_error():
    index = FaissIndex(16, lambda *_: Kind.HNSW)
    put(index, 0, np.zeros((30, 16), dtype=np.float32))
    put(index, 30, random_vectors(30))
    assert index.rebuild()
    assert index.search(random_vectors(30)[4:5], 1)[0][0] == 34
    assert len(index.search(np.zeros((1, 16), dtype=np.float32), 5)) == 5


def test_a_file_of_another_index_is_refused(tmp_path):
    index = FaissIndex(16, lambda *_: Kind.HNSW)
    put(index, 0, random_vectors(100))
    index.rebuild()
    index.save(tmp_path, "dense")
    with pytest.raises(ValueError, match="expected vectors of 8"):
        FaissIndex(8).load(tmp_path, "dense")
    (tmp_path / "dense.faiss").write_bytes(b"nothing")
    with pytest.raises(ValueError, match="is not a FAISS index"):
        FaissIndex(16).load(tmp_path, "dense")


def test_rebuilding_from_bytes_loses_nothing_more():
    vectors = random_vectors(400)
    once = first = rebuilt(vectors)
    for _ in range(6):
        once = rebuilt(once)
    assert np.abs(once - vectors).max() < 1.5 * np.abs(first - vectors).max()
    np.testing.assert_array_equal(rebuilt(once), once)


def rebuilt(vectors):
    graph = build(Kind.HNSW_BYTES, vectors, np.arange(len(vectors)))
    return graph.reconstruct_n(0, len(vectors))
