"""What every index over the passages' vectors can do; a passage may have several vectors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from retrieval.types import Encoder, Vectors

Texts = Mapping[int, Sequence[str]]
"""The texts of each passage, by passage id: one vector for each text."""

Encode = Callable[[Sequence[str]], Vectors]
"""Texts to unit vectors of shape (len(texts), dimension)."""

Share = Callable[[float], None]
"""Told how much of a piece of work is done, from 0 to 1; what it raises ends the work."""


@dataclass(frozen=True, slots=True)
class DenseState:
    """What an index is made of now, and when it will be made of something else.

    `megabytes` is what it holds in memory, or maps from disk; `waiting` counts the vectors that
    joined since the index was last built and are searched one by one.
    """

    kind: str
    vectors: int
    megabytes: float
    waiting: int = 0
    next_kind: str | None = None
    next_at: int | None = None


class DenseIndex(Protocol):
    """Inner-product search that gives each passage the score of its best vector; thread-safe."""

    shared: bool
    """Whether other servers change it too: then what is there is compared with the database."""

    def __len__(self) -> int:
        """Number of vectors that can be found."""
        ...

    def update(self, texts: Texts, encode: Encode, revision: int, /) -> None:
        """Give these passages the vectors of just these texts, as of a knowledge revision.

        Visible to the next search. The old vectors serve until the new ones are there.
        """
        ...

    def delete(self, passage_ids: Sequence[int]) -> None:
        """Remove all vectors of these passages."""
        ...

    def search(self, vector: Vectors, k: int) -> list[tuple[int, float]]:
        """(passage id, cosine) of the best k vectors' passages, best first, each once."""
        ...

    def rebuild(self, progress: Share | None = None) -> bool:
        """Build what has grown or worn out anew, beside the old one, and switch as one.

        May take minutes; searches and changes go on meanwhile. False if nothing was due.
        """
        ...

    def state(self) -> DenseState:
        """What it is made of now."""
        ...

    def save(self, folder: Path, name: str) -> None:
        """Write files that begin with this name; an index kept elsewhere writes none."""
        ...

    def load(self, folder: Path, name: str) -> None:
        """Take over what `save` wrote; ValueError or OSError where it cannot be read."""
        ...


OpenDense = Callable[[str, Encoder], DenseIndex]
"""Makes the index of this name (`dense` or `questions`) for an encoder's vectors."""
