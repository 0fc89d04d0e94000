"""The embedded sentence encoder: a weighted sum of n-gram vectors, of length 1.

A small relative of fastText (Joulin et al. 2017) that needs no download and no network. Its folder
is in the sentence-transformers format, so `SentenceTransformer(folder)` gives the same vectors.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional

from retrieval.errors import EncoderError
from retrieval.features import Features, SparseRows
from retrieval.types import Vectors

_WEIGHTS = "model.safetensors"
_BATCH = 256
_MODULES = [{"idx": 0, "name": "0", "path": "", "type": "retrieval.ngram_module.NgramModule"}]


class NgramEncoder:
    """Features and one vector for each of them."""

    def __init__(self, features: Features, table: Tensor) -> None:
        """`table` has shape (len(features), dimension)."""
        if table.shape[0] != len(features):
            raise EncoderError(
                f"expected a vector for each of {len(features)} features, found {table.shape[0]}"
            )
        self.features = features
        self.table = table.float()
        self.fingerprint = _fingerprint(features, self.table)

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return int(self.table.shape[1])

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of shape (len(texts), dimension); a text without a known feature gives zeros."""
        parts = [
            self._encode_batch(texts[start : start + _BATCH])
            for start in range(0, len(texts), _BATCH)
        ]
        if not parts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        return np.concatenate(parts)

    def _encode_batch(self, texts: Sequence[str]) -> Vectors:
        with torch.inference_mode():
            vectors: Vectors = functional.normalize(
                bag(self.table, self.features.rows(texts)), dim=-1
            ).numpy()
            return vectors

    def save(self, folder: Path) -> None:
        """Write a folder in the sentence-transformers format."""
        folder.mkdir(parents=True, exist_ok=True)
        self.features.save(folder)
        save_file({"table": self.table.half().contiguous()}, folder / _WEIGHTS)
        config = {"dimension": self.dimension, "fingerprint": self.fingerprint}
        _write_json(folder / "config.json", config)
        _write_json(folder / "modules.json", _MODULES)
        _write_json(
            folder / "config_sentence_transformers.json",
            {"model_type": "SentenceTransformer", "similarity_fn_name": "cosine"},
        )

    @classmethod
    def load(cls, folder: Path) -> NgramEncoder:
        """Read what `save` wrote; raises EncoderError where the folder is not whole."""
        try:
            features = Features.load(folder)
            table = load_file(folder / _WEIGHTS)["table"]
        except (OSError, ValueError, KeyError, SafetensorError) as error:
            raise EncoderError(
                f"expected an encoder in {folder.name}, found a damaged folder ({error}); "
                "run `kefu retrain --force` to build it again"
            ) from error
        return cls(features, table)


def bag(table: Tensor, rows: SparseRows) -> Tensor:
    """Weighted sum of the table's vectors for each row, shape (len(rows), dimension)."""
    return functional.embedding_bag(
        torch.from_numpy(rows.ids),
        table,
        torch.from_numpy(rows.offsets[:-1]),
        mode="sum",
        per_sample_weights=torch.from_numpy(rows.weights),
    )


def _fingerprint(features: Features, table: Tensor) -> str:
    # Half precision is what a folder keeps, so a model has one fingerprint before and after.
    digest = hashlib.sha256(features.fingerprint.encode())
    digest.update(features.analyser.fingerprint.encode())
    digest.update(table.half().numpy().tobytes())
    return f"ngram-{digest.hexdigest()[:16]}"


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=2), encoding="utf-8")
