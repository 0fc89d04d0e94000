"""What writes a grounded reply."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from retrieval.types import Hit
from storage.types import Citation


@dataclass(frozen=True, slots=True)
class Piece:
    """A checked piece of a reply, at least a sentence, and the sources it is the first to cite.

    The pieces of a reply, joined by nothing, are the reply.
    """

    text: str
    citations: tuple[Citation, ...] = ()


class Generator(Protocol):
    """Writes a reply out of passages, piece by piece."""

    def write(self, question: str, hits: Sequence[Hit], language: str) -> AsyncIterator[Piece]:
        """Pieces that the passages support; none when they support nothing worth saying."""
        ...
