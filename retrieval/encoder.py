"""Loads an encoder by name or path: the embedded one, or any of sentence-transformers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from retrieval.embedded import EmbeddedEncoder
from retrieval.errors import EncoderError
from retrieval.onnx_encoder import OnnxEncoder, is_onnx
from retrieval.types import Encoder, Vectors

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

EMBEDDED = "embedded"
"""The name that asks for the encoder trained on the shop's own text."""


def load_sentence_transformer(name: str, *, device: str | None = None) -> SentenceTransformer:
    """A sentence-transformers model by name or path, from disk or from the hub if it is reached.

    Without a `device` a GPU is used where there is one. Raises EncoderError with what to do.
    """
    from sentence_transformers import SentenceTransformer

    try:
        return SentenceTransformer(name, device=device)
    except (OSError, ValueError, KeyError) as error:
        first_line = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise EncoderError(
            f"expected a sentence-transformers model named {name!r}, on disk or to be "
            f"downloaded; it could not be loaded ({first_line})"
        ) from error


class PretrainedEncoder:
    """Any sentence-transformers model, by name or path."""

    def __init__(self, name: str, *, device: str | None = None) -> None:
        """Load from disk, or from the hub where a network is allowed."""
        self._model = load_sentence_transformer(name, device=device)
        digest = hashlib.sha256(name.encode())
        for key, weights in sorted(self._model.state_dict().items()):
            digest.update(key.encode())
            digest.update(weights.float().cpu().numpy().tobytes())
        self.fingerprint = f"pretrained-{digest.hexdigest()[:16]}"

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return int(self._model.get_embedding_dimension() or 0)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of shape (len(texts), dimension), each of length 1."""
        vectors: Vectors = np.asarray(
            self._model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False),
            dtype=np.float32,
        )
        return vectors.reshape(len(texts), self.dimension)


def load_encoder(name_or_path: str, *, device: str | None = None) -> Encoder:
    """The encoder of this name or folder; raises EncoderError with what to do."""
    folder = Path(name_or_path)
    if is_embedded(folder):
        return EmbeddedEncoder.load(folder)
    if is_onnx(folder):
        return OnnxEncoder(folder)
    return PretrainedEncoder(name_or_path, device=device)


def is_embedded(folder: Path) -> bool:
    """Whether a folder holds an embedded encoder; reading that imports no training library."""
    try:
        modules = json.loads((folder / "modules.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(modules) and str(modules[0].get("type", "")).startswith("retrieval.")
