"""The scorer that stands on a sentence encoder: a linear head over its vectors."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from finetune.dense.base import DenseScores, Matrix
from retrieval.encoder import load_encoder
from retrieval.errors import EncoderError
from retrieval.features import SparseRows
from retrieval.types import Encoder

_WEIGHTS = "head.safetensors"
_REFERENCE = "encoder.json"
_OWN = "encoder"
_CLOSEST = 3
"""The mean of so many nearest training questions: one alone may be a stray label."""


@dataclass(frozen=True, slots=True)
class LinearHead:
    """`weights` has shape (classes, dimension), `bias` (classes,).

    `neighbours` are vectors of training questions of length 1, shape (kept, dimension).
    """

    weights: Matrix
    bias: Matrix
    neighbours: Matrix

    def scores(self, vectors: Matrix) -> DenseScores:
        """Scores of vectors of shape (questions, dimension)."""
        classes: Matrix = (vectors @ self.weights.T + self.bias).astype(np.float32)
        return DenseScores(classes, nearness(vectors, self.neighbours))


def nearness(vectors: Matrix, neighbours: Matrix) -> Matrix:
    """The mean cosine with the nearest neighbours, shape (vectors,); zeros where there are none."""
    if not len(neighbours) or not len(vectors):
        return np.zeros(len(vectors), dtype=np.float32)
    cosines = vectors @ neighbours.T
    count = min(_CLOSEST, cosines.shape[1])
    best = np.partition(cosines, -count, axis=1)[:, -count:]
    mean: Matrix = best.mean(axis=1).astype(np.float32)
    return mean


@dataclass(frozen=True, slots=True)
class SentenceScorer:
    """An encoder and the head over its vectors.

    `source` is the name or path that the encoder is loaded by; None where the scorer has a copy of
    its own, which `folder` holds until it is saved.
    """

    encoder: Encoder
    head: LinearHead
    source: str | None = None
    folder: Path | None = None

    def scores(self, questions: Sequence[str], rows: SparseRows) -> DenseScores:
        """Scores from the questions' vectors."""
        del rows
        return self.head.scores(self.encoder.encode(questions))

    def save(self, folder: Path) -> None:
        """Write the head, and the encoder's own copy or where it is found."""
        head = self.head
        tensors = {
            "weights": torch.from_numpy(head.weights).contiguous(),
            "bias": torch.from_numpy(head.bias).contiguous(),
            "neighbours": torch.from_numpy(head.neighbours).half().contiguous(),
        }
        save_file(tensors, folder / _WEIGHTS)
        reference = {"source": self.source, "fingerprint": self.encoder.fingerprint}
        text = json.dumps(reference, ensure_ascii=False, indent=2)
        (folder / _REFERENCE).write_text(text, encoding="utf-8")
        if self.folder is not None:
            copy_tree(self.folder, folder / _OWN)

    @classmethod
    def load(cls, folder: Path) -> SentenceScorer:
        """Read what `save` wrote; EncoderError where the encoder is missing or another one."""
        reference = json.loads((folder / _REFERENCE).read_text(encoding="utf-8"))
        tensors = load_file(folder / _WEIGHTS)
        head = LinearHead(*(tensors[name].float().numpy()
                            for name in ("weights", "bias", "neighbours")))  # fmt: skip
        source = reference["source"]
        if source is None:
            own = folder / _OWN
            return cls(load_encoder(str(own)), head, folder=own)
        encoder = load_encoder(source)
        if encoder.fingerprint != reference["fingerprint"]:
            raise EncoderError(
                f"expected the encoder {reference['fingerprint']} at {source}, found "
                f"{encoder.fingerprint}; put the old one back, or run `kefu retrain --force`"
            )
        return cls(encoder, head, source=source)


def copy_tree(source: Path, target: Path) -> None:
    """Copy a folder's files; links and special files are left out."""
    for path in sorted(source.rglob("*")):
        if path.is_file() and not path.is_symlink():
            place = target / path.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(path.read_bytes())
