"""The dense index in PostgreSQL: what one server has put there, all of them find."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sqlalchemy.orm import Session

from retrieval.dense import DenseState, Encode, Share, Texts
from retrieval.types import Encoder, Vectors
from storage.database import Database
from storage.vectors import PassageVectors, StoredVector

KIND = "pgvector"
_BYTES_PER_NUMBER = 4


class PgvectorIndex:
    """One encoder's vectors in one role. A text that has its vector already is not encoded again.

    The table must be there (`storage.vectors.pgvector_problem` makes it).
    """

    shared = True

    def __init__(self, database: Database, role: str, encoder: Encoder) -> None:
        """`role` keeps the vectors of passages and of their questions apart."""
        self._database = database
        self._role = role
        self._fingerprint = encoder.fingerprint
        self._dimension = encoder.dimension

    def __len__(self) -> int:
        """Number of vectors, of passages that this server may not have seen yet too."""
        with self._database.session(read_only=True) as session:
            return self._vectors(session).count()

    def _vectors(self, session: Session) -> PassageVectors:
        return PassageVectors(session, self._fingerprint, self._role, self._dimension)

    def update(self, texts: Texts, encode: Encode, revision: int, /) -> None:
        """Give these passages the vectors of just these texts; no transaction waits for a model."""
        digests = {
            number: {_digest(said): said for said in texts[number]} for number in sorted(texts)
        }
        with self._database.session(read_only=True) as session:
            held = self._vectors(session).held(list(digests))
        missing = [
            (number, digest, said)
            for number, known in digests.items()
            for digest, said in sorted(known.items())
            if digest not in held.get(number, ())
        ]
        worn = {
            number: known.keys()
            for number, known in digests.items()
            if held.get(number, set()) - known.keys()
        }
        if not missing and not worn:
            return
        encoded = encode([said for _, _, said in missing])
        new = [
            StoredVector(number, digest, _written(vector))
            for (number, digest, _), vector in zip(missing, encoded, strict=True)
        ]
        with self._database.session() as session:
            vectors = self._vectors(session)
            vectors.put(new, revision)
            vectors.keep_only(worn, revision)

    def delete(self, passage_ids: Sequence[int]) -> None:
        """Nothing is left to do: a vector dies with its passage, for every server at once."""

    def search(self, vector: Vectors, k: int) -> list[tuple[int, float]]:
        """(passage id, cosine) of the best k vectors' passages, best first, each once."""
        with self._database.session(read_only=True) as session:
            found = self._vectors(session).nearest(_written(vector.reshape(-1)), k)
        best: dict[int, float] = {}
        for number, score in sorted(found, key=lambda each: -each[1]):
            best.setdefault(number, score)
        return list(best.items())

    def rebuild(self, progress: Share | None = None) -> bool:
        """Due once, when there are enough vectors; from then on PostgreSQL keeps the index."""
        with self._database.session() as session:
            built = self._vectors(session).build()
        if built and progress is not None:
            progress(1.0)
        return built

    def state(self) -> DenseState:
        """How many vectors there are; their memory is the database server's."""
        count = len(self)
        megabytes = count * self._dimension * _BYTES_PER_NUMBER / 1e6
        return DenseState(KIND, count, megabytes)

    def save(self, folder: Path, name: str) -> None:
        """Nothing to write: the database keeps them."""

    def load(self, folder: Path, name: str) -> None:
        """Nothing to read."""


def _digest(said: str) -> str:
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _written(vector: Vectors) -> str:
    return "[" + ",".join(np.char.mod("%.7g", vector)) + "]"
