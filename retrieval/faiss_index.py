"""The dense index of one process: FAISS, of the kind that the number of vectors asks for.

Vectors join a flat part at once. Past a size most of them lie in a built part, which is replaced
as a whole once too much waits beside it or is dead in it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from retrieval.dense import DenseState, Encode, Share, Texts
from retrieval.dense_kinds import Kind, choose_kind, limit, next_kind
from retrieval.faiss_base import Base, Ids
from retrieval.types import Encoder, Vectors

_LEAST_WAITING = 5_000
_MOST_WAITING = 20_000
_WAITING_SHARE = 0.1
"""So many vectors may wait beside the built part: looking at each of them costs time."""
_DEAD_SHARE = 0.2
"""A graph with more dead vectors than this is walked in vain too often."""


Choose = Callable[[int, int, Kind], Kind]
"""The kind for so many vectors of so many numbers, given the present kind."""


class FaissIndex:
    """A flat part that changes, and a built part that does not; one object for all threads."""

    shared = False

    def __init__(self, dimension: int, choose: Choose = choose_kind) -> None:
        """Empty; `choose` says which kind so many vectors should be kept in."""
        self._dimension = dimension
        self._choose = choose
        self._base: Base | None = None
        self._flat = _Flat(dimension)
        self._touched: set[int] | None = None
        self._lock = threading.RLock()
        self._rebuilding = threading.Lock()

    def __len__(self) -> int:
        """Number of vectors that can be found."""
        with self._lock:
            return len(self._flat) + (len(self._base) if self._base else 0)

    def update(self, texts: Texts, encode: Encode, _revision: int, /) -> None:
        """Give these passages the vectors of just these texts."""
        vectors = encode(list(chain.from_iterable(texts.values())))
        ids = [number for number, said in texts.items() for _ in said]
        with self._lock:
            self.delete(list(texts))
            self._flat.add(ids, vectors)

    def delete(self, passage_ids: Sequence[int]) -> None:
        """Remove all vectors of these passages."""
        with self._lock:
            self._flat.remove(passage_ids)
            if self._base is not None:
                self._base.kill(passage_ids)
            if self._touched is not None:
                self._touched.update(passage_ids)

    def search(self, vector: Vectors, k: int) -> list[tuple[int, float]]:
        """(passage id, cosine) of the best k vectors' passages, best first, each once."""
        with self._lock:
            found = self._flat.search(vector, k)
            if self._base is not None:
                found += self._base.search(vector, k)
                found.sort(key=lambda each: -each[1])
        best: dict[int, float] = {}
        for number, score in found[:k]:
            best.setdefault(number, score)
        return list(best.items())

    def rebuild(self, progress: Share | None = None) -> bool:
        """Build anew what is due; changes made meanwhile are taken over at the switch."""
        with self._rebuilding:
            with self._lock:
                wanted = self._due()
                if wanted is None:
                    return False
                ids, vectors = self._living()
                self._touched = set()
            try:
                base = None if wanted is Kind.FLAT else Base.build(wanted, ids, vectors, progress)
                self._switch(base, ids, vectors)
            finally:
                self._touched = None
            return True

    def _due(self) -> Kind | None:
        """The kind to build, or None while all is well."""
        base = self._base
        current = base.kind if base else Kind.FLAT
        wanted = self._choose(len(self), self._dimension, current) if len(self) else Kind.FLAT
        if wanted is not current:
            return wanted
        if base is None:
            return None
        allowed = min(_MOST_WAITING, max(_LEAST_WAITING, _WAITING_SHARE * len(base.ids)))
        worn = base.dead > _DEAD_SHARE * len(base.ids) or len(self._flat) > allowed
        return wanted if worn else None

    def _living(self) -> tuple[Ids, Vectors]:
        ids, vectors = self._flat.all()
        if self._base is None:
            return ids, vectors
        old_ids, old_vectors = self._base.living()
        return np.concatenate([old_ids, ids]), np.concatenate([old_vectors, vectors])

    def _switch(self, base: Base | None, ids: Ids, vectors: Vectors) -> None:
        with self._lock:
            touched = np.fromiter(self._touched or (), np.int64)
            late_ids, late = self._flat.all()
            since = np.isin(late_ids, touched)
            fresh = _Flat(self._dimension)
            if base is None:
                kept = ~np.isin(ids, touched)
                fresh.add(ids[kept].tolist(), vectors[kept])
            else:
                base.kill(touched.tolist())
            fresh.add(late_ids[since].tolist(), late[since])
            self._base, self._flat = base, fresh

    def state(self) -> DenseState:
        """What it is made of now."""
        with self._lock:
            kind = self._base.kind if self._base else Kind.FLAT
            taken = len(self._flat) * self._dimension * 4 + (self._base.bytes if self._base else 0)
            following = next_kind(kind)
            return DenseState(
                kind=str(kind),
                vectors=len(self),
                megabytes=taken / 1e6,
                waiting=len(self._flat) if self._base else 0,
                next_kind=str(following) if following else None,
                next_at=limit(following, self._dimension) if following else None,
            )

    def save(self, folder: Path, name: str) -> None:
        """Write both parts; the built one as FAISS's own file, so that it can be mapped.

        Searches and changes go on while what was there at the beginning is written.
        """
        with self._lock:
            base = self._base
            flat_ids, flat = self._flat.all()
            alive = base.alive.copy() if base is not None else None
        parts: dict[str, Any] = {"flat_ids": flat_ids, "flat": flat}
        if base is not None:
            base.save(folder / f"{name}.faiss")
            parts |= {"kind": np.array(str(base.kind)), "ids": base.ids, "alive": alive}
        np.savez(folder / f"{name}.npz", **parts)

    def load(self, folder: Path, name: str) -> None:
        """Take over what `save` wrote; ValueError or OSError where it cannot be read."""
        try:
            with np.load(folder / f"{name}.npz") as parts:
                flat_ids, flat = parts["flat_ids"], parts["flat"]
                built = (
                    (Kind(str(parts["kind"])), parts["ids"], parts["alive"])
                    if "kind" in parts
                    else None
                )
        except KeyError as error:
            raise ValueError(f"{name}.npz is not whole") from error
        if flat.shape != (len(flat_ids), self._dimension):
            raise ValueError(f"expected vectors of {self._dimension} numbers in {name}.npz")
        base = None
        if built is not None:
            base = Base.load(folder / f"{name}.faiss", *built, self._dimension)
        fresh = _Flat(self._dimension)
        fresh.add(flat_ids.tolist(), flat)
        with self._lock:
            self._base, self._flat = base, fresh


