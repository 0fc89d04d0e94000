"""The built part of a FAISS index: never changed, only marked where a vector is dead.

An index that is mapped from disk cannot be changed, and a graph has no removal, so both are left
alone: what is new waits beside it (`retrieval/faiss_index.py`), what is gone is passed over.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

from retrieval.dense import Share
from retrieval.dense_kinds import Kind, build, bytes_per_vector, search
from retrieval.types import Vectors

Ids = NDArray[np.int64]


class Base:
    """Vectors in one built index, by row; `ids` names the passage of each row, ascending."""

    def __init__(self, kind: Kind, index: faiss.Index, ids: Ids, alive: NDArray[np.bool_]) -> None:
        self.kind = kind
        self.ids = ids
        self.alive = alive
        self._index = index
        self._selector: tuple[faiss.IDSelector, NDArray[np.uint8]] | None = None
        self._file: Path | None = None
        self._mark()

    @classmethod
    def build(cls, kind: Kind, ids: Ids, vectors: Vectors, progress: Share | None) -> Base:
        """Build over vectors of shape (len(ids), dimension)."""
        order = np.argsort(ids, kind="stable")
        index = build(kind, vectors, order, progress)
        return cls(kind, index, ids[order], np.ones(len(ids), dtype=bool))

    def __len__(self) -> int:
        """Number of vectors that are alive."""
        return self._living

    @property
    def dead(self) -> int:
        """Number of vectors that are passed over."""
        return len(self.ids) - self._living

    @property
    def bytes(self) -> int:
        """What it takes in memory."""
        return len(self.ids) * bytes_per_vector(self.kind, self._index.d)

    def kill(self, passage_ids: Iterable[int]) -> None:
        """Pass over all vectors of these passages from now on."""
        wanted = np.fromiter(passage_ids, np.int64)
        firsts = np.searchsorted(self.ids, wanted, side="left")
        lasts = np.searchsorted(self.ids, wanted, side="right")
        held = firsts < lasts
        if held.any():
            for first, last in zip(firsts[held].tolist(), lasts[held].tolist(), strict=True):
                self.alive[first:last] = False
            self._mark()

    def _mark(self) -> None:
        self._living = int(self.alive.sum())
        if self._living == len(self.ids):
            self._selector = None
            return
        # FAISS reads the bits where they are, so they must live as long as the selector.
        bits = np.packbits(self.alive, bitorder="little")
        self._selector = faiss.IDSelectorBitmap(bits), bits

    def search(self, vector: Vectors, k: int) -> list[tuple[int, float]]:
        """(passage id, cosine) of the best k living vectors, best first; ids may repeat."""
        if not self._living:
            return []
        selector = self._selector[0] if self._selector else None
        scores, rows = search(self._index, vector, min(k, len(self.ids)), selector)
        found = rows >= 0
        # Rounded numbers may come to a little more than the cosine of a vector with itself.
        scores = np.minimum(scores[found], 1.0)
        return list(zip(self.ids[rows[found]].tolist(), scores.tolist(), strict=True))

    def living(self) -> tuple[Ids, Vectors]:
        """The living vectors with their passages' ids, as exact as the kind keeps them."""
        vectors: Vectors = self._index.reconstruct_n(0, len(self.ids))
        return self.ids[self.alive], vectors[self.alive]

    def save(self, path: Path) -> None:
        """Write the built index; one that lies on disk already is linked instead."""
        if self._file is not None:
            try:
                os.link(self._file, path)
            except OSError:
                self._file = None
        if self._file is None:
            faiss.write_index(self._index, str(path))
        self._file = path

    @classmethod
    def load(
        cls, path: Path, kind: Kind, ids: Ids, alive: NDArray[np.bool_], dimension: int
    ) -> Base:
        """Map what `save` wrote into memory; ValueError if it is not what is expected."""
        try:
            index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
        except RuntimeError as error:
            raise ValueError(f"{path.name} is not a FAISS index") from error
        if (index.d, index.ntotal) != (dimension, len(ids)):
            raise ValueError(
                f"expected {len(ids)} vectors of {dimension} numbers, "
                f"found {index.ntotal} of {index.d}"
            )
        made = cls(kind, index, ids, alive)
        made._file = path
        return made
