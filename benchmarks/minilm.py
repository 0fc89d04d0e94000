"""all-MiniLM-L6-v2 out of its package, for benchmarks that ask for the same vectors repeatedly."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy

import numpy as np

from benchmarks.encoders import minilm
from retrieval.encoder import load_encoder
from retrieval.types import Vectors

_BATCH = 64


class RememberingMiniLm:
    """The encoder, which computes the vector of a text once."""

    def __init__(self) -> None:
        """Load it; `source` is the folder that it is in."""
        self.source = str(minilm())
        self._encoder = load_encoder(self.source)
        self._known: dict[str, Vectors] = {}
        self.fingerprint = self._encoder.fingerprint
        self.dimension = self._encoder.dimension

    def forgetting(self, texts: Sequence[str]) -> RememberingMiniLm:
        """The same encoder, which has to compute the vectors of these texts again."""
        other = copy(self)
        gone = set(texts)
        other._known = {text: each for text, each in self._known.items() if text not in gone}
        return other

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of shape (len(texts), dimension), each of length 1."""
        new = sorted({text for text in texts if text not in self._known}, key=len)
        for start in range(0, len(new), _BATCH):
            some = new[start : start + _BATCH]
            self._known.update(zip(some, self._encoder.encode(some), strict=True))
        rows = [self._known[text] for text in texts]
        return np.stack(rows) if rows else np.zeros((0, self.dimension), dtype=np.float32)