def local_dense(_name: str, encoder: Encoder) -> FaissIndex:
    """Vectors kept in this process."""
    return FaissIndex(encoder.dimension)


class _Flat:
    """Exact search over vectors that come and go."""

    def __init__(self, dimension: int) -> None:
        self._index = faiss.IndexIDMap2(faiss.IndexFlatIP(dimension))
        self._held: set[int] = set()

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def add(self, ids: Sequence[int], vectors: Vectors) -> None:
        if len(ids):
            self._index.add_with_ids(vectors, np.array(ids, dtype=np.int64))
            self._held.update(ids)

    def remove(self, ids: Sequence[int]) -> None:
        gone = self._held.intersection(ids)
        if gone:
            selector = faiss.IDSelectorBatch(np.fromiter(gone, np.int64))
            self._index.remove_ids(selector)
            self._held -= gone

    def search(self, vector: Vectors, k: int) -> list[tuple[int, float]]:
        if not len(self):
            return []
        scores, ids = self._index.search(vector.reshape(1, -1), min(k, len(self)))
        found = ids[0] >= 0
        return list(zip(ids[0][found].tolist(), scores[0][found].tolist(), strict=True))

    def all(self) -> tuple[Ids, Vectors]:
        ids: Ids = faiss.vector_to_array(self._index.id_map)
        return ids, self._index.index.reconstruct_n(0, len(self))
