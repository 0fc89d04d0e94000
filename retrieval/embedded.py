"""The embedded sentence encoder: pretrained meaning, turned towards the shop's own text.

A text's vector is that of the multilingual Universal Sentence Encoder times a matrix that the
shop's questions and passages have trained, scaled to length 1. The matrix alone is kept, in a
folder in the sentence-transformers format: `SentenceTransformer(folder)` gives the same vectors.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from retrieval.errors import EncoderError
from retrieval.types import Vectors
from retrieval.universal import universal_encoder

_WEIGHTS = "model.safetensors"
_MODULES = [{"idx": 0, "name": "0", "path": "", "type": "retrieval.embedded_module.EmbeddedModule"}]


class EmbeddedEncoder:
    """The pretrained encoder and the shop's matrix; thread-safe."""

    def __init__(self, matrix: Vectors) -> None:
        """`matrix` has shape (512, dimension)."""
        self._base = universal_encoder()
        if matrix.ndim != 2 or matrix.shape[0] != self._base.dimension:
            raise EncoderError(
                f"expected a matrix with {self._base.dimension} rows, found shape {matrix.shape}"
            )
        self.matrix = np.ascontiguousarray(matrix, dtype=np.float32)
        digest = hashlib.sha256(self._base.fingerprint.encode() + self.matrix.tobytes())
        self.fingerprint = f"embedded-{digest.hexdigest()[:16]}"

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return int(self.matrix.shape[1])

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of shape (len(texts), dimension), of length 1; a blank text gives zeros."""
        return unit(self._base.encode(texts) @ self.matrix)

    def save(self, folder: Path) -> None:
        """Write a folder in the sentence-transformers format."""
        folder.mkdir(parents=True, exist_ok=True)
        save_file({"matrix": self.matrix}, folder / _WEIGHTS)
        config = {"dimension": self.dimension, "fingerprint": self.fingerprint}
        _write_json(folder / "config.json", config)
        _write_json(folder / "modules.json", _MODULES)
        _write_json(
            folder / "config_sentence_transformers.json",
            {"model_type": "SentenceTransformer", "similarity_fn_name": "cosine"},
        )

    @classmethod
    def load(cls, folder: Path) -> EmbeddedEncoder:
        """Read what `save` wrote.

        Raises EncoderError where the folder is not whole, or was made with other pretrained
        weights than are installed: its vectors would not be those of the index.
        """
        try:
            encoder = cls(load_file(folder / _WEIGHTS)["matrix"])
            wanted = json.loads((folder / "config.json").read_text(encoding="utf-8"))["fingerprint"]
        except (OSError, ValueError, KeyError, SafetensorError) as error:
            raise EncoderError(
                f"expected an encoder in {folder.name}, found a damaged folder ({error}); {_MEND}"
            ) from error
        if encoder.fingerprint != wanted:
            raise EncoderError(
                f"expected the pretrained weights that {folder.name} was trained with, found those "
                f"of another version installed; {_MEND}"
            )
        return encoder


_MEND = "run `kefu retrain --encoder embedded` to train it again"


def unit(vectors: Vectors) -> Vectors:
    """The rows scaled to length 1; zeros stay."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: Vectors = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    return scaled


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=2), encoding="utf-8")
